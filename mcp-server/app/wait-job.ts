import { openJobs } from '../core/ledger/lookup.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call, JobOutcome } from './app.ts';

export interface JobAnswer extends Answer {
  readonly jobId: string;
  readonly status: JobOutcome['status'];
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** Tool `wait_job`: waits for a job's end, at most 50 s; the newest open one when none is named. */
export async function waitJob(
  app: App,
  args: {
    readonly session_id?: string | undefined;
    readonly job_id?: string | undefined;
    readonly wait_s: number;
  },
  call: Call,
): Promise<JobAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const jobId = args.job_id ?? newestJob(writer);
  return answer(app, writer, await app.jobs.wait(writer, { jobId, waitS: args.wait_s }, call));
}

/** Tool `cancel_job`: stops a job of this session; what it had recorded stays. Idempotent. */
export async function cancelJob(
  app: App,
  args: { readonly session_id?: string | undefined; readonly job_id: string },
): Promise<JobAnswer> {
  const writer = await app.sessions.use(args.session_id);
  return answer(app, writer, await app.jobs.cancel(writer, args.job_id));
}

function newestJob(writer: LedgerWriter): string {
  const state = writer.state();
  return openJobs(state).at(-1)?.jobId ?? state.jobs.at(-1)?.jobId ?? 'j0000';
}

function answer(app: App, writer: LedgerWriter, outcome: JobOutcome): JobAnswer {
  return {
    summary: `${outcome.jobId} ${outcome.status}: ${outcome.summary}`,
    warnings: [],
    next: nextStep(writer.state(), app.clock.nowMs()),
    jobId: outcome.jobId,
    status: outcome.status,
    result: outcome.result,
  };
}
