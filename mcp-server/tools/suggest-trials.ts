import { z } from 'zod';
import { suggestTrials } from '../app/suggest-trials.ts';
import { Hypothesis } from '../core/ledger/vocabulary.ts';
import { Change } from '../core/service/change.ts';
import { defineTool } from '../define-tool.ts';

export const suggestTrialsTool = defineTool({
  name: 'suggest_trials',
  title: 'Rank what to try next',
  description:
    'Ranked proposals on the best configuration so far: changes, a hypothesis draft, expected gain of the objective, risk and cost. From a table of the engine’s knobs, the latest diagnosis and the outcomes of earlier trials; nothing tried or refused comes again. A proposal is a suggestion: plan_trial checks it. Empty when the table is exhausted.',
  input: z.strictObject({
    limit: z.number().int().min(1).max(20).default(5).describe('How many proposals.'),
  }),
  output: z.object({
    parentId: z.string(),
    total: z.number().int(),
    proposals: z.array(
      z.object({
        id: z.string(),
        hypothesis: Hypothesis,
        changes: z.array(Change),
        expectedGainRatio: z.tuple([z.number(), z.number()]),
        risk: z.enum(['low', 'medium', 'high']),
        diagnosisId: z.string().nullable(),
        costUsd: z.number().nullable(),
        why: z.string(),
      }),
    ),
  }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  handler: suggestTrials,
});
