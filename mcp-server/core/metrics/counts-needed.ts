import type { SloClause } from '../contract/contract.ts';
import { minimumCount } from '../stats/quantile-bound.ts';
import { describeLoadPoint, type LoadPoint } from '../workload/workload.ts';

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;
type QuantileName = keyof typeof QUANTILES;

/** Requests from which a quantile has a 95 % interval; with fewer it is not printed. Source: docs/verdicts.md, 72 for p95, 368 for p99. */
export function requestsNeeded(quantile: QuantileName): number {
  return minimumCount(QUANTILES[quantile], 'two-sided');
}

/** The quantile where enough requests stand behind it. Null when: too few, or the value is null. */
export function supported(
  distribution: { readonly n: number } & Readonly<Record<QuantileName, number | null>>,
  quantile: QuantileName,
): number | null {
  return distribution.n < requestsNeeded(quantile) ? null : distribution[quantile];
}

/** A line on each quantile of `shown` that so few requests cannot carry. */
export function describeMissing(n: number, shown: readonly QuantileName[]): readonly string[] {
  return shown
    .filter((quantile) => n < requestsNeeded(quantile))
    .map((quantile) => `${quantile} needs ≥ ${requestsNeeded(quantile)} requests, had ${n}`);
}

interface Terms {
  readonly slo: readonly SloClause[];
  readonly loadPoints: readonly LoadPoint[];
  readonly repeats: number;
}

/** A warning for each load point whose requests, over all repeats, cannot prove a quantile that the SLO bounds. */
export function unprovableClauses(terms: Terms): readonly string[] {
  const quantiles = new Set(terms.slo.map(({ quantile }) => quantile));
  return [...quantiles].flatMap((quantile) => {
    if (quantile === 'mean') return [];
    const needed = minimumCount(QUANTILES[quantile], 'one-sided');
    return terms.loadPoints
      .filter((point) => point.requests * terms.repeats < needed)
      .map(
        (point) =>
          `The SLO on ${quantile} cannot be proven at ${describeLoadPoint(point)}: it needs ${needed} requests, ${terms.repeats} repeats make ${point.requests * terms.repeats}; the estimate is judged instead.`,
      );
  });
}
