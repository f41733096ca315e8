import { z } from 'zod';
import { isRecord } from '../parse.ts';
import { latencyKey } from './metric-name.ts';
import type { LatencyName, RateName, RunFacts } from './result-run.ts';

const Metric = z.looseObject({ unit: z.string().optional(), avg: z.number().nullable() });

/** `profile_export_aiperf.json`: one key a metric tag. Source: AIPerf 0.13.0, schema 1.5. */
export const AiperfResult = z.looseObject({
  request_latency: Metric,
  request_throughput: Metric,
  output_token_throughput: Metric.optional(),
  request_count: Metric.optional(),
  error_request_count: Metric.nullish(),
  was_cancelled: z.boolean().nullish(),
});
export type AiperfResult = z.infer<typeof AiperfResult>;

const RATES: readonly (readonly [RateName, string])[] = [
  ['output_throughput', 'output_token_throughput'],
  ['request_throughput', 'request_throughput'],
  ['request_goodput', 'goodput'],
];
const LATENCIES: readonly (readonly [LatencyName, string])[] = [
  ['ttft', 'time_to_first_token'],
  ['tpot', 'inter_token_latency'],
  ['icl', 'inter_chunk_latency'],
  ['e2el', 'request_latency'],
];
const STATISTICS = [
  ['mean', 'avg'],
  ['median', 'p50'],
  ['p90', 'p90'],
  ['p95', 'p95'],
  ['p99', 'p99'],
] as const;

/** Factors to ms. The unit of the file is trusted, not the tag. */
const TO_MS: Readonly<Record<string, number>> = {
  ms: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  seconds: 1000,
  us: 1e-3,
  ns: 1e-6,
  nanoseconds: 1e-6,
};

export function readAiperf(result: AiperfResult): RunFacts {
  return {
    variants: {},
    metrics: { ...ratesOf(result), ...latenciesOf(result) },
    samples: {},
    completed: valueOf(result, 'request_count', 'avg'),
    failed: valueOf(result, 'error_request_count', 'avg') ?? 0,
    workload: { ...inputConfig(result['input_config']), ...tokensPerRequest(result) },
  };
}

function valueOf(result: AiperfResult, tag: string, statistic: string): number | null {
  const metric: unknown = result[tag];
  const value = isRecord(metric) ? metric[statistic] : null;
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function ratesOf(result: AiperfResult): Record<string, number> {
  const found = RATES.map(([name, tag]) => [name, valueOf(result, tag, 'avg')] as const);
  return defined(found);
}

function latenciesOf(result: AiperfResult): Record<string, number> {
  const found = LATENCIES.flatMap(([family, tag]) => {
    const metric: unknown = result[tag];
    const unit = isRecord(metric) ? metric['unit'] : null;
    const factor = typeof unit === 'string' ? TO_MS[unit.toLowerCase()] : undefined;
    return STATISTICS.map(([statistic, key]) => {
      const value = valueOf(result, tag, key);
      return [
        latencyKey(family, statistic),
        value === null || factor === undefined ? null : value * factor,
      ] as const;
    });
  });
  return defined(found);
}

const defined = (pairs: readonly (readonly [string, number | null])[]): Record<string, number> =>
  Object.fromEntries(
    pairs.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])),
  );

function tokensPerRequest(result: AiperfResult): Record<string, number> {
  return defined([
    ['inputTokensPerRequest', valueOf(result, 'input_sequence_length', 'avg')],
    ['outputTokensPerRequest', valueOf(result, 'output_sequence_length', 'avg')],
  ]);
}

const CONFIG_PATHS = [
  'endpoint.model_names',
  'endpoint.type',
  'endpoint.streaming',
  'loadgen.concurrency',
  'loadgen.request_rate',
  'loadgen.request_rate_mode',
  'loadgen.arrival_pattern',
  'loadgen.request_count',
  'loadgen.benchmark_duration',
  'input.file',
  'input.public_dataset',
  'input.custom_dataset_type',
] as const;

/** What was asked for, as far as the file's own configuration names it. */
function inputConfig(config: unknown): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  for (const path of CONFIG_PATHS) {
    let value: unknown = config;
    for (const part of path.split('.')) value = isRecord(value) ? value[part] : undefined;
    if (value === undefined || value === null) continue;
    facts[path] = typeof value === 'number' ? value : JSON.stringify(value).slice(0, 120);
  }
  return facts;
}
