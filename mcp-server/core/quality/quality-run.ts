import { z } from 'zod';

/** One answer at temperature 0; `gap` is the distance to the runner-up. Units: nats. */
const GreedyAnswer = z.object({
  id: z.string(),
  text: z.string(),
  tokens: z
    .array(z.object({ text: z.string(), logprob: z.number(), gap: z.number().nullable() }))
    .readonly()
    .nullable(),
});
export type GreedyAnswer = z.infer<typeof GreedyAnswer>;

/** Scores of one given text, token by token. */
const ScoredText = z.object({
  id: z.string(),
  logprobs: z.array(z.number()).readonly(),
  isTop: z.array(z.boolean()).readonly(),
});
export type ScoredText = z.infer<typeof ScoredText>;

const GradedTask = z.object({
  id: z.string(),
  result: z.enum(['right', 'wrong', 'unparsed']),
  /** The answer was cut at its longest length. */
  isCut: z.boolean(),
});
export type GradedTask = z.infer<typeof GradedTask>;

/** What one pass over tiers 2 to 4 heard. */
export const TierAnswers = z.object({
  greedy: z.array(GreedyAnswer).readonly(),
  scores: z.array(ScoredText).readonly(),
  tasks: z.array(GradedTask).readonly(),
});
export type TierAnswers = z.infer<typeof TierAnswers>;

/** Tiers 2 to 4 of one run. A reference is asked again, and how its answers then differ is its noise. */
export const TierRun = z.object({
  size: z.enum(['quick', 'standard', 'deep']),
  plan: z.object({ seed: z.number(), items: z.number(), recallTokens: z.number() }),
  concurrency: z.number(),
  /** The route that scores given texts. Null when: the service has none. */
  scoreRoute: z.enum(['generate', 'prompt-logprobs']).nullable(),
  answers: TierAnswers,
  /** The reference once more under the same load. Null when: the run is no reference. */
  again: TierAnswers.nullable(),
  /** Part of it once more, one question at a time. Null when: as above, or too few tasks were right. */
  alone: TierAnswers.nullable().default(null),
  /** What its redeploy answered; joined when the reference is read. Null when: it was not asked. */
  redeployed: TierAnswers.nullable().default(null),
});
export type TierRun = z.infer<typeof TierRun>;

/** One run of canaries and free answers against one deployment: what is stored as evidence of kind `quality`. */
export const QualityRun = z.object({
  seed: z.number(),
  total: z.number(),
  passedCount: z.number(),
  canaries: z.array(
    z.object({
      id: z.string(),
      passed: z.boolean(),
      finishReason: z.string().nullable(),
      /** Capped answer, or why there was none: data. */
      answer: z.string(),
    }),
  ),
  health: z.array(
    z.object({ id: z.string(), words: z.number(), faults: z.array(z.string()), text: z.string() }),
  ),
  repeatedAnswers: z.number(),
  /** Absent or null when only canaries and free answers were asked. */
  tiers: TierRun.nullable().optional(),
});
export type QualityRun = z.infer<typeof QualityRun>;
