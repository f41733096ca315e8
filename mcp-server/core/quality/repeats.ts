import type { TierAnswers, TierRun } from './quality-run.ts';
import type { TierResult } from './tier-result.ts';

/** One way in which the reference was asked again. */
export interface Repeat {
  readonly at: NonNullable<TierResult['at']>;
  /** The same in words, for a reader. */
  readonly how: string;
  readonly answers: TierAnswers;
}

/** Every way in which the reference was asked again; each gives a noise floor of its own, and the largest counts. */
export function repeatsOf(run: TierRun): readonly Repeat[] {
  const ways = [
    { at: 'load', how: `concurrency ${run.concurrency}`, answers: run.again },
    { at: 'alone', how: 'concurrency 1', answers: run.alone },
    { at: 'redeploy', how: 'redeployed', answers: run.redeployed },
  ] as const;
  return ways.flatMap(({ answers, ...way }) => (answers === null ? [] : [{ ...way, answers }]));
}
