import { z } from 'zod';
import { getStatus } from '../app/get-status.ts';
import { defineTool } from '../define-tool.ts';

export const getStatusTool = defineTool({
  name: 'get_status',
  title: 'Status and next step',
  description:
    'Tells where the session stands and the one next step to take. At most 2 KB: best configuration, last trials, money, what runs, open jobs, and `next` with a tool, its arguments and why. Call it first in a new conversation, after a compaction, and whenever in doubt; then do `next`. Reads only.',
  input: z.strictObject({}),
  output: z.object({
    sessionId: z.string(),
    bestId: z.string().nullable(),
    confirmed: z.boolean(),
    openJobs: z.array(z.string()),
    deployments: z.array(z.string()),
    stopped: z.string().nullable(),
  }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  handler: (app, args) => getStatus(app, args),
});
