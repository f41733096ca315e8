import type { KeyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import type { Ask } from './cheating-engine.ts';

/** A request as a trick sees it. */
export interface Moment {
  /** How far the trick goes: share of requests, tokens or work. */
  readonly strength: number;
  readonly ask: Ask;
  /** False: a check of quality asks, in one piece. */
  readonly isStream: boolean;
  /** Requests in flight, this one with them. */
  readonly active: number;
  readonly nowMs: number;
  /** Follows from the prompt. */
  readonly random: KeyedRandom;
  /** What the engine remembers from one request to the next. */
  readonly memory: Map<string, readonly string[]>;
}

/** Where a cheat puts its hand. Each hook that is absent leaves the engine honest there. */
export interface Trick {
  /** Another model answers: its words, and its mistakes in a check of quality. */
  readonly small?: (at: Moment) => boolean;
  /** The prompt as far as it is read. */
  readonly reads?: (words: readonly string[], at: Moment) => readonly string[];
  /** Words that come before the prompt is read. */
  readonly opens?: (said: readonly string[], at: Moment) => readonly string[];
  /** The answer, as many words or fewer. */
  readonly says?: (said: readonly string[], at: Moment) => readonly string[];
  /** Share of the cost of a decode step, and of the prefill, that is left. */
  readonly stepCost?: (at: Moment) => number;
  readonly prefillCost?: (at: Moment) => number;
  /** Words that one event carries. */
  readonly wordsPerEvent?: number;
  /** Tokens that the usage names, of so many made. */
  readonly claims?: (made: number, at: Moment) => number;
  /** Further fields of the usage. */
  readonly usage?: (made: number, at: Moment) => Readonly<Record<string, unknown>>;
  /** Answers so many times its length. */
  readonly length?: (at: Moment) => number;
  readonly finishReason?: (at: Moment) => string | null;
  /** HTTP status that turns the request away. */
  readonly refuses?: (at: Moment) => number | null;
}

/** The first `share` of prompts, by chance that follows from each. */
export const isOneOf = (share: number, { random }: Moment): boolean => random.unit() < share;
