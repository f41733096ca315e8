import { meanOf } from './mean-sd.ts';

/** Batch of MSER-5 and the largest share that it may cut. Source: White 1997; docs/measuring.md (cap 50 %). */
const BATCH = 5;
const LARGEST_CUT_RATIO = 0.5;

/**
 * How many leading values are warm-up: the cut, in whole batches of five, that makes the standard error of the remaining
 * mean smallest. 0 when there are fewer than two batches.
 * Source: White 1997, marginal standard error rule on means of five.
 */
export function mser5(values: readonly number[]): number {
  const batches = batchMeans(values);
  const most = Math.floor(batches.length * LARGEST_CUT_RATIO);
  let best = { cut: 0, score: Number.POSITIVE_INFINITY };
  for (let cut = 0; cut <= most; cut += 1) {
    const rest = batches.slice(cut);
    if (rest.length < 2) break;
    const score = sumOfSquares(rest) / rest.length ** 2;
    if (score < best.score) best = { cut, score };
  }
  return best.cut * BATCH;
}

function batchMeans(values: readonly number[]): number[] {
  const count = Math.floor(values.length / BATCH);
  return Array.from(
    { length: count },
    (_, index) => meanOf(values.slice(index * BATCH, (index + 1) * BATCH)) ?? 0,
  );
}

function sumOfSquares(values: readonly number[]): number {
  const mean = meanOf(values) ?? 0;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}
