import type { JudgedRun, JudgedSide, JudgeInput } from '../../../mcp-server/core/judge/sides.ts';
import type { EventData } from '../../../mcp-server/core/ledger/events.ts';
import type { Distribution, MeasurementSummary } from '../../../mcp-server/core/metrics/summary.ts';
import { spreadsOf } from '../../../mcp-server/core/stats/spread.ts';
import { aSummary, distribution } from '../../fakes/summary.ts';

type Measurement = EventData<'measurement_recorded'>;

/** Requests of every run. */
const N = 64;
const over = (value: number | null): Distribution =>
  distribution(value, { n: value === null ? 0 : N });

export interface RunFacts {
  readonly tokensPerS?: number | null;
  readonly ttftMs?: number | null;
  readonly tbotMs?: number | null;
  readonly failed?: number;
  readonly summary?: Partial<MeasurementSummary>;
  readonly measurement?: Partial<Measurement>;
  readonly priceUsdPerHour?: number | null;
}

function summaryOf(facts: RunFacts = {}): MeasurementSummary {
  const failed = facts.failed ?? 0;
  const ttft = facts.ttftMs === undefined ? 100 : facts.ttftMs;
  const tbot = facts.tbotMs === undefined ? 10 : facts.tbotMs;
  return aSummary({
    ttftMs: over(ttft),
    tbotMs: over(tbot),
    iclMs: over(tbot),
    ttltMs: over(ttft === null || tbot === null ? null : ttft + 127 * tbot),
    outputTokensPerS: facts.tokensPerS === undefined ? 1000 : facts.tokensPerS,
    prefillTokensPerS: 4000,
    decodeTokensPerS: 990,
    totalTokensPerS: 5000,
    requestsPerS: 8,
    goodputRps: 8,
    sloAttainmentRatio: 1,
    errorRatio: failed / N,
    attempted: N,
    completed: N - failed,
    failed,
    failures: failed === 0 ? {} : { timed_out: failed },
    concurrencyMean: 15.5,
    durationMs: 8000,
    steadyWindowMs: 7000,
    inputTokens: 32_768,
    outputTokens: 8192,
    ...facts.summary,
  });
}

export function runOf(trial: number, ordinal: number, facts: RunFacts = {}): JudgedRun {
  const id = String(trial).padStart(4, '0');
  return {
    priceUsdPerHour: facts.priceUsdPerHour ?? 2.4,
    measurement: {
      measurementId: `m${id}-${String(ordinal).padStart(2, '0')}`,
      trialId: `t${id}`,
      deploymentId: `d${id}-1`,
      purpose: trial === 0 ? 'calibrate' : 'trial',
      workloadId: 'chat',
      workloadHash: 'hash',
      loadPoint: { kind: 'closed', concurrency: 16, requests: 64 },
      loadPointIndex: 0,
      repeat: ordinal,
      seed: 1,
      windowStartMs: 0,
      windowEndMs: 8000,
      summary: summaryOf(facts),
      rttMs: { p50: 0.2, jitter: 0.1 },
      ttftSource: 'client',
      engineTtftMeanMs: null,
      flags: [],
      notes: [],
      evidence: [],
      ...facts.measurement,
    },
  };
}

export const sideOf = (trial: number, facts: readonly RunFacts[]): JudgedSide => ({
  trialId: `t${String(trial).padStart(4, '0')}`,
  runs: facts.map((one, index) => runOf(trial, index + 1, one)),
});

/** Throughputs of runs as facts. */
export const rates = (...values: readonly number[]): readonly RunFacts[] =>
  values.map((tokensPerS) => ({ tokensPerS }));

/** A judgement of output throughput against a baseline of 990, 1000, 1010 tok/s: sd 1 %, so noise floor 2 %. */
export function inputOf(trial: JudgedSide, change: Partial<JudgeInput> = {}): JudgeInput {
  const reference = change.reference ?? sideOf(0, rates(990, 1000, 1010));
  return {
    ruler: {
      objective: {
        metric: 'outputTokensPerS',
        quantile: 'p50',
        direction: 'maximise',
        minEffectRatio: 0.02,
      },
      slo: [{ metric: 'ttftMs', quantile: 'p95', max: 200 }],
      loadPointCount: 1,
      spreads: spreadsOf(
        reference.runs.map((run) => run.measurement),
        2.4,
      ),
      calibratedOn: 't0000',
    },
    trial,
    crash: null,
    quality: { required: false, result: null },
    floors: [],
    retests: 0,
    unfit: null,
    ...change,
    reference,
  };
}
