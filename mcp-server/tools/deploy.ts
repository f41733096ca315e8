import { z } from 'zod';
import { deployTrial } from '../app/deploy-trial.ts';
import { TrialId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

export const deployTool = defineTool({
  name: 'deploy',
  title: 'Deploy a trial',
  description:
    'Starts a planned trial on the backend of the contract and waits until it serves. Takes the newest planned trial unless told otherwise. A service that does not start is an answer (crash class, log as evidence), not an error. Answers with a job id when it needs longer: then call wait_job. Refuses while another deployment holds the hardware (E_BUSY) and when the budget does not allow one more (E_BUDGET).',
  input: z.strictObject({
    trial_id: z
      .union([TrialId, z.enum(['best', 'baseline'])])
      .optional()
      .describe('A trial id, best or baseline; default: the newest planned trial.'),
    wait_s: z
      .number()
      .int()
      .min(0)
      .max(50)
      .default(45)
      .describe('Seconds to wait before answering with the running job.'),
  }),
  output: z.object({
    trialId: z.string(),
    status: z.enum(['ready', 'failed', 'running', 'cancelled']),
    jobId: z.string(),
    outcome: z.record(z.string(), z.unknown()).nullable(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: true },
  handler: deployTrial,
});
