import { z } from 'zod';
import { planTrial } from '../app/plan-trial.ts';
import { DiagnosisId, TrialId } from '../core/ledger/ids.ts';
import { Forced, Hypothesis } from '../core/ledger/vocabulary.ts';
import { Change } from '../core/service/change.ts';
import { defineTool } from '../define-tool.ts';

export const planTrialTool = defineTool({
  name: 'plan_trial',
  title: 'Plan a trial',
  description:
    'Turns a hypothesis and typed changes into a checked, deployable service file, with its diff, memory forecast and price. Changes only the named flags, variables, image or resources; every other byte stays. Refuses removed or unlisted flags, wrong values, fatal combinations, settings without effect, duplicates, what does not fit in memory or in the budget, and a context below the guaranteed one. All but budget, hardware, model and context can be overridden with force and a reason, which the ledger keeps.',
  input: z.strictObject({
    hypothesis: Hypothesis,
    changes: z
      .array(Change)
      .min(1)
      .max(8)
      .describe('Usually one; more only where they belong together.'),
    parent_id: TrialId.optional().describe('Trial to change; default: the best.'),
    diagnosis_id: DiagnosisId.optional().describe('Diagnosis that it follows from.'),
    force: z.array(Forced).max(8).default([]).describe('Refusals to override, with cause.'),
  }),
  output: z.object({
    trialId: z.string(),
    parentId: z.string(),
    file: z.string(),
    diff: z.string(),
    command: z.string(),
    predicted: z.object({
      memoryFits: z.string(),
      memoryNote: z.string(),
      priceUsdPerHour: z.number().nullable(),
    }),
    touchesQuality: z.boolean(),
    forced: z.array(Forced),
  }),
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: false },
  handler: async (app, args, call) => {
    const { forced, ...answer } = await planTrial(app, args, call);
    return { ...answer, forced: [...forced] };
  },
});
