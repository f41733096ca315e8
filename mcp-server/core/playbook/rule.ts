import type { EngineId } from '../ledger/vocabulary.ts';
import type { Fact } from './fact.ts';
import type { MeasureKey, Measures } from './measures.ts';
import type { Observation, ObservationPart } from './observation.ts';

export type Condition = (m: Measures, o: Observation) => boolean;

/** A flag that addresses a cause. Null value: nothing to set here. */
export interface Knob {
  /** Names of the flag, newest first; the first that this engine version takes is used. */
  readonly flags: readonly string[];
  readonly value: (o: Observation) => string | null;
  /** The value where it is always the same one. */
  readonly fixed: string | null;
  /** `set` with a value, `on` for a flag without one, `off` to take it away. */
  readonly how: 'set' | 'on' | 'off';
}

/** One row of the playbook: data, and a predicate over an observation. */
export interface Rule {
  readonly id: string;
  /** Numbers of the bottlenecks in `bottlenecks.ts` that it stands for; none for what that table leaves out. */
  readonly rows: readonly number[];
  /** Cause class. */
  readonly cause: string;
  readonly title: string;
  /** What is required of the evidence, with its thresholds, in words. */
  readonly sign: string;
  readonly engines: readonly EngineId[];
  /** Parts without which the rule cannot tell. */
  readonly needs: readonly ObservationPart[];
  /** All must hold. */
  readonly requires: readonly Condition[];
  /** How sure the required conditions make alone, 0..1. Source of all of them: own reasoning. */
  readonly base: number;
  /** Each that holds makes it surer. */
  readonly witnesses: readonly Condition[];
  /** What is cited when it holds. */
  readonly cites: readonly (MeasureKey | ((o: Observation) => Fact | null))[];
  readonly knobs: Readonly<Partial<Record<EngineId, readonly Knob[]>>>;
  /** Effect on TTFT / TBOT / throughput. */
  readonly expected: string;
  readonly confirmBy: string;
  readonly refutedBy: string;
  readonly risk: string;
  readonly source: string;
}

export const ALL_ENGINES: readonly EngineId[] = ['sglang', 'vllm', 'llamacpp'];
export const GPU_ENGINES: readonly EngineId[] = ['sglang', 'vllm'];

/** A flag with a fixed value. */
export const set = (
  flags: string | readonly string[],
  value: string | ((o: Observation) => string | null),
): Knob => ({
  flags: typeof flags === 'string' ? [flags] : flags,
  value: typeof value === 'string' ? () => value : value,
  fixed: typeof value === 'string' ? value : null,
  how: 'set',
});
/** A flag without a value. */
export const switchOn = (...flags: readonly string[]): Knob => ({
  flags,
  value: () => null,
  fixed: null,
  how: 'on',
});
/** A flag that is taken away. */
export const takeAway = (...flags: readonly string[]): Knob => ({
  flags,
  value: () => null,
  fixed: null,
  how: 'off',
});

/** How sure several independent witnesses make: each adds half of what is left. */
export function confidenceOf(base: number, witnesses: readonly boolean[]): number {
  const extra = witnesses.filter(Boolean).length;
  return Math.min(0.97, 1 - (1 - base) * 0.6 ** extra);
}
