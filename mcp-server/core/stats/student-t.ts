/** 97.5 % quantiles of Student's t for 1 to 9 degrees of freedom. Source: standard table of the t distribution. */
const T_975 = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622] as const;

/** 97.5 % quantile of the normal distribution. Source: standard table. */
const Z_975 = 1.959964;

/**
 * The factor of a two-sided 95 % interval at `df` degrees of freedom (from 10 on within 0.0002).
 * Null when: df is below 1. Source: table below 10; Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5) from 10 on.
 */
export function tFactor95(df: number): number | null {
  if (df < 1) return null;
  const listed = T_975[Math.floor(df) - 1];
  if (listed !== undefined) return listed;
  const z = Z_975;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / df + second / df ** 2 + third / df ** 3;
}
