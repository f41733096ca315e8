import { z } from 'zod';
import { waitJob } from '../app/wait-job.ts';
import { JobId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

export const waitJobTool = defineTool({
  name: 'wait_job',
  title: 'Wait for a job',
  description:
    'Waits up to 50 s for a running job (deploy, benchmark, …) and answers with its result or its progress. While status is `running`, call it again. A job goes on whether anybody waits or not; after a restart of the server a job that was lost says `interrupted` and its step is simply done again.',
  input: z.strictObject({
    job_id: JobId.optional().describe('Default: the newest open job.'),
    wait_s: z.number().int().min(0).max(50).default(45).describe('Seconds to wait at most.'),
  }),
  output: z.object({
    jobId: z.string(),
    status: z.enum(['running', 'done', 'failed', 'cancelled', 'interrupted']),
    result: z.record(z.string(), z.unknown()).nullable(),
  }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  handler: (app, args, call) => waitJob(app, args, call),
});
