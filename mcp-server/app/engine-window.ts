import type { EventData } from '../core/ledger/events.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import {
  type DeltaSample,
  type EngineReading,
  parsePrometheus,
  readEngineMetric,
  windowDelta,
} from '../core/telemetry/prometheus.ts';
import { ENGINE_METRIC_KEYS } from '../engines/engine.ts';
import { engineById } from '../engines/index.ts';
import type { App } from './app.ts';

/** What the engine's own metrics say about one measurement's window. */
export interface EngineWindow {
  readonly delta: readonly DeltaSample[];
  /** Canonical key to its reading; a key that the engine does not tell is left out. */
  readonly readings: Readonly<Record<string, EngineReading>>;
  /** Evidence that the numbers stand in: the window's delta where stored, else the scrape after it. */
  readonly evidenceId: string;
  /** The engine restarted inside the window. */
  readonly restarted: boolean;
}

type Stored = EventData<'evidence_stored'>;

/** Evidence of a kind that belongs to a measurement, the latest. */
export function evidenceOf(
  state: SessionState,
  measurementId: string,
  kind: Stored['kind'],
): Stored | null {
  return (
    [...state.evidence.values()].findLast(
      (one) => one.kind === kind && one.measurementId === measurementId,
    ) ?? null
  );
}

/** Window deltas of the stored scrapes. Null when: the engine was not scraped around this measurement. */
export async function readEngineWindow(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  run: { readonly measurementId: string; readonly trialId: string },
): Promise<EngineWindow | null> {
  const after = evidenceOf(state, run.measurementId, 'metrics_after');
  if (after === null) return null;
  const before = evidenceOf(state, run.measurementId, 'metrics_before');
  const delta = windowDelta(
    before === null ? [] : parsePrometheus(await app.evidence.get(state.sessionId, before)),
    parsePrometheus(await app.evidence.get(state.sessionId, after)),
  );
  const engine = engineById(findTrial(state, run.trialId).planned.engine);
  const readings: Record<string, EngineReading> = {};
  for (const key of ENGINE_METRIC_KEYS) {
    const reading = readEngineMetric(delta, engine, key);
    if (reading !== null) readings[key] = reading;
  }
  const stored = evidenceOf(state, run.measurementId, 'metrics_delta') ?? after;
  return {
    delta,
    readings,
    evidenceId: stored.evidenceId,
    restarted: delta.some((sample) => sample.reset),
  };
}
