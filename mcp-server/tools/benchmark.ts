import { z } from 'zod';
import { benchmark } from '../app/benchmark.ts';
import { TrialId } from '../core/ledger/ids.ts';
import { Purpose } from '../core/ledger/vocabulary.ts';
import { LoadPoint } from '../core/workload/workload.ts';
import { defineTool } from '../define-tool.ts';

export const benchmarkTool = defineTool({
  name: 'benchmark',
  title: 'Measure a deployment',
  description:
    'Loads the ready deployment of a trial with the contract’s workload and load points, and records each run with its evidence. Warms up first; every repeat has prompts of its own. purpose calibrate measures noise (A/A) on the baseline; trial and confirm are judged; anchor (the best again) and no_profiler deploy and stop by themselves; a probe may use any workload or load, can be cited, and is never judged. Answers with a job id when it needs longer: then call wait_job. Refuses what is not ready (E_NOT_READY) or differs from the contract (E_CONTRACT_MISMATCH).',
  input: z.strictObject({
    trial_id: TrialId.optional().describe('Default: the trial that is deployed.'),
    purpose: Purpose.optional().describe('Default: what the session needs of this deployment.'),
    workload: z
      .union([z.string().max(40), z.record(z.string(), z.unknown())])
      .optional()
      .describe(
        'Preset, or a workload with the fields of a preset file; only a probe may differ from the contract.',
      ),
    load_points: z
      .array(LoadPoint)
      .min(1)
      .max(8)
      .optional()
      .describe('Only a probe may differ from the contract.'),
    find: z
      .enum(['max_rate', 'max_concurrency'])
      .optional()
      .describe('Search the most load that meets the contract’s SLO (a probe).'),
    in_turn: z
      .boolean()
      .optional()
      .describe(
        'Measure a trial block by block with the incumbent, deployed beside it and stopped again, so that drift cancels.',
      ),
    repeats: z.number().int().min(1).max(20).optional(),
    wait_s: z.number().int().min(0).max(50).default(45),
  }),
  output: z.object({
    status: z.enum(['done', 'running', 'failed', 'cancelled', 'interrupted']),
    jobId: z.string(),
    trialId: z.string(),
    purpose: Purpose,
    result: z.record(z.string(), z.unknown()).nullable(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: true },
  handler: benchmark,
});
