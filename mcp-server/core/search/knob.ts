import type { Change } from '../service/change.ts';

/** What the choice of a knob's values depends on. */
export interface SearchContext {
  /** Flags of the configuration that is changed, canonical spelling, null for a flag without a value. */
  readonly flags: ReadonlyMap<string, string | null>;
  /** One spelling for all aliases of a flag; the keys of `flags` are in it. */
  readonly canonicalFlag: (flag: string) => string;
  /** Highest number of requests in flight of the contract's load points; an open loop counts its own cap, else 64. */
  readonly concurrency: number;
  /** Longest prompt and completion of the workload, in tokens. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** True when the GPU has fp8 tensor cores (Ada, Hopper, Blackwell). */
  readonly hasFp8: boolean;
  /** Cores of the machine that serves, for engines on a CPU. Null when: unknown. */
  readonly cpuCount: number | null;
  readonly minContextTokens: number;
}

/** One value of a knob: the changes that set it. */
export interface KnobOption {
  readonly label: string;
  readonly changes: readonly Change[];
}

/** A thing that can be turned, with its values from small to large. */
export interface Knob {
  readonly id: string;
  /** What turning it does, as a clause. */
  readonly idea: string;
  readonly why: string;
  readonly expected: string;
  readonly refutedBy: string;
  /** Gain of the objective to expect where it applies, before anything is known. Source: see each table. */
  readonly priorGainRatio: number;
  readonly risk: 'low' | 'medium' | 'high';
  /** Values worth trying here, first the likeliest. Empty when: it does not apply. */
  readonly options: (context: SearchContext) => readonly KnobOption[];
}

/** Value of a flag under any of its names; undefined when it is not set, null when it has no value. */
export function flagIn(context: SearchContext, flag: string): string | null | undefined {
  return context.flags.get(context.canonicalFlag(flag));
}

/** True when the flag is set under any of its names. */
export function hasFlag(context: SearchContext, flag: string): boolean {
  return context.flags.has(context.canonicalFlag(flag));
}

/** An option that sets one flag. */
export function flagOption(flag: string, value: string | number | null): KnobOption {
  const text = value === null ? null : String(value);
  return {
    label: text === null ? flag : `${flag} ${text}`,
    changes: [{ kind: 'set_flag', flag, value: text }],
  };
}

/** Options of one flag for several values, without the one that is set already. */
export function flagOptions(
  context: SearchContext,
  flag: string,
  values: readonly (string | number)[],
): readonly KnobOption[] {
  const current = flagIn(context, flag);
  return [...new Set(values.map(String))]
    .filter((value) => value !== current)
    .map((value) => flagOption(flag, value));
}

/** One option that switches a flag on, or none where it is on. */
export function switchOption(context: SearchContext, flag: string): readonly KnobOption[] {
  return hasFlag(context, flag) ? [] : [flagOption(flag, null)];
}

/** The smallest power of two that is not below `value`. */
export function powerOfTwoAtLeast(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, value)));
}

/** The flag's number. Null when: it is not set, or not a number. */
export function numberOf(context: SearchContext, flag: string): number | null {
  const value = flagIn(context, flag);
  if (value === undefined || value === null) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
