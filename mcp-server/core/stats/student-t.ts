import { incompleteBeta } from './beta.ts';
import { normalCdf, normalQuantile } from './normal.ts';

/** Degrees of freedom from which on the normal distribution serves (difference of the 97.5 % quantile below 2.5e-6). */
const NORMAL_FROM_DF = 1e6;

/** P(T ≤ t) of Student's t; fractional degrees of freedom are allowed. Source: Abramowitz and Stegun 26.7.1. */
export function studentCdf(t: number, df: number): number {
  if (df >= NORMAL_FROM_DF) return normalCdf(t);
  if (!Number.isFinite(t)) return t > 0 ? 1 : 0;
  const tail = incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

/** Quantile of Student's t, by bisection of its distribution function. Infinite at 0 and 1. */
export function studentQuantile(p: number, df: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  if (df >= NORMAL_FROM_DF) return normalQuantile(p);
  if (p < 0.5) return -studentQuantile(1 - p, df);
  let high = 2;
  while (studentCdf(high, df) < p && high < 1e12) high *= 2;
  let low = 0;
  while (high - low > 1e-10 * Math.max(1, high)) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The factor of a two-sided 95 % interval at `df` degrees of freedom. Null when: df is below 1. */
export function tFactor95(df: number): number | null {
  return df < 1 ? null : studentQuantile(0.975, df);
}
