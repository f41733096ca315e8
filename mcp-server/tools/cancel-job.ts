import { z } from 'zod';
import { cancelJob } from '../app/wait-job.ts';
import { JobId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

export const cancelJobTool = defineTool({
  name: 'cancel_job',
  title: 'Cancel a job',
  description:
    'Cancels a running job and answers with how it ended. What it had recorded stays in the ledger; a deployment that it began is cleaned up by the job itself or by stop_deployments. Harmless on a job that has ended.',
  input: z.strictObject({
    job_id: JobId.describe('From get_status, or from the call that started it.'),
  }),
  output: z.object({
    jobId: z.string(),
    status: z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted']),
    result: z.record(z.string(), z.unknown()).nullable(),
  }),
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  handler: (app, args) => cancelJob(app, args),
});
