import { z } from 'zod';
import { checkQuality } from '../app/check-quality.ts';
import { TrialId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

export const checkQualityTool = defineTool({
  name: 'check_quality',
  title: 'Check output quality',
  description:
    'Asks the deployed trial twenty small questions with one right answer, and some free ones, and compares with the baseline. Only questions that the baseline itself passes count; one of them failed is damage. On the baseline it records the reference. With too few comparable ones the gate is unarmed (E_QUALITY_UNARMED), and a change of weights, KV type, speculation, attention or sampling cannot be kept. Answers with a job id when it needs longer: then call wait_job.',
  input: z.strictObject({
    trial_id: TrialId.optional().describe('Trial; default: the deployed one.'),
    wait_s: z.number().int().min(0).max(50).default(45).describe('Longest wait in seconds.'),
  }),
  output: z.object({
    jobId: z.string(),
    status: z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted']),
    result: z.record(z.string(), z.unknown()).nullable(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: true },
  handler: (app, args, call) => checkQuality(app, args, call),
});
