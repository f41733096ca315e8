import type { MeasurementSummary } from '../metrics/summary.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import type { Trap } from './traps.ts';

/** What a service says about itself, and its words on a few fixed prompts at temperature 0. */
export interface ServiceFacts {
  readonly modelId: string | null;
  readonly maxModelLen: number | null;
  /** First token (or the top tokens, joined) on each fixed prompt; empty when not asked. */
  readonly fingerprint: readonly string[];
}

/** What is known of an honest run of the same workload on the same model. */
export interface Reference {
  readonly service: ServiceFacts | null;
  /** Tokens counted over tokens asked for, of prompts and of answers: other seeds draw other lengths. */
  readonly promptRatio: number | null;
  readonly answerRatio: number | null;
  /** Standard error of the answers' ratio. */
  readonly answerErrorRatio: number | null;
  /** Share of answers that the model ended itself. */
  readonly stopShare: number | null;
  readonly charsPerToken: number | null;
  /** Words that look like no word, over all words of the samples. */
  readonly oddWords: { readonly odd: number; readonly all: number };
  readonly outputTokensPerS: number | null;
}

/** Physical limits of the hardware for this model. Null when: unknown. */
interface Floors {
  readonly prefillMsPerToken: number | null;
  readonly decodeMs: number | null;
  readonly outputTokensPerS: number | null;
}

export interface PlausibilityInput {
  readonly records: readonly RequestRecord[];
  readonly summary: MeasurementSummary;
  /** True: every answer has exactly the length that was asked for. */
  readonly exactOutput: boolean;
  readonly rttMs: number | null;
  readonly eventsPerRead: number | null;
  /** Lag of the client's own loop (p99): gaps that it explains say nothing about the service. */
  readonly clientLagMs: number | null;
  /** Length of the measured phase by the wall clock. */
  readonly wallMs: number | null;
  /** Differences of the engine's own counters over the run, warm-up left out. */
  readonly engine: {
    readonly promptTokens: number | null;
    readonly generationTokens: number | null;
    readonly ttftMeanMs: number | null;
  } | null;
  readonly floors: Floors | null;
  readonly traps: readonly Trap[];
  readonly service: ServiceFacts | null;
  readonly reference: Reference | null;
  /** The figure on the seeds of the search and on others, and what repeats differ by. */
  readonly holdOut: {
    readonly searched: number;
    readonly heldOut: number;
    readonly noiseRatio: number;
  } | null;
}

/** Why a run cannot be believed. `check` is its number in docs/load.md; 0 is output health. */
export interface Finding extends Fault {
  readonly check: number;
  readonly name: string;
}

/** What is wrong, and how far it goes. */
export interface Fault {
  readonly detail: string;
  /** Larger is worse, and of one name all sizes compare. Units: a share, 0..1, where the name says no other. */
  readonly size: number;
}

/** What a check works on: the measured requests, those that are valid, and those that are no traps. */
export interface Facts extends PlausibilityInput {
  readonly valid: readonly RequestRecord[];
  /** Valid ones whose prompt came for the first time. */
  readonly unique: readonly RequestRecord[];
}

export type Check = (facts: Facts) => readonly Finding[];

/** One finding where something was found. */
export function found(check: number, name: string, fault: Fault | null): readonly Finding[] {
  return fault === null ? [] : [{ check, name, ...fault }];
}

/** Requests with a fault, as a part of all. Null when: none has it. */
export function faultOf(
  broken: readonly unknown[],
  all: readonly unknown[],
  says: string,
): Fault | null {
  if (broken.length === 0) return null;
  return { size: broken.length / all.length, detail: `${broken.length} ${says}` };
}
