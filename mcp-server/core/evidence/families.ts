import type { SessionState } from '../ledger/state.ts';
import type { Citation } from './citation-types.ts';
import type { ArtefactKind } from './lookup.ts';

/** Kinds of witness. Numbers of the load generator are no telemetry: they stand apart. */
export type Family =
  | 'client'
  | 'engine metric'
  | 'profile or span'
  | 'log'
  | 'attribute'
  | 'plan'
  | 'quality';

const FAMILIES: Readonly<Record<ArtefactKind, Family>> = {
  requests: 'client',
  client: 'client',
  metrics_before: 'engine metric',
  metrics_after: 'engine metric',
  metrics_delta: 'engine metric',
  metrics_samples: 'engine metric',
  graphsignal: 'profile or span',
  engine_log: 'log',
  engine_help: 'attribute',
  server_info: 'attribute',
  quality: 'quality',
  deployment_state: 'plan',
};

/** Names under which settings stand: in a profiler's answer, and in our record of a launch. Source: Graphsignal 0.19, resource and span attributes. */
const ATTRIBUTE = /^(?:(?:sglang|vllm)\.startup|launch)\./;

/** The kinds of witness that citations call, each once, in order. A ratio calls both of its sides. */
export function familiesOf(state: SessionState, citations: readonly Citation[]): readonly Family[] {
  const atoms = citations.flatMap((one) => (one.kind === 'atom' ? [one] : [one.top, one.bottom]));
  const families = atoms.flatMap(({ source, name }): Family[] => {
    if (source.startsWith('m')) return ['client'];
    const kind = state.evidence.get(source)?.kind;
    if (kind === undefined) return [];
    return [ATTRIBUTE.test(name) ? 'attribute' : FAMILIES[kind]];
  });
  return [...new Set(families)];
}
