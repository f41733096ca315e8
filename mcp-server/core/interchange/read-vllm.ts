import { z } from 'zod';
import { parseMetricName } from './metric-name.ts';
import { type Dialect, RATE_NAMES, type RunFacts, type Workload } from './result-run.ts';

const count = z.number().int().min(0);
const rate = z.number().min(0).nullable().optional();

/** What both bench scripts write. Source: both scripts as of late 2026. */
export const BenchResult = z.looseObject({
  duration: z.number().min(0),
  completed: count,
  failed: count.optional(),
  num_prompts: count.optional(),
  total_input_tokens: z.number().min(0),
  total_output_tokens: z.number().min(0),
  request_throughput: z.number().min(0),
  output_throughput: z.number().min(0),
  total_token_throughput: rate,
  total_throughput: rate,
  input_throughput: rate,
  request_goodput: rate,
  ttfts: z.array(z.number()).optional(),
  errors: z.array(z.string()).optional(),
  definition: z.string().optional(),
});
export type BenchResult = z.infer<typeof BenchResult>;

/** Numbers by canonical name: rates, and every `<statistic>_<latency>_ms`. */
export function benchMetrics(result: BenchResult): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const [key, value] of Object.entries(result)) {
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    const name = canonicalName(key);
    if (name !== null) metrics[name] = value;
  }
  return metrics;
}

function canonicalName(key: string): string | null {
  if (RATE_NAMES.some((name) => name === key)) return key;
  if (key === 'total_throughput') return 'total_token_throughput';
  const match = /^(mean|median|p[\d.]+)_(ttft|tpot|itl|icl|e2el|e2e_latency)_ms$/.exec(key);
  return match === null ? null : parseMetricName(key).name;
}

/** Tokens of a mean request, where any completed. */
export function tokensPerRequest(result: BenchResult): Workload {
  if (result.completed === 0) return {};
  return {
    inputTokensPerRequest: result.total_input_tokens / result.completed,
    outputTokensPerRequest: result.total_output_tokens / result.completed,
  };
}

/** Times of the requests that did not fail. Units: ms, from the seconds of the file. */
export function ttftSamples(result: BenchResult): RunFacts['samples'] {
  const { ttfts, errors } = result;
  if (ttfts === undefined) return {};
  return {
    ttft: ttfts
      .filter((seconds, index) => seconds > 0 && (errors?.[index] ?? '') === '')
      .map((seconds) => seconds * 1000),
  };
}

/** Facts of a workload that the file names: absent ones are left out, `null` is said as `none`. */
export function workloadOf(result: BenchResult, keys: readonly string[]): Workload {
  const facts: Record<string, string | number> = {};
  for (const key of keys) {
    const value: unknown = result[key];
    if (value === null) facts[key] = 'none';
    if (typeof value === 'number' || typeof value === 'string') facts[key] = value;
  }
  return facts;
}

const WORKLOAD_KEYS = [
  'model_id',
  'num_prompts',
  'request_rate',
  'burstiness',
  'max_concurrency',
] as const;

/** One result of `vllm bench serve --save-result`, or ours in its shape. */
export function readVllm(result: BenchResult): RunFacts & { readonly dialect: Dialect } {
  const attempted = result.num_prompts ?? null;
  const failed = result.failed ?? (attempted === null ? null : attempted - result.completed);
  const isOurs = result.definition === 'autodebug';
  return {
    dialect: isOurs ? 'autodebug' : 'vllm',
    variants: isOurs ? {} : routeVariants(result),
    metrics: isOurs ? withIcl(benchMetrics(result)) : benchMetrics(result),
    samples: ttftSamples(result),
    completed: result.completed,
    failed,
    workload: { ...workloadOf(result, WORKLOAD_KEYS), ...tokensPerRequest(result) },
  };
}

/** Our files hold the gaps between content events under vLLM's name; they are not token latencies. */
function withIcl(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, value]) => [name.replace('_itl_', '_icl_'), value]),
  );
}

/** On the chat route the role chunk is the first one. */
function routeVariants(result: BenchResult): RunFacts['variants'] {
  const route: unknown = result['endpoint_type'] ?? result['backend'];
  if (typeof route !== 'string') return {};
  const variant = route.includes('chat') ? 'chat route' : 'completions route';
  return { ttft: variant, tpot: variant, itl: variant };
}
