import { z } from 'zod';
import { latencyKey } from './metric-name.ts';
import type { LatencyName, RunFacts, Workload } from './result-run.ts';

const Summary = z.looseObject({
  mean: z.number(),
  count: z.number().optional(),
  percentiles: z.record(z.string(), z.number()).optional(),
});
const Status = z.looseObject({ successful: Summary });

/** One benchmark of `benchmarks.json`. Source: GuideLLM 0.8.1, layout of version 2. */
export const GuidellmBenchmark = z.looseObject({
  config: z.looseObject({ strategy: z.looseObject({ type_: z.string() }).optional() }).optional(),
  metrics: z.looseObject({
    request_totals: z
      .looseObject({ successful: z.number(), errored: z.number().optional() })
      .optional(),
    requests_per_second: Status,
    output_tokens_per_second: Status,
    tokens_per_second: Status.optional(),
    request_latency: Status,
    time_to_first_token_ms: Status.optional(),
    inter_token_latency_ms: Status.optional(),
    prompt_token_count: Status.optional(),
    output_token_count: Status.optional(),
  }),
});
export const GuidellmResult = z.looseObject({ benchmarks: z.array(GuidellmBenchmark).min(1) });
type Metrics = z.infer<typeof GuidellmBenchmark>['metrics'];

const PERCENTILES = [
  ['median', 'p50'],
  ['p90', 'p90'],
  ['p95', 'p95'],
  ['p99', 'p99'],
] as const;

export function readGuidellm(benchmark: z.infer<typeof GuidellmBenchmark>): RunFacts {
  const { metrics } = benchmark;
  return {
    variants: {},
    metrics: { ...ratesOf(metrics), ...latenciesOf(metrics) },
    samples: {},
    completed:
      metrics.request_totals?.successful ?? metrics.request_latency.successful.count ?? null,
    failed: metrics.request_totals?.errored ?? null,
    workload: { ...strategyOf(benchmark.config?.strategy), ...tokensPerRequest(metrics) },
  };
}

function ratesOf(metrics: Metrics): Record<string, number> {
  const total = metrics.tokens_per_second?.successful.mean;
  return {
    output_throughput: metrics.output_tokens_per_second.successful.mean,
    request_throughput: metrics.requests_per_second.successful.mean,
    ...(total === undefined ? {} : { total_token_throughput: total }),
  };
}

function latenciesOf(metrics: Metrics): Record<string, number> {
  return {
    ...statisticsOf('ttft', metrics.time_to_first_token_ms, 1),
    ...statisticsOf('tpot', metrics.inter_token_latency_ms, 1),
    ...statisticsOf('e2el', metrics.request_latency, 1000), // the one that is in seconds
  };
}

function statisticsOf(
  family: LatencyName,
  status: z.infer<typeof Status> | undefined,
  factor: number,
): Record<string, number> {
  if (status === undefined) return {};
  const { mean, percentiles = {} } = status.successful;
  const found: Record<string, number> = { [latencyKey(family, 'mean')]: mean * factor };
  for (const [statistic, key] of PERCENTILES) {
    const value = percentiles[key];
    if (value !== undefined) found[latencyKey(family, statistic)] = value * factor;
  }
  return found;
}

function strategyOf(strategy: Readonly<Record<string, unknown>> | undefined): Workload {
  const facts: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(strategy ?? {})) {
    const isTold = ['type_', 'streams', 'rate', 'max_concurrency', 'rampup_duration'].includes(key);
    if (isTold && (typeof value === 'number' || typeof value === 'string')) {
      facts[`strategy.${key}`] = value;
    }
  }
  return facts;
}

function tokensPerRequest(metrics: Metrics): Workload {
  const input = metrics.prompt_token_count?.successful.mean;
  const output = metrics.output_token_count?.successful.mean;
  return {
    ...(input === undefined ? {} : { inputTokensPerRequest: input }),
    ...(output === undefined ? {} : { outputTokensPerRequest: output }),
  };
}
