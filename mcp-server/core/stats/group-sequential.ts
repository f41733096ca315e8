/**
 * One-sided significance of each look when an outcome may be looked at this often and the whole error is to stay at 5 %.
 * Source: Pocock 1977, constants of the group-sequential test at two-sided 10 %: z = 1.645, 1.875, 1.992, 2.067, 2.122;
 * checked by simulation in the tests.
 */
const POCOCK_ONE_SIDED_5 = [0.05, 0.0304, 0.0232, 0.0194, 0.0169] as const;

/**
 * The same for two-sided 5 %: z = 1.960, 2.178, 2.289, 2.361, 2.413.
 * Source: Pocock 1977 (five looks: nominal 1.58 % each).
 */
const POCOCK_TWO_SIDED_5 = [0.05, 0.0294, 0.0221, 0.0182, 0.0158] as const;

/** Nominal level of each of `looks` looks, so that all of them together err in at most 5 %. Shape: looks 1 to 5. */
export function pocockLevel(looks: number, sides: 'one-sided' | 'two-sided'): number {
  const table = sides === 'one-sided' ? POCOCK_ONE_SIDED_5 : POCOCK_TWO_SIDED_5;
  const index = Math.min(table.length, Math.max(1, Math.round(looks))) - 1;
  return table[index] ?? table[4];
}
