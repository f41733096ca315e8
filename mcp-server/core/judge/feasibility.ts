import type { SloClause } from '../contract/contract.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { findSpread, metricName } from '../stats/spread.ts';
import { describeLoadPoint } from '../workload/workload.ts';
import { compareAt, loadPoints, noiseFloorRatio } from './compare.ts';
import { type JudgedSide, type JudgeInput, readRuns, runsAt, usableRuns } from './sides.ts';

/** A bound that a side breaks at one load point. */
export interface Violation {
  readonly clause: SloClause;
  readonly loadPointIndex: number;
  readonly loadPoint: string;
  /** Mean over runs. Null when: the metric is undefined, which counts as broken. */
  readonly value: number | null;
}

/** Largest share of failed requests of a service that counts as free of errors. Source: own reasoning. */
export const MAX_ERROR_RATIO = 0.01;

/** The bound on errors that stands in every contract, written or not. */
export const ERROR_CLAUSE: SloClause = {
  metric: 'errorRatio',
  quantile: 'mean',
  max: MAX_ERROR_RATIO,
};

/** Clauses that the means of run values of a side break, at any load point. */
export function violationsOf(
  side: JudgedSide,
  clauses: readonly SloClause[],
  loadPointCount: number,
): readonly Violation[] {
  const usable = usableRuns(side);
  return loadPoints({ loadPointCount }).flatMap((loadPointIndex) => {
    const runs = runsAt(usable, loadPointIndex);
    const point = runs[0]?.measurement.loadPoint;
    return clauses.flatMap((clause) => {
      const values = readRuns(runs, { id: clause.metric, quantile: clause.quantile });
      const value = values.length < runs.length ? null : meanOf(values);
      if (value !== null && value <= clause.max) return [];
      return [
        {
          clause,
          loadPointIndex,
          loadPoint:
            point === undefined ? `load point ${loadPointIndex}` : describeLoadPoint(point),
          value,
        },
      ];
    });
  });
}

/** One violation in words, e.g. `ttftMs.p95 812 over 500 at closed c=16 n=64`. */
export function describeViolation({ clause, value, loadPoint }: Violation): string {
  const name = metricName(clause.metric, clause.quantile);
  const said = value === null ? 'undefined' : formatNumber(value);
  return `${name} ${said} over ${formatNumber(clause.max)} at ${loadPoint}`;
}

/** Up to four significant digits, for reasons and tables. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** How far bounds are exceeded together: the sum of value / bound − 1; infinite where a value is undefined. */
export function excessOf(violations: readonly Violation[]): number {
  return violations.reduce(
    (sum, { clause, value }) =>
      sum +
      (value === null || clause.max === 0 ? Number.POSITIVE_INFINITY : value / clause.max - 1),
    0,
  );
}

/** True when the trial mends at least one broken bound of the reference by more than that metric's noise. */
export function mendsBeyondNoise(input: JudgeInput, broken: readonly Violation[]): boolean {
  return broken.some(({ clause, loadPointIndex }) => {
    const metric = { id: clause.metric, quantile: clause.quantile };
    const { logRatio } = compareAt(input, metric, loadPointIndex);
    if (logRatio === null) return true;
    const noise =
      noiseFloorRatio(findSpread(input.ruler.spreads, metric, loadPointIndex), metric) ?? 0;
    return -logRatio > Math.log1p(noise);
  });
}
