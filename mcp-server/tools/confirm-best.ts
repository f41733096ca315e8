import { z } from 'zod';
import { confirmBest } from '../app/confirm-best.ts';
import { defineTool } from '../define-tool.ts';

export const confirmBestTool = defineTool({
  name: 'confirm_best',
  title: 'Confirm the best',
  description:
    'Deploys the top three trials (by lower bound) afresh, measures each with the held-out seed, compares it with the baseline, and stops it again; a winner that may alter outputs has its answers checked again as well. Only what holds there is worth telling anybody; the reported number is the confirmed one. Says so when the best is the baseline itself. Refuses while another deployment holds the hardware (E_BUSY) or the budget does not allow it (E_BUDGET). Answers with a job id: then call wait_job.',
  input: z.strictObject({
    wait_s: z.number().int().min(0).max(50).default(45).describe('Longest wait in seconds.'),
  }),
  output: z.object({
    jobId: z.string(),
    status: z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted']),
    trialId: z.string(),
    result: z.record(z.string(), z.unknown()).nullable(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: true },
  handler: (app, args, call) => confirmBest(app, args, call),
});
