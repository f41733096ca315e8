import { z } from 'zod';
import { promote } from '../app/promote.ts';
import { defineTool } from '../define-tool.ts';

export const promoteTool = defineTool({
  name: 'promote',
  title: 'Hand over the winner',
  description:
    'Writes the confirmed best as sessions/promoted-<session>.yml and tells the exact command that a person runs to apply it. Deploys nothing and touches no production service. Refuses with E_NOT_CONFIRMED until confirm_best held.',
  input: z.strictObject({}),
  output: z.object({ trialId: z.string(), file: z.string(), command: z.string() }),
  hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
  handler: (app, args, call) => promote(app, args, call),
});
