import { binomialCdf } from './beta.ts';

/** Chance that a bound is wrong. Source: 95 % bounds throughout, docs/verdicts.md. */
const ALPHA = 0.05;

/**
 * Fewest values from which a quantile has a distribution-free upper bound at 95 % (59 for p95, 299 for p99), or, two-sided,
 * an interval (72 and 368). Source: docs/verdicts.md; the least n with q^n ≤ 5 % (one-sided) or ≤ 2.5 % above,
 * the lower end of an upper quantile being nearly free.
 */
export function minimumCount(q: number, sides: 'one-sided' | 'two-sided'): number {
  const tail = sides === 'one-sided' ? ALPHA : ALPHA / 2;
  const far = Math.max(q, 1 - q);
  return Math.ceil(Math.log(tail) / Math.log(far) - 1e-9);
}

/**
 * Upper 95 % bound of a quantile, from order statistics alone. Values may be infinite: a failure is slower than any bound.
 * Null when: there are too few values (`minimumCount`).
 * Source: the k-th smallest of n bounds the quantile with confidence P(Binomial(n, q) < k).
 */
export function quantileUpperBound(values: readonly number[], q: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const above = mostAbove(sorted.length, q);
  if (above === null) return null;
  return sorted[sorted.length - 1 - above] ?? null;
}

/**
 * How many of n values may lie above a limit while the quantile is still proven to lie at or below it.
 * Null when: n is too small for any proof.
 */
export function mostAbove(n: number, q: number): number | null {
  if (n < minimumCount(q, 'one-sided')) return null;
  let low = 0;
  let high = Math.ceil(n * (1 - q));
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (binomialCdf(middle, n, 1 - q) <= ALPHA) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** True when the quantile is proven to lie at or below a limit that `above` of `n` values exceed. Null when: n is too small. */
export function isQuantileProven(
  counts: { readonly n: number; readonly above: number },
  q: number,
): boolean | null {
  const most = mostAbove(counts.n, q);
  return most === null ? null : counts.above <= most;
}
