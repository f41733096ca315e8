import type { Fault, PlausibilityInput } from '../plausibility/input.ts';
import type { Trap } from '../plausibility/traps.ts';
import type { RequestRecord } from '../workload/request-record.ts';

/** One measurement as the gates see it: its requests beside what client and engine said of the run. */
export interface GateRun
  extends Pick<
    PlausibilityInput,
    | 'summary'
    | 'exactOutput'
    | 'rttMs'
    | 'eventsPerRead'
    | 'clientLagMs'
    | 'wallMs'
    | 'engine'
    | 'floors'
  > {
  readonly measurementId: string;
  readonly deploymentId: string;
  readonly loadPointIndex: number;
  readonly seed: number;
  readonly repeat: number;
  readonly flags: readonly string[];
  readonly ttftSource: 'client' | 'engine';
  /** Part of the prompts that the workload itself shares; null when unknown. */
  readonly sharedPromptRatio: number | null;
  /** Measured requests. */
  readonly records: readonly RequestRecord[];
}

/** A few requests with prompts of their own whose answers end where the model ends them, some of them sent again. */
export interface GateSample {
  readonly deploymentId: string;
  /** The measurement after which it was taken. */
  readonly measurementId: string;
  readonly records: readonly RequestRecord[];
  readonly traps: readonly Trap[];
  /** Small tasks sent among them, whose right answer is known; empty in older samples. */
  readonly tasks: readonly { readonly isRight: boolean }[];
  /** Lag of the client's own loop (p99) while it was taken; null when unknown. */
  readonly clientLagMs: number | null;
}

export interface GateSide {
  readonly runs: readonly GateRun[];
  readonly samples: readonly GateSample[];
}

export interface GateInput {
  readonly trial: GateSide;
  /** The unchanged baseline: what is believed to be honest, and what an answer looked like before anything was changed. */
  readonly baseline: GateSide;
  /** Mean output throughput of the best so far, by load point. */
  readonly incumbentTokensPerS: ReadonlyMap<number, number>;
  /** True for a change that can alter outputs: other words are then the quality gate's to judge. */
  readonly canAlterOutputs: boolean;
  /** True where the contract's sampling says the same thing twice, numbers allowing. */
  readonly isGreedy: boolean;
}

/** What speaks against a trial. */
export interface GateFinding extends Fault {
  readonly name: string;
  /** `invalid`: its numbers cannot be believed. `quality`: they can, once its answers were checked. */
  readonly weight: 'invalid' | 'quality';
}

export interface GateReport {
  readonly findings: readonly GateFinding[];
  /** What could not be looked at, and why. */
  readonly notes: readonly string[];
}

/** Requests of a side that were answered as they should be. */
export function validRecords(side: GateSide): readonly RequestRecord[] {
  return side.runs.flatMap((run) => run.records.filter((record) => record.failure === null));
}

/** Those of a health sample; repeats are left out, since they say one thing twice. */
export function uniqueOf({ records, traps }: GateSample): readonly RequestRecord[] {
  const again = new Set(traps.map((trap) => trap.index));
  return records.filter((record) => record.failure === null && !again.has(record.index));
}

export const sampleRecords = (side: GateSide): readonly RequestRecord[] =>
  side.samples.flatMap(uniqueOf);

/** Lag of our own loop (p99) above which requests say nothing of the service's speed. Source: own reasoning. */
const BUSY_LAG_MS = 10;

/** True where our own client was too busy for the speed of what it sent to tell of the service. */
export const isBusy = (sent: readonly Pick<GateSample, 'clientLagMs'>[]): boolean =>
  sent.some(({ clientLagMs }) => (clientLagMs ?? 0) > BUSY_LAG_MS);
