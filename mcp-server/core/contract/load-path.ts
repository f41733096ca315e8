import type { BackendId, MeasurementTerms } from './contract.ts';

type LoadPath = MeasurementTerms['loadPath'];

/** Ways in which load reaches a service of each backend, the default first. dstack: through its server's own proxy, or a gateway. */
const PATHS: Readonly<Record<BackendId, readonly [LoadPath, ...LoadPath[]]>> = {
  local: ['direct'],
  simulated: ['direct'],
  dstack: ['server-proxy', 'gateway'],
};

/** How load reaches a service where the contract does not say. */
export function defaultLoadPath(backend: BackendId): LoadPath {
  return PATHS[backend][0];
}

const TTFT_METRICS: ReadonlySet<string> = new Set(['ttftMs', 'scheduledTtftMs', 'iclMs']);

/**
 * Why these terms cannot be measured over their path: a path that the backend does not offer, or a gateway where TTFT or
 * gaps count, since its proxy holds back about 16 KB of every stream (dstack #4269). Empty when: they can.
 */
export function loadPathFaults(terms: MeasurementTerms): readonly string[] {
  const offered = PATHS[terms.backend];
  if (!offered.includes(terms.loadPath)) {
    return [
      `terms.loadPath is "${terms.loadPath}", and the ${terms.backend} backend offers ${offered.join(', ')}`,
    ];
  }
  const timed = [terms.objective.metric, ...terms.slo.map((clause) => clause.metric)].filter(
    (metric) => TTFT_METRICS.has(metric),
  );
  if (terms.loadPath !== 'gateway' || timed.length === 0) return [];
  return [
    `terms.loadPath is "gateway", which buffers streams, and ${[...new Set(timed)].join(', ')} would be judged; use server-proxy`,
  ];
}
