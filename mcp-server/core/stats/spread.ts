import type { EventData } from '../ledger/events.ts';
import type { Spread } from '../ledger/vocabulary.ts';
import {
  METRIC_CARDS,
  METRIC_IDS,
  type MetricId,
  type Quantile,
  readMetric,
} from '../metrics/metric.ts';
import { meanOf, sampleSd } from './mean-sd.ts';

const QUANTILES: readonly Quantile[] = ['mean', 'p50', 'p90', 'p95', 'p99'];

/** Metric name as ledgers, deltas and citations write it: `ttftMs.p95`, but plain `outputTokensPerS`. */
export function metricName(id: MetricId, quantile: Quantile): string {
  return METRIC_CARDS[id].hasQuantiles ? `${id}.${quantile}` : id;
}

/** Key of a spread: `ttftMs.p95@0`, and `outputTokensPerS@0` where a metric has no quantiles. */
export function spreadKey(id: MetricId, quantile: Quantile, loadPointIndex: number): string {
  return `${metricName(id, quantile)}@${loadPointIndex}`;
}

/** Spread of values. Null when: there are fewer than two, so that no sample sd exists. */
export function spreadOf(values: readonly number[]): Spread | null {
  const mean = meanOf(values);
  const sd = sampleSd(values);
  return mean === null || sd === null ? null : { mean, sd, n: values.length };
}

/**
 * Spread of every metric over A/A runs, by `spreadKey`. A metric that any run leaves undefined is left out.
 * Give usable runs of one configuration only.
 */
export function spreadsOf(
  runs: readonly EventData<'measurement_recorded'>[],
  priceUsdPerHour: number | null,
): Record<string, Spread> {
  const indices = [...new Set(runs.map((run) => run.loadPointIndex))];
  const spreads: Record<string, Spread> = {};
  for (const index of indices) {
    if (index === null) continue;
    const here = runs.filter((run) => run.loadPointIndex === index);
    for (const { id, quantile } of namedMetrics()) {
      const values = here.map((run) => readMetric(run.summary, { id, quantile }, priceUsdPerHour));
      const spread = spreadOf(values.filter((value) => value !== null));
      if (spread !== null && spread.n === here.length)
        spreads[spreadKey(id, quantile, index)] = spread;
    }
  }
  return spreads;
}

/** Every metric with every quantile that it has. */
export function namedMetrics(): readonly { readonly id: MetricId; readonly quantile: Quantile }[] {
  return METRIC_IDS.flatMap((id) =>
    METRIC_CARDS[id].hasQuantiles
      ? QUANTILES.map((quantile) => ({ id, quantile }))
      : [{ id, quantile: 'mean' as const }],
  );
}

/**
 * The spread of a metric at a load point; cost falls back to output throughput, whose relative spread is the same at a
 * constant price. Tolerates keys that name a quantile for a metric without one. Null when: it was not calibrated.
 */
export function findSpread(
  spreads: Readonly<Record<string, Spread>>,
  metric: { readonly id: MetricId; readonly quantile: Quantile },
  loadPointIndex: number,
): Spread | null {
  const keys = [
    spreadKey(metric.id, metric.quantile, loadPointIndex),
    `${metric.id}.${metric.quantile}@${loadPointIndex}`,
    `${metric.id}.mean@${loadPointIndex}`,
    `${metric.id}.p50@${loadPointIndex}`,
  ];
  const found = (METRIC_CARDS[metric.id].hasQuantiles ? keys.slice(0, 2) : keys)
    .map((key) => spreads[key])
    .find((spread) => spread !== undefined);
  if (found !== undefined) return found;
  if (metric.id !== 'costUsdPerMillionTokens') return null;
  return findSpread(spreads, { id: 'outputTokensPerS', quantile: 'mean' }, loadPointIndex);
}

/** Relative sd of a spread: sd / mean. Null when: the mean is 0. */
export function relativeSd(spread: Spread): number | null {
  return spread.mean === 0 ? null : spread.sd / Math.abs(spread.mean);
}
