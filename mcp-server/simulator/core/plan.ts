import type { SimConfig } from './config.ts';
import type { KvPool } from './kv-pool.ts';
import type { Sequence } from './sequence.ts';

/** The queues of the scheduler. Mutated by the planners only. */
export interface Queues {
  waiting: Sequence[];
  /** Admitted, in order of admission; includes sequences whose prompt is not complete yet. */
  running: Sequence[];
  readonly pool: KvPool;
  readonly config: SimConfig;
  /** SGLang: share of the output still to come that admission reserves. */
  newTokenRatio: number;
  admissions: number;
}

/** One iteration: prompt chunks to compute and sequences to advance. */
export interface StepPlan {
  readonly chunks: readonly {
    readonly sequence: Sequence;
    readonly tokens: number;
    readonly prefix: number;
    readonly cached: number;
  }[];
  readonly decodes: readonly Sequence[];
  readonly retracted: readonly Sequence[];
  /** Set when retraction moved the ratio. */
  readonly ratioBefore: number | null;
}

/** Tokens one decoding sequence computes per step. */
export function tokensPerDecode(config: SimConfig): number {
  return 1 + (config.speculation?.draftTokens ?? 0);
}

/** Tokens of KV that the next step of a decoding sequence may write. */
export function decodeTarget(sequence: Sequence, config: SimConfig): number {
  const left = sequence.request.output.length - sequence.generated;
  return sequence.computed + Math.max(1, Math.min(tokensPerDecode(config), left));
}
