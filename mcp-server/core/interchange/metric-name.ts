import { InvalidInputError } from '../errors.ts';
import type { MetricId, Quantile } from '../metrics/metric.ts';
import { LATENCY_NAMES, type LatencyName, RATE_NAMES, type RateName } from './result-run.ts';

/** One number of a run: which, and which statistic of it. */
export interface ComparedMetric {
  /** Canonical, e.g. `output_throughput`, `median_ttft_ms`, `p99_tpot_ms`. */
  readonly name: string;
  readonly family: RateName | LatencyName;
  /** 0..1 of a quantile. Null when: a mean, or a metric with one value. */
  readonly quantile: number | null;
  readonly better: 'maximise' | 'minimise';
  /** The metric of ours whose noise between deployments is believed of it. */
  readonly own: { readonly id: MetricId; readonly quantile: Quantile };
}

const RATE_ALIASES: Readonly<Record<string, RateName>> = {
  outputTokensPerS: 'output_throughput',
  output_token_throughput: 'output_throughput',
  totalTokensPerS: 'total_token_throughput',
  total_throughput: 'total_token_throughput',
  prefillTokensPerS: 'input_throughput',
  requestsPerS: 'request_throughput',
  goodputRps: 'request_goodput',
  goodput: 'request_goodput',
};

const LATENCY_ALIASES: Readonly<Record<string, LatencyName>> = {
  ttftMs: 'ttft',
  tbotMs: 'tpot',
  ttltMs: 'e2el',
  iclMs: 'icl',
  tbot: 'tpot',
  ttlt: 'e2el',
  e2e: 'e2el',
  e2e_latency: 'e2el',
};

const OWN_IDS: Readonly<Record<RateName | LatencyName, MetricId>> = {
  output_throughput: 'outputTokensPerS',
  total_token_throughput: 'totalTokensPerS',
  input_throughput: 'prefillTokensPerS',
  request_throughput: 'requestsPerS',
  request_goodput: 'goodputRps',
  ttft: 'ttftMs',
  tpot: 'tbotMs',
  itl: 'iclMs',
  icl: 'iclMs',
  e2el: 'ttltMs',
};

const STATISTIC = /^(mean|avg|median|p\d{1,2}(?:\.\d+)?)$/;

/**
 * Reads a metric's name: vLLM's (`p99_ttft_ms`), SGLang's (`mean_e2e_latency_ms`) or ours (`ttftMs.p95`).
 * Throws: InvalidInputError `E_UNKNOWN_METRIC`.
 */
export function parseMetricName(text: string): ComparedMetric {
  const rate = RATE_NAMES.find((name) => name === text) ?? RATE_ALIASES[text];
  if (rate !== undefined) {
    const own = { id: OWN_IDS[rate], quantile: 'mean' } as const;
    return { name: rate, family: rate, quantile: null, better: 'maximise', own };
  }
  const parts = /^([a-z]+[\d.]*)_(.+)_ms$/.exec(text) ?? swapped(/^([a-zA-Z]+)\.(.+)$/.exec(text));
  const [, statistic = '', word = ''] = parts ?? [];
  const family = LATENCY_NAMES.find((name) => name === word) ?? LATENCY_ALIASES[word];
  if (family === undefined || !STATISTIC.test(statistic)) throw unknownMetric(text);
  return latencyMetric(family, statistic);
}

const swapped = (parts: readonly string[] | null): readonly string[] | null =>
  parts === null ? null : [parts[0] ?? '', parts[2] ?? '', parts[1] ?? ''];

function latencyMetric(family: LatencyName, said: string): ComparedMetric {
  const statistic = said === 'p50' ? 'median' : said === 'avg' ? 'mean' : said;
  const quantile = quantileOf(statistic);
  const nearest = quantile === null ? 'mean' : quantile <= 0.5 ? 'p50' : 'p99';
  return {
    name: latencyKey(family, statistic),
    family,
    quantile,
    better: 'minimise',
    own: { id: OWN_IDS[family], quantile: nearest },
  };
}

function quantileOf(statistic: string): number | null {
  if (statistic === 'mean') return null;
  return statistic === 'median' ? 0.5 : Number(statistic.slice(1)) / 100;
}

/** Canonical name of a statistic of a latency. */
export const latencyKey = (family: LatencyName, statistic: string): string =>
  `${statistic}_${family}_ms`;

function unknownMetric(text: string): InvalidInputError {
  return new InvalidInputError(`There is no metric "${text.slice(0, 60)}".`, {
    code: 'E_UNKNOWN_METRIC',
    fix: `Name one of ${RATE_NAMES.join(', ')}, or mean|median|p90|p95|p99 of ${LATENCY_NAMES.join('|')}, e.g. p95_ttft_ms.`,
  });
}
