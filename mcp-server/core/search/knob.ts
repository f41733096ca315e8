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
  /** Number in force where a flag is left out. Null when: unknown or not a number. */
  readonly defaultOf: (flag: string) => number | null;
  /** Forecast KV capacity. Null when: unknown. */
  readonly kvTokens: number | null;
  /** What the objective and the missed SLO clauses are about. */
  readonly focus: ReadonlySet<Dimension>;
  /** True when the prompts of the workload share a prefix. */
  readonly sharesPrefix: boolean;
  /** True when completions are natural text, so that speculation can be judged. */
  readonly isNatural: boolean;
}

export type Dimension = 'ttft' | 'tbot' | 'throughput';

/** One value of a knob: the changes that set it. */
export interface KnobOption {
  readonly label: string;
  readonly changes: readonly Change[];
  /** How much likelier than the knob's prior this value is to pay here; 1 when left out. */
  readonly weight?: number;
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
  /** What it mainly improves. */
  readonly helps: readonly Dimension[];
  /** Values worth trying here, first the likeliest. Empty when: it does not apply. */
  readonly options: (context: SearchContext) => readonly KnobOption[];
}

/** Value of a flag under any of its names; undefined when it is not set, null when it has no value. */
function flagIn(context: SearchContext, flag: string): string | null | undefined {
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

/** Options of one flag, weighed by whether they pay here. */
export function weighed(
  options: readonly KnobOption[],
  weightOf: (value: number) => number,
): readonly KnobOption[] {
  return options
    .map((option) => ({ ...option, weight: weightOf(lastNumber(option)) }))
    .filter((option) => option.weight > 0);
}

function lastNumber(option: KnobOption): number {
  const change = option.changes.at(-1);
  return change?.kind === 'set_flag' ? Number(change.value) : Number.NaN;
}

/** The flag's number, else its default. Null when: neither is known. */
export function numberInForce(context: SearchContext, flag: string): number | null {
  return hasFlag(context, flag) ? numberOf(context, flag) : context.defaultOf(flag);
}

/** Tokens that the load holds at once, as a share of the KV capacity. Null when: the capacity is unknown. */
function kvPressure(context: SearchContext): number | null {
  const { kvTokens, concurrency, inputTokens, outputTokens } = context;
  if (kvTokens === null || kvTokens <= 0) return null;
  return (concurrency * (inputTokens + outputTokens)) / kvTokens;
}

/** Weight of a change that makes room for KV: it pays only where KV is short. Source: own reasoning. */
export function kvWeight(context: SearchContext): number {
  const pressure = kvPressure(context);
  if (pressure === null) return 1;
  if (pressure >= 0.9) return 5;
  return pressure >= 0.5 ? 1.5 : 0.4;
}

/** A knob that takes out a flag known to slow the engine down. */
export function removalKnob(
  id: string,
  flags: readonly string[],
  texts: Pick<Knob, 'idea' | 'why' | 'expected' | 'refutedBy' | 'priorGainRatio' | 'helps'>,
): Knob {
  return {
    id,
    risk: 'low',
    ...texts,
    options: (context) =>
      flags
        .filter((flag) => hasFlag(context, flag))
        .map((flag) => ({ label: `without ${flag}`, changes: [{ kind: 'remove_flag', flag }] })),
  };
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
