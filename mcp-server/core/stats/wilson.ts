import { normalQuantile } from './normal.ts';

/**
 * Score interval of a share. Shape: [low, high] inside 0..1. Null when: nothing was tried.
 * Source: Wilson 1927.
 */
export function wilsonInterval(
  successes: number,
  trials: number,
  confidence = 0.95,
): [number, number] | null {
  if (trials <= 0) return null;
  const z = normalQuantile(0.5 + confidence / 2);
  const share = successes / trials;
  const scale = 1 + (z * z) / trials;
  const middle = (share + (z * z) / (2 * trials)) / scale;
  const half =
    (z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))) / scale;
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
