import type { MeasurementSummary } from '../../../mcp-server/core/metrics/summary.ts';
import type { ClientView, Observation } from '../../../mcp-server/core/playbook/observation.ts';
import { readLogLoad } from '../../../mcp-server/core/telemetry/log-load.ts';
import { classifyLog } from '../../../mcp-server/core/telemetry/logs.ts';
import { ENGINES } from '../../../mcp-server/engines/index.ts';
import { usableFlags } from '../../../mcp-server/engines/usable-flags.ts';
import { aSummary } from '../../fakes/summary.ts';

export function clientView(
  parts: Partial<Omit<ClientView, 'summary'>> & { summary?: Partial<MeasurementSummary> } = {},
): ClientView {
  const { summary, ...rest } = parts;
  return {
    measurementId: 'm0001-01',
    loadPoint: { kind: 'closed', concurrency: 16, requests: 100 },
    flags: [],
    engineTtftMeanMs: null,
    ...rest,
    summary: aSummary(summary),
  };
}

export interface ObservationParts
  extends Partial<Omit<Observation, 'metrics' | 'log' | 'requested' | 'effective' | 'workload'>> {
  workload?: Partial<NonNullable<Observation['workload']>>;
  /** Counter to rank to value. */
  byRank?: Record<string, Record<string, number>>;
  /** Flags of the launch, e.g. `{ '--enforce-eager': null }`. */
  flags?: Record<string, string | null>;
  effectiveValues?: Record<string, string>;
  /** Canonical readings: means in seconds, counts as they are. */
  readings?: Record<string, number>;
  counters?: Record<string, number>;
  means?: Record<string, number>;
  logText?: string;
}

/** An observation in which only what is named was seen. */
export function observation(parts: ObservationParts = {}): Observation {
  const engine = ENGINES[parts.engine ?? 'sglang'];
  const { flags, effectiveValues, readings, counters, means, byRank, logText, workload, ...rest } =
    parts;
  const hasMetrics =
    readings !== undefined || counters !== undefined || means !== undefined || byRank !== undefined;
  return {
    engine: engine.id,
    words: engine.words,
    version: null,
    requested: new Map(Object.entries(flags ?? {})),
    effective:
      effectiveValues === undefined
        ? null
        : [{ values: new Map(Object.entries(effectiveValues)), evidenceId: 'e000004' }],
    usableFlags: usableFlags(engine, null),
    client: null,
    reference: null,
    metrics: hasMetrics
      ? {
          readings: Object.fromEntries(
            Object.entries(readings ?? {}).map(([key, value]) => [
              key,
              { name: `x:${key}`, kind: 'level' as const, value, observations: null, series: 1 },
            ]),
          ),
          counters: new Map(Object.entries(counters ?? {})),
          means: new Map(Object.entries(means ?? {})),
          byRank: new Map(
            Object.entries(byRank ?? {}).map(([name, ranks]) => [
              name,
              new Map(Object.entries(ranks)),
            ]),
          ),
          evidenceId: 'e000001',
        }
      : null,
    profile: null,
    log:
      logText === undefined
        ? null
        : {
            events: classifyLog(logText, engine),
            load: readLogLoad(logText, null),
            evidenceId: 'e000002',
          },
    floors: null,
    hardware: { gpu: 'H100', gpuCount: 1, cores: null },
    workload:
      workload === undefined
        ? null
        : {
            inputTokens: null,
            outputTokens: null,
            sharedRatio: 0,
            repeatedRatio: null,
            ...workload,
          },
    model: null,
    objective: null,
    minContextTokens: 4096,
    spreads: {},
    crash: null,
    ...rest,
  };
}

/** Decode lines of SGLang, all with the same values. */
export function decodeLines(values: {
  running: number;
  queue: number;
  usage: number;
  graph?: boolean;
  extra?: string;
}): string {
  const graph = values.graph === false ? 'False' : 'True';
  return Array.from(
    { length: 10 },
    (_, i) =>
      `[2026-03-22 15:00:${String(10 + i)}] Decode batch, #running-req: ${values.running}, #token: 4096, token usage: ${values.usage.toFixed(2)}, ${values.extra ?? ''}cuda graph: ${graph}, gen throughput (token/s): 1834.20, #queue-req: ${values.queue}`,
  ).join('\n');
}

/** Statistics lines of vLLM, all with the same values. */
export function statsLines(values: {
  running: number;
  waiting: number;
  usagePercent: number;
}): string {
  return Array.from(
    { length: 6 },
    () =>
      `(APIServer pid=1) INFO 03-22 15:00:10 [loggers.py:248] Engine 000: Avg prompt throughput: 512.3 tokens/s, Avg generation throughput: 1834.2 tokens/s, Running: ${values.running} reqs, Waiting: ${values.waiting} reqs, GPU KV cache usage: ${values.usagePercent.toFixed(1)}%, Prefix cache hit rate: 0.0%`,
  ).join('\n');
}

export const FLOORS = {
  decodeStepMs: 5,
  prefillMs: 20,
  criticalBatch: 295,
  supportsFp8: true,
  weightsAreHalf: true,
} as const;
