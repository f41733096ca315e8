import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { quantileSorted } from '../stats/quantile.ts';
import type { Distribution } from './summary.ts';

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
