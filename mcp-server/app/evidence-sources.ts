import { AutodebugError } from '../core/errors.ts';
import type { Citation } from '../core/evidence/citation-types.ts';
import { jsonLeaves } from '../core/evidence/json-leaves.ts';
import { type Artefact, type RecordTerms, readArtefact } from '../core/evidence/lookup.ts';
import type { Sources } from '../core/evidence/resolve.ts';
import type { EventData } from '../core/ledger/events.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { costUsdPerMillionTokens } from '../core/metrics/metric.ts';
import type { App } from './app.ts';

type Measurement = EventData<'measurement_recorded'>;
type Source = Artefact | { readonly missing: string };

/** Source ids that citations name. */
export function sourceIds(citations: readonly Citation[]): readonly string[] {
  const ids = citations.flatMap((citation) =>
    citation.kind === 'atom' ? [citation.source] : [citation.top.source, citation.bottom.source],
  );
  return [...new Set(ids)];
}

/** Fetches and reads what citations rest on. A missing or tampered file is an answer, not an error. */
export async function loadSources(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  ids: readonly string[],
): Promise<Sources> {
  const sources = new Map<string, Source>();
  for (const id of ids) {
    sources.set(
      id,
      id.startsWith('m')
        ? await measurementSource(app, state, id)
        : await evidenceSource(app, state, id),
    );
  }
  return sources;
}

const findMeasurement = (state: SessionState, id: string | null): Measurement | undefined =>
  state.trials
    .flatMap((trial) => trial.measurements)
    .find((measurement) => measurement.data.measurementId === id)?.data;

const termsOf = (state: SessionState, run: Measurement | undefined): RecordTerms | null =>
  run === undefined ? null : { loadPoint: run.loadPoint, slo: state.contract.terms.slo };

async function evidenceSource(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  id: string,
): Promise<Source> {
  const stored = state.evidence.get(id);
  if (stored === undefined) return { missing: 'no such evidence in this session' };
  const text = await readStored(app, state.sessionId, stored);
  if (typeof text !== 'string') return text;
  const run = findMeasurement(state, stored.measurementId);
  return readArtefact(stored.kind, text, termsOf(state, run));
}

async function readStored(
  app: Pick<App, 'evidence'>,
  sessionId: string,
  stored: EventData<'evidence_stored'>,
): Promise<string | { readonly missing: string }> {
  try {
    return await app.evidence.get(sessionId, stored);
  } catch (error) {
    const isTampered = error instanceof AutodebugError && error.code === 'E_EVIDENCE_TAMPERED';
    return {
      missing: isTampered
        ? 'the stored file was changed: its hash differs from the ledger'
        : 'the stored file cannot be read',
    };
  }
}

/** A measurement answers with metrics recomputed from its request records, and with what only the ledger knows of it. */
async function measurementSource(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  id: string,
): Promise<Source> {
  const run = findMeasurement(state, id);
  if (run === undefined) return { missing: 'no such measurement in this session' };
  const stored = [...state.evidence.values()].find(
    (one) => one.kind === 'requests' && one.measurementId === id,
  );
  if (stored === undefined) return { missing: 'its request records are not stored' };
  if (stored.truncated) return ledgerOnly(state, run);
  const text = await readStored(app, state.sessionId, stored);
  if (typeof text !== 'string') return text;
  const records = readArtefact('requests', text, termsOf(state, run));
  const facts = ledgerFacts(state, run, Number(records.valuesOf('outputTokensPerS', '')[0]));
  return {
    valuesOf: (name, said) => [...records.valuesOf(name, said), ...facts.valuesOf(name, said)],
  };
}

/** Records that were cut to their size cap cannot be recomputed: the hash-chained ledger speaks for them. */
function ledgerOnly(state: SessionState, run: Measurement): Artefact {
  const facts = ledgerFacts(state, run, run.summary.outputTokensPerS ?? Number.NaN);
  const leaves = jsonLeaves(run.summary);
  return {
    valuesOf: (name, said) => [
      ...leaves.filter((leaf) => leaf.path === name).map((leaf) => leaf.value),
      ...facts.valuesOf(name, said),
    ],
  };
}

function ledgerFacts(state: SessionState, run: Measurement, outputTokensPerS: number): Artefact {
  const price = state.trials
    .flatMap((trial) => trial.deployments)
    .find((one) => one.deploymentId === run.deploymentId)?.ready?.priceUsdPerHour;
  const facts = new Map<string, number | null>([
    ['engineTtftMeanMs', run.engineTtftMeanMs],
    ['rttMs.p50', run.rttMs.p50],
    ['rttMs.jitter', run.rttMs.jitter],
    [
      'costUsdPerMillionTokens',
      Number.isFinite(outputTokensPerS)
        ? costUsdPerMillionTokens(outputTokensPerS, price ?? null)
        : null,
    ],
    ['priceUsdPerHour', price ?? null],
  ]);
  return {
    valuesOf: (name) => {
      const value = facts.get(name) ?? null;
      return value === null ? [] : [value];
    },
  };
}
