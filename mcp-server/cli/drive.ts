import {
  type AutopilotEnd,
  runAutopilot,
  type ScriptedTrial,
  type ToolCaller,
  type ToolReply,
} from '../app/autopilot.ts';
import type { ProgressPrinter } from './progress.ts';

/** Steps whose answers tell a person nothing new. */
const QUIET = new Set([
  'get_status',
  'wait_job',
  'suggest_trials',
  'fetch_logs',
  'fetch_telemetry',
]);

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
      options.progress.step(tool, headline(tool, text), ok ? 'ok' : 'refused');
    },
  });
}

/** Steps whose second line says why. */
const TWO_LINES = new Set(['judge_trial', 'confirm_best', 'diagnose']);

/** The part of a summary that a progress line shows. */
function headline(tool: string, summary: string): string {
  const [first = '', second = ''] = summary.split('\n');
  if (tool === 'benchmark' && second !== '') return `${first.split(' (')[0]}: ${second}`;
  return TWO_LINES.has(tool) ? `${first} ${second}`.trim() : first;
}

/** What a tool reply says, for a person. */
export function replyText(reply: ToolReply): string {
  if (!reply.ok) return reply.text;
  const summary = reply.data['summary'];
  return typeof summary === 'string' ? summary : '';
}
