/**
 * Quantile by linear interpolation of ascending values (NumPy's default, type 7).
 * Null when: there is no value.
 * Source: Hyndman and Fan 1996, definition 7.
 */
export function quantileSorted(sorted: readonly number[], q: number): number | null {
  if (sorted.length === 0) return null;
  const position = (sorted.length - 1) * Math.min(1, Math.max(0, q));
  const below = Math.floor(position);
  const low = sorted[below];
  const high = sorted[Math.min(below + 1, sorted.length - 1)];
  if (low === undefined || high === undefined) return null;
  return low + (high - low) * (position - below);
}

/** Quantile of values in any order. Null when: there is no value. */
export function quantile(values: readonly number[], q: number): number | null {
  return quantileSorted(
    values.toSorted((a, b) => a - b),
    q,
  );
}
