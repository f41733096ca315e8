/**
 * Distribution function of the standard normal (absolute error below 1e-15 for |z| < 7).
 * Source: West 2005, "Better approximations to cumulative normal functions", after Hart 1968.
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z);
  const tail = x > 37 ? 0 : x < 7.07106781186547 ? hart(x) : continued(x);
  return z > 0 ? 1 - tail : tail;
}

const NUMERATOR = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871,
  221.213596169931, 220.206867912376,
] as const;
const DENOMINATOR = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674,
  637.333633378831, 793.826512519948, 440.413735824752,
] as const;

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, one) => sum * x + one, 0);

function hart(x: number): number {
  return (Math.exp((-x * x) / 2) * horner(NUMERATOR, x)) / horner(DENOMINATOR, x);
}

function continued(x: number): number {
  const fraction = [4, 3, 2, 1].reduce((inner, k) => x + k / inner, x + 0.65);
  return Math.exp((-x * x) / 2) / fraction / 2.506628274631;
}

const A = [
  -39.6968302866538, 220.946098424521, -275.928510446969, 138.357751867269, -30.6647980661472,
  2.50662827745924,
] as const;
const B = [
  -54.4760987982241, 161.585836858041, -155.698979859887, 66.8013118877197, -13.2806815528857, 1,
] as const;
const C = [
  -7.78489400243029e-3, -0.322396458041136, -2.40075827716184, -2.54973253934373, 4.37466414146497,
  2.93816398269878,
] as const;
const D = [7.78469570904146e-3, 0.32246712907004, 2.445134137143, 3.75440866190742, 1] as const;

/**
 * Quantile of the standard normal. Infinite at 0 and 1.
 * Source: Acklam 2003, with one step of Halley's method.
 */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  if (p > 0.5) return -normalQuantile(1 - p);
  const first = p < 0.02425 ? lowTail(p) : central(p);
  const u = (normalCdf(first) - p) * Math.sqrt(2 * Math.PI) * Math.exp((first * first) / 2);
  return first - u / (1 + (first * u) / 2);
}

function lowTail(p: number): number {
  const q = Math.sqrt(-2 * Math.log(p));
  return horner(C, q) / horner(D, q);
}

function central(p: number): number {
  const q = p - 0.5;
  return (horner(A, q * q) * q) / horner(B, q * q);
}
