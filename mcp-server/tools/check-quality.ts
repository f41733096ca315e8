import { z } from 'zod';
import { checkQuality } from '../app/check-quality.ts';
import { TrialId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

export const checkQualityTool = defineTool({
  name: 'check_quality',
  title: 'Check output quality',
  description:
    'Compares what the deployed trial answers with what the baseline answered. Twenty canaries always; for a change that can alter outputs also drift of log-probabilities, greedy agreement and a task suite, each against the noise of the baseline, which a check of the baseline records. Pass, fail or not settled; the result says which loss it excludes. A change of weights, KV type, speculation, attention or sampling cannot be kept without a pass (E_QUALITY_UNARMED: baseline too weak or unchecked). Answers with a job id when it needs longer: then call wait_job.',
  input: z.strictObject({
    trial_id: TrialId.optional().describe('Trial; default: the deployed one.'),
    size: z
      .enum(['quick', 'standard', 'deep'])
      .optional()
      .describe(
        '140, 420 or 1260 tasks. A trial can be asked what the baseline was; forces all tiers.',
      ),
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
