import {
  type AutopilotEnd,
  runAutopilot,
  type ScriptedTrial,
  type ToolCaller,
  type ToolReply,
} from '../app/autopilot.ts';
import type { ProgressPrinter } from './progress.ts';

/** Steps whose answers tell a person nothing new. */
const QUIET = new Set(['get_status', 'wait_job', 'suggest_trials']);

/** Runs the autopilot over any tool caller and prints one line per step. */
export function drive(options: {
  readonly callTool: ToolCaller;
  readonly signal: AbortSignal;
  readonly script: readonly ScriptedTrial[];
  readonly progress: ProgressPrinter;
}): Promise<AutopilotEnd> {
  return runAutopilot({
    callTool: options.callTool,
    signal: options.signal,
    script: options.script,
    onStep: () => undefined,
    onReply: ({ tool, text, ok }) => {
      if (ok && QUIET.has(tool)) return;
      options.progress.step(tool, headline(text), ok ? 'ok' : 'refused');
    },
  });
}

/** The part of a summary that fits a progress line: its first two lines. */
export function headline(summary: string): string {
  return summary.split('\n').slice(0, 2).join(' ');
}

/** What a tool reply says, for a person. */
export function replyText(reply: ToolReply): string {
  if (!reply.ok) return reply.text;
  const summary = reply.data['summary'];
  return typeof summary === 'string' ? summary : '';
}
