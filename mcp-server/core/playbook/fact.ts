/** A value with the name and the place under which anyone finds it again. */
export interface Fact {
  readonly value: number | string;
  /** Exactly as it stands in the evidence. */
  readonly name: string;
  readonly evidenceId: string | null;
}

/** A number that was observed, with where it stands. `value` is NaN when nothing tells: every comparison then fails. */
export interface Measure {
  readonly value: number;
  readonly fact: Fact | null;
}

export const UNKNOWN: Measure = { value: Number.NaN, fact: null };

/** Whole numbers as they are, others with four significant digits, so that what is cited is what stands in the evidence. */
export const short = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));

/** A measure that is told without evidence of its own: terms of the contract, bounds of the hardware. */
export function stated(name: string, value: number | null | undefined, unit = ''): Measure {
  if (value === null || value === undefined) return UNKNOWN;
  return { value, fact: { name, value: `${short(value)}${unit}`, evidenceId: null } };
}
