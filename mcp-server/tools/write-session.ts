import { z } from 'zod';
import { writeSession } from '../app/write-session.ts';
import { TrialId } from '../core/ledger/ids.ts';
import { defineTool } from '../define-tool.ts';

const line = z.string().min(1).max(1000);

export const writeSessionTool = defineTool({
  name: 'write_session',
  title: 'Write the session log',
  description:
    'Closes a trial and writes sessions/debug-<ISO>.md. Each analysis bullet ends with citations, and every number in it must be one: [e000123 sglang:num_queue_reqs=14] (evidence, name as received, value), [m0007-02 ttftMs.p95=412.3] (metric of a measurement) or a ratio [m0007-02 ttftMs.p95=412 / m0000-01 ttftMs.p95=824 = 0.5]. Each is looked up in the stored file; an uncited or wrong number is refused. Without bullets the analysis is drafted from the ledger.',
  input: z.strictObject({
    trial_id: TrialId.describe('Trial to close, e.g. t0007.'),
    analysis: z.array(line).max(20).default([]).describe('Bullets, each ending in citations.'),
    findings: z.array(line).max(10).default([]).describe('What a reader should take away.'),
    planned_changes: z.array(line).max(10).default([]).describe('What to try next, and why.'),
    abandon: z.boolean().default(false).describe('Close a trial that was never judged.'),
  }),
  output: z.object({
    trialId: z.string(),
    file: z.string(),
    outcome: z.enum(['closed', 'crashed', 'aborted']),
    drafted: z.boolean(),
    citations: z.number().int(),
  }),
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: false },
  handler: (app, args, call) => writeSession(app, args, call),
});
