import { z } from 'zod';

/** What a Claude Code hook is told on stdin; everything beyond `session_id` may be missing. */
export const HookInput = z.looseObject({
  session_id: z.string().max(200),
  hook_event_name: z.string().optional(),
  agent_id: z.string().nullish(),
  background_tasks: z.array(z.unknown()).nullish(),
  source: z.string().optional(),
  tool_name: z.string().optional(),
  tool_input: z.record(z.string(), z.unknown()).optional(),
  cwd: z.string().optional(),
});
export type HookInput = z.infer<typeof HookInput>;
