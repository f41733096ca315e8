import { z } from 'zod';
import type { Distribution, MeasurementSummary } from './summary.ts';

/** Metrics that an objective, an SLO clause or a citation may name. */
export const METRIC_IDS = [
  'ttftMs',
  'scheduledTtftMs',
  'tbotMs',
  'iclMs',
  'ttltMs',
  'outputTokensPerS',
  'prefillTokensPerS',
  'decodeTokensPerS',
  'totalTokensPerS',
  'requestsPerS',
  'goodputRps',
  'sloAttainmentRatio',
  'errorRatio',
  'costUsdPerMillionTokens',
] as const;
export const MetricId = z.enum(METRIC_IDS);
export type MetricId = z.infer<typeof MetricId>;

type Direction = 'maximise' | 'minimise';

export interface MetricCard {
  readonly id: MetricId;
  readonly label: string;
  readonly unit: string;
  readonly better: Direction;
  /** True when the metric has a distribution over requests, so that a quantile must be named. */
  readonly hasQuantiles: boolean;
}

const card = (
  id: MetricId,
  facts: { label: string; unit: string; better: Direction; hasQuantiles?: boolean },
): MetricCard => ({ id, hasQuantiles: false, ...facts });

/** Card of every metric: label, unit, which direction is better. */
export const METRIC_CARDS: Readonly<Record<MetricId, MetricCard>> = {
  ttftMs: card('ttftMs', { label: 'TTFT', unit: 'ms', better: 'minimise', hasQuantiles: true }),
  scheduledTtftMs: card('scheduledTtftMs', {
    label: 'scheduled TTFT',
    unit: 'ms',
    better: 'minimise',
    hasQuantiles: true,
  }),
  tbotMs: card('tbotMs', { label: 'TBOT', unit: 'ms', better: 'minimise', hasQuantiles: true }),
  iclMs: card('iclMs', { label: 'ICL', unit: 'ms', better: 'minimise', hasQuantiles: true }),
  ttltMs: card('ttltMs', { label: 'TTLT', unit: 'ms', better: 'minimise', hasQuantiles: true }),
  outputTokensPerS: card('outputTokensPerS', {
    label: 'output throughput',
    unit: 'tok/s',
    better: 'maximise',
  }),
  prefillTokensPerS: card('prefillTokensPerS', {
    label: 'prefill throughput',
    unit: 'tok/s',
    better: 'maximise',
  }),
  decodeTokensPerS: card('decodeTokensPerS', {
    label: 'decode throughput',
    unit: 'tok/s',
    better: 'maximise',
  }),
  totalTokensPerS: card('totalTokensPerS', {
    label: 'token throughput',
    unit: 'tok/s',
    better: 'maximise',
  }),
  requestsPerS: card('requestsPerS', {
    label: 'request throughput',
    unit: 'req/s',
    better: 'maximise',
  }),
  goodputRps: card('goodputRps', { label: 'goodput', unit: 'req/s', better: 'maximise' }),
  sloAttainmentRatio: card('sloAttainmentRatio', {
    label: 'SLO attainment',
    unit: 'ratio',
    better: 'maximise',
  }),
  errorRatio: card('errorRatio', { label: 'error rate', unit: 'ratio', better: 'minimise' }),
  costUsdPerMillionTokens: card('costUsdPerMillionTokens', {
    label: 'cost',
    unit: 'USD/M tok',
    better: 'minimise',
  }),
};

export type Quantile = 'mean' | 'p50' | 'p90' | 'p95' | 'p99';

const DISTRIBUTIONS = ['ttftMs', 'scheduledTtftMs', 'tbotMs', 'iclMs', 'ttltMs'] as const;
type DistributionId = (typeof DISTRIBUTIONS)[number];

function isDistributionId(id: MetricId): id is DistributionId {
  return DISTRIBUTIONS.some((known) => known === id);
}

/**
 * USD per million output tokens at a price per hour.
 * Null when: nothing was produced or the price is unknown. Source: own arithmetic, price / (tokens/s × 3600) × 1e6.
 */
export function costUsdPerMillionTokens(
  outputTokensPerS: number | null,
  priceUsdPerHour: number | null,
): number | null {
  if (outputTokensPerS === null || priceUsdPerHour === null || outputTokensPerS <= 0) return null;
  return (priceUsdPerHour / (outputTokensPerS * 3600)) * 1e6;
}

/**
 * Reads one number of a measurement.
 * Null when: it is undefined for this measurement (no completion, no SLO, closed loop, unknown price).
 */
export function readMetric(
  summary: MeasurementSummary,
  metric: { readonly id: MetricId; readonly quantile?: Quantile },
  priceUsdPerHour: number | null = null,
): number | null {
  if (metric.id === 'costUsdPerMillionTokens') {
    return costUsdPerMillionTokens(summary.outputTokensPerS, priceUsdPerHour);
  }
  if (!isDistributionId(metric.id)) return summary[metric.id];
  const distribution: Distribution = summary[metric.id];
  return distribution[metric.quantile ?? 'p50'];
}
