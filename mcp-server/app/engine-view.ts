import type { EngineId } from '../core/ledger/vocabulary.ts';
import {
  type DeltaSample,
  type EngineReading,
  parsePrometheus,
  readEngineMetric,
  windowDelta,
} from '../core/telemetry/prometheus.ts';
import { engineById } from '../engines/index.ts';
import type { TelemetryAnswer } from '../ports/telemetry.ts';

/** What `/metrics` said right before and right after the measured requests. */
export interface Scrapes {
  before: TelemetryAnswer | null;
  after: TelemetryAnswer | null;
}

/** The measured window as the engine itself counted it. */
export interface EngineView {
  readonly delta: readonly DeltaSample[] | null;
  readonly engineTtftMeanMs: number | null;
  /** Cache hits over prompt tokens. */
  readonly engineHitRatio: number | null;
  readonly notes: readonly string[];
}

/** Reads the window between two scrapes. Everything is null where one of them has no data; the notes say why. */
export function readEngineView({ before, after }: Scrapes, engineId: EngineId): EngineView {
  if (before?.kind !== 'data' || after?.kind !== 'data') return noView([before, after]);
  const delta = windowDelta(parsePrometheus(before.raw), parsePrometheus(after.raw));
  const engine = engineById(engineId);
  const ttftS = readEngineMetric(delta, engine, 'ttftSeconds');
  return {
    delta,
    engineTtftMeanMs: ttftS?.kind === 'mean' ? ttftS.value * 1000 : null,
    engineHitRatio: hitRatio(
      readEngineMetric(delta, engine, 'cachedTokens'),
      readEngineMetric(delta, engine, 'promptTokens'),
    ),
    notes: delta.some((sample) => sample.reset)
      ? ['The engine restarted inside the window; its counters cover the part after that.']
      : [],
  };
}

function hitRatio(cached: EngineReading | null, prompt: EngineReading | null): number | null {
  if (cached === null || prompt === null || prompt.value <= 0) return null;
  return cached.value / prompt.value;
}

function noView(answers: readonly (TelemetryAnswer | null)[]): EngineView {
  const missing = answers.find((answer) => answer?.kind === 'none');
  const reason = missing?.kind === 'none' ? missing.reason : 'it was not scraped';
  return {
    delta: null,
    engineTtftMeanMs: null,
    engineHitRatio: null,
    notes: [`No engine metrics for this window: ${reason}`],
  };
}
