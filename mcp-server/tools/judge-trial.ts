import { z } from 'zod';
import { judgeTrial } from '../app/judge-trial.ts';
import { TrialId } from '../core/ledger/ids.ts';
import { Delta, Gate, Verdict } from '../core/ledger/vocabulary.ts';
import { defineTool } from '../define-tool.ts';

export const judgeTrialTool = defineTool({
  name: 'judge_trial',
  title: 'Judge a trial',
  description:
    'Gives the verdict on a measured trial against the best: keep, discard, retest, tie or invalid. Gates in order: start, errors, plausibility, slo, quality; then the objective, beyond twice the A/A spread, the minimum effect and its 95 % interval. The best moves if and only if the verdict is keep. Refuses without calibration, or when a change that can alter outputs was not checked.',
  input: z.strictObject({ trial_id: TrialId.describe('Trial to judge, e.g. t0007.') }),
  output: z.object({
    trialId: z.string(),
    referenceId: z.string(),
    verdict: Verdict,
    gate: Gate.nullable(),
    reasons: z.array(z.string()),
    deltas: z.array(Delta),
    measurements: z.array(z.string()),
    bestId: z.string().nullable(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: false },
  handler: async (app, args, call) => {
    const { reasons, deltas, measurements, ...answer } = await judgeTrial(app, args, call);
    return {
      ...answer,
      reasons: [...reasons],
      deltas: [...deltas],
      measurements: [...measurements],
    };
  },
});
