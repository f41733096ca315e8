import type { ArgValue } from './argparse.ts';

/** Typed reads of parsed flags; a flag that was not given reads as null. */
export interface FlagValues {
  has(flag: string): boolean;
  text(...flags: readonly string[]): string | null;
  number(...flags: readonly string[]): number | null;
  /** True when the switch was given (and not negated). */
  on(...flags: readonly string[]): boolean;
  /** Tri-state of a vLLM switch. */
  toggle(flag: string): boolean | null;
  numbers(...flags: readonly string[]): readonly number[] | null;
  entries(): readonly (readonly [string, ArgValue])[];
}

export function createFlagValues(values: ReadonlyMap<string, ArgValue>): FlagValues {
  const first = (flags: readonly string[]): ArgValue => {
    for (const flag of flags) {
      const value = values.get(flag);
      if (value !== undefined) return value;
    }
    return null;
  };
  return {
    has: (flag) => values.has(flag),
    text: (...flags) => {
      const value = first(flags);
      return typeof value === 'string' ? value : null;
    },
    number: (...flags) => {
      const value = first(flags);
      return typeof value === 'number' ? value : null;
    },
    on: (...flags) => first(flags) === true,
    toggle: (flag) => {
      const value = values.get(flag);
      return typeof value === 'boolean' ? value : null;
    },
    numbers: (...flags) => {
      const value = first(flags);
      return Array.isArray(value) ? value.filter((one) => typeof one === 'number') : null;
    },
    entries: () => [...values.entries()],
  };
}
