import { z } from 'zod';
import { NextStep } from '../core/next-step/step.ts';
import { Change } from '../core/service/change.ts';

/** What a tool call came back with: the structured result, or the error text, which begins with its code. */
export type ToolReply =
  | { readonly ok: true; readonly data: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly text: string };

/** Calls one tool by name: in this process, or through an MCP client. Must not reject. */
export type ToolCaller = (tool: string, args: Record<string, unknown>) => Promise<ToolReply>;

/** A trial that a person laid down beforehand; `forceReason` is used when the plan is refused. */
export interface ScriptedTrial {
  readonly args: Readonly<Record<string, unknown>>;
  readonly forceReason: string | null;
}

export interface AutopilotOptions {
  readonly callTool: ToolCaller;
  readonly signal: AbortSignal;
  /** Tried before anything is suggested. */
  readonly script: readonly ScriptedTrial[];
  readonly onStep: (step: { readonly tool: string; readonly why: string }) => void;
  readonly onReply: (reply: {
    readonly tool: string;
    readonly text: string;
    readonly ok: boolean;
  }) => void;
}

export interface AutopilotEnd {
  readonly reason: 'finished' | 'aborted' | 'stuck';
  readonly detail: string;
}

const Status = z.looseObject({ summary: z.string(), next: NextStep.nullable() });
const Job = z.looseObject({ jobId: z.string(), status: z.string() });
const Proposals = z.looseObject({
  proposals: z.array(
    z.looseObject({
      hypothesis: z.record(z.string(), z.unknown()),
      changes: z.array(Change),
      diagnosisId: z.string().nullable().default(null),
    }),
  ),
});
const Summary = z.looseObject({ summary: z.string() });

/** Calls of the same step without progress before the autopilot gives up. Source: own reasoning. */
const MAX_REPEATS = 5;
/** Failures in a row, of any step, before it gives up. Source: own reasoning. */
const MAX_FAILURES = 6;

/**
 * Drives a session with no model: asks for the next step, does it, and repeats until nothing is left to do.
 * Every decision comes from `get_status` and `suggest_trials`, so that a person, an agent and this loop share one path.
 */
export async function runAutopilot(options: AutopilotOptions): Promise<AutopilotEnd> {
  const script = [...options.script];
  const patience = createPatience();
  while (!options.signal.aborted) {
    const next = await readNext(options);
    if (next === 'unreadable')
      return { reason: 'stuck', detail: 'get_status gave no readable answer' };
    if (next === null || next.tool === null)
      return { reason: 'finished', detail: next?.why ?? 'nothing is left to do' };
    const step = { tool: next.tool, args: next.args, why: next.why };
    options.onStep(step);
    const reply =
      step.tool === 'plan_trial'
        ? await planNext(options, step, script)
        : await callAndWait(options, step.tool, step.args);
    const lost = patience.lostWith(step, reply);
    if (lost !== null) return { reason: 'stuck', detail: lost };
  }
  return { reason: 'aborted', detail: 'stopped by request' };
}

interface Step {
  readonly tool: string;
  readonly args: Record<string, unknown>;
  readonly why: string;
}

/** Counts repeats of one step and failures in a row; says why when either is too many. */
function createPatience(): { lostWith: (step: Step, reply: ToolReply) => string | null } {
  let failures = 0;
  let repeats = 0;
  let last = '';
  return {
    lostWith(step, reply) {
      const key = JSON.stringify([step.tool, step.args, reply.ok]);
      repeats = key === last && step.tool !== 'plan_trial' ? repeats + 1 : 0;
      failures = reply.ok ? 0 : failures + 1;
      last = key;
      if (repeats > MAX_REPEATS) return `${step.tool} was asked for ${repeats} times in a row`;
      if (failures >= MAX_FAILURES)
        return `${failures} failures in a row; the last: ${textOf(reply)}`;
      return null;
    },
  };
}

async function readNext(options: AutopilotOptions): Promise<NextStep | null | 'unreadable'> {
  const reply = await options.callTool('get_status', {});
  if (!reply.ok) return 'unreadable';
  const status = Status.safeParse(reply.data);
  return status.success ? status.data.next : 'unreadable';
}

/** Calls a tool; when it answers with a running job, polls that job to its end. */
async function callAndWait(
  options: AutopilotOptions,
  tool: string,
  args: Record<string, unknown>,
): Promise<ToolReply> {
  let reply = await options.callTool(tool, args);
  for (
    let job = runningJob(reply);
    job !== null && !options.signal.aborted;
    job = runningJob(reply)
  ) {
    reply = await options.callTool('wait_job', { job_id: job, wait_s: 45 });
  }
  options.onReply({ tool, text: textOf(reply), ok: reply.ok });
  return reply;
}

function runningJob(reply: ToolReply): string | null {
  if (!reply.ok) return null;
  const job = Job.safeParse(reply.data);
  return job.success && job.data.status === 'running' ? job.data.jobId : null;
}

/** Plans the scripted trials first, then what is suggested, best first; a refused proposal gives way to the next. */
async function planNext(
  options: AutopilotOptions,
  next: Step,
  script: ScriptedTrial[],
): Promise<ToolReply> {
  const scripted = script.shift();
  if (scripted !== undefined) return planScripted(options, scripted);
  const suggested = await callAndWait(options, 'suggest_trials', {});
  if (!suggested.ok) return suggested;
  const parsed = Proposals.safeParse(suggested.data);
  let reply: ToolReply = {
    ok: false,
    text: 'E_NO_PROPOSAL: suggest_trials has nothing left to propose. Fix: plan a trial by hand, or end the session.',
  };
  for (const proposal of parsed.success ? parsed.data.proposals.slice(0, 5) : []) {
    reply = await callAndWait(options, 'plan_trial', {
      ...next.args,
      hypothesis: proposal.hypothesis,
      changes: proposal.changes,
      ...(proposal.diagnosisId === null ? {} : { diagnosis_id: proposal.diagnosisId }),
    });
    if (reply.ok) return reply;
  }
  return reply;
}

async function planScripted(
  options: AutopilotOptions,
  scripted: ScriptedTrial,
): Promise<ToolReply> {
  const reply = await callAndWait(options, 'plan_trial', { ...scripted.args });
  if (reply.ok || scripted.forceReason === null) return reply;
  const checks = [...reply.text.matchAll(/\[([a-z_]+)\]/g)].map((match) => match[1] ?? '');
  const reason = scripted.forceReason;
  return callAndWait(options, 'plan_trial', {
    ...scripted.args,
    force: [...new Set(checks)].map((check) => ({ check, reason })),
  });
}

function textOf(reply: ToolReply): string {
  if (!reply.ok) return reply.text;
  const summary = Summary.safeParse(reply.data);
  return summary.success ? summary.data.summary : '';
}
