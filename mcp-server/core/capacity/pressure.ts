import type { SloClause } from '../contract/contract.ts';
import type { Distribution, MeasurementSummary } from '../metrics/summary.ts';

/** How hard a level presses on the service level, and by which clause. */
export interface Pressure {
  /** Measured over allowed, of the worst clause; above 1 breaks the service level. Capped, so that it can be fitted. */
  readonly ratio: number;
  readonly clause: string;
}

/** Pressure of what did not end well at all. Source: own reasoning; far above 1, finite for the fit. */
export const MOST_PRESSURE = 10;

/**
 * The worst clause of a run. A failed request counts as infinitely slow, so that a service that sheds load does not
 * look good.
 * Null when: no clause can be told from the run.
 * Source: docs/load.md, check 9.
 */
export function pressureOf(
  summary: MeasurementSummary,
  slo: readonly SloClause[],
): Pressure | null {
  const ratios = slo.flatMap((clause) => {
    const ratio = clauseRatio(summary, clause);
    const name =
      clause.metric === 'errorRatio' ? clause.metric : `${clause.metric}.${clause.quantile}`;
    return ratio === null ? [] : [{ ratio: Math.min(MOST_PRESSURE, ratio), clause: name }];
  });
  return ratios.toSorted((a, b) => b.ratio - a.ratio)[0] ?? null;
}

function clauseRatio(summary: MeasurementSummary, clause: SloClause): number | null {
  if (clause.metric === 'errorRatio') return ratioTo(clause.max, summary.errorRatio);
  const value = valueWithFailures(summary[clause.metric], clause.quantile, summary.errorRatio);
  return value === null ? null : ratioTo(clause.max, value);
}

function ratioTo(max: number, value: number): number {
  if (max === 0) return value === 0 ? 0 : Infinity;
  return value / max;
}

const QUANTILES = [
  { name: 'p50', share: 0.5 },
  { name: 'p90', share: 0.9 },
  { name: 'p95', share: 0.95 },
  { name: 'p99', share: 0.99 },
] as const;

/**
 * Quantile over everything attempted, from that of what completed: with a share of e failed it is the q / (1 − e)
 * quantile of the rest, rounded up to the next one that is known; infinite when that many failed.
 */
function valueWithFailures(
  distribution: Distribution,
  quantile: SloClause['quantile'],
  errorRatio: number,
): number | null {
  if (distribution.n === 0) return errorRatio > 0 ? Infinity : null;
  if (quantile === 'mean') return errorRatio > 0 ? Infinity : distribution.mean;
  const share = QUANTILES.find(({ name }) => name === quantile)?.share ?? 0.95;
  if (errorRatio >= 1 - share && errorRatio > 0) return Infinity;
  const wanted = share / (1 - errorRatio);
  const known = QUANTILES.find((one) => one.share >= wanted - 1e-9);
  return known === undefined ? distribution.max : distribution[known.name];
}
