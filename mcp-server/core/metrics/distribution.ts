import { quantileSorted } from '../stats/quantile.ts';
import type { Distribution } from './summary.ts';

/** Mean of the values. Null when: there is none. */
export function meanOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (n − 1). Null when: fewer than two values. */
export function sampleSd(values: readonly number[]): number | null {
  const mean = meanOf(values);
  if (mean === null || values.length < 2) return null;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Distribution of the values that are not null. */
export function distributionOf(values: readonly (number | null)[]): Distribution {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return {
    n: known.length,
    mean: meanOf(known),
    sd: sampleSd(known),
    min: known[0] ?? null,
    p50: quantileSorted(known, 0.5),
    p90: quantileSorted(known, 0.9),
    p95: quantileSorted(known, 0.95),
    p99: quantileSorted(known, 0.99),
    max: known.at(-1) ?? null,
  };
}
