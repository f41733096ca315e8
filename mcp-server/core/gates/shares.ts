import { meanOf, sampleSd } from '../stats/mean-sd.ts';

/** A mean over requests and its standard error. */
export interface Estimate {
  readonly mean: number;
  readonly error: number;
  readonly n: number;
}

/** Null when: fewer than five requests tell it. */
export function estimateOf(values: readonly (number | null | undefined)[]): Estimate | null {
  const told = values.filter((value) => value !== null && value !== undefined);
  const mean = meanOf(told);
  if (mean === null || told.length < MIN_REQUESTS) return null;
  return { mean, error: (sampleSd(told) ?? 0) / Math.sqrt(told.length), n: told.length };
}

const MIN_REQUESTS = 5;

/**
 * Standard errors by which a figure must differ beyond its tolerance. Source: normal table, one-sided 3e-5: some thirty
 * comparisons a trial then err together in about 0.1 %.
 */
const ERRORS = 4;

/** How far `now` lies above `before`, the tolerance and chance taken off. Above 0: more than both explain. */
export function excess(now: Estimate, before: Estimate, tolerance: number): number {
  const spread = Math.hypot(now.error, before.error, spreadOfRare(now, before));
  return now.mean - before.mean - Math.max(tolerance, chanceOf(now, before) * spread);
}

/**
 * Standard errors that few requests need for the same chance: Student's t with Welch's degrees of freedom.
 * Source: Abramowitz and Stegun 26.7.5, two terms; 4 becomes 5.4 for sixteen requests.
 */
export function chanceOf(now: Estimate, before: Estimate): number {
  const parts = [now, before].map(({ error, n }) => ({ square: error ** 2, df: n - 1 }));
  const all = parts.reduce((sum, { square }) => sum + square, 0);
  const weighed = parts.reduce((sum, { square, df }) => sum + square ** 2 / df, 0);
  if (all === 0 || weighed === 0) return ERRORS;
  const df = all ** 2 / weighed;
  const z = ERRORS;
  const first = (z ** 3 + z) / (4 * df);
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df ** 2);
  return z + first + second;
}

/**
 * How far a share lies above another and its tolerance. Its own requests vary as those at the tolerance would, so that
 * the more of them are hit, the surer it is. Above 0: more than both explain.
 */
export function shareExcess(now: Estimate, before: Estimate, tolerance: number): number {
  const limit = Math.min(1, before.mean + tolerance);
  const error = Math.sqrt((limit * (1 - limit)) / now.n);
  return (
    now.mean - before.mean - Math.max(tolerance, LIMIT_ERRORS * Math.hypot(error, before.error))
  );
}

/** Source: normal table, one-sided 0.1 %; a share that nothing is wrong with lies far below the limit itself. */
const LIMIT_ERRORS = 3;

/** A share that no request showed has no spread of its own: one request in each would have. */
function spreadOfRare(now: Estimate, before: Estimate): number {
  const seen = now.error > 0 || before.error > 0;
  return seen ? 0 : Math.hypot(1 / now.n, 1 / before.n) / ERRORS;
}

/** A ratio of sums over requests with the standard error that its requests give it. Null when: nothing tells it. */
export function ratioEstimate(
  parts: readonly {
    readonly over: number | null | undefined;
    readonly under: number | null | undefined;
  }[],
): Estimate | null {
  const told = parts.flatMap(({ over, under }) =>
    over === null || over === undefined || under === null || under === undefined || under <= 0
      ? []
      : [{ over, under }],
  );
  const under = told.reduce((sum, one) => sum + one.under, 0);
  if (told.length < MIN_REQUESTS || under === 0) return null;
  const mean = told.reduce((sum, one) => sum + one.over, 0) / under;
  const squares = told.reduce((sum, one) => sum + (one.over - mean * one.under) ** 2, 0);
  return { mean, error: Math.sqrt(squares) / under, n: told.length };
}

/** `now` over `before` as a ratio around 1. Null when: `before` is 0. */
export function relative(now: Estimate, before: Estimate): Estimate | null {
  if (before.mean === 0) return null;
  const mean = now.mean / before.mean;
  const error = Math.hypot(now.error / before.mean, (mean * before.error) / before.mean);
  return { mean, error, n: Math.min(now.n, before.n) };
}

/** What a ratio is when nothing changed. */
export const UNITY: Estimate = { mean: 1, error: 0, n: Number.MAX_SAFE_INTEGER };
