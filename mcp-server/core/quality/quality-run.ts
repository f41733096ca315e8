import { z } from 'zod';

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
});
export type QualityRun = z.infer<typeof QualityRun>;
