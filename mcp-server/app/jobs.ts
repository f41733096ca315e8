import { AutodebugError, PreconditionError } from '../core/errors.ts';
import type { EventData } from '../core/ledger/events.ts';
import { findJob, nextJobId } from '../core/ledger/lookup.ts';
import { cleanText } from '../core/redact.ts';
import type { Clock } from '../ports/clock.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Call, JobKind, JobOutcome, JobResult, Jobs } from './app.ts';

/** Longest wait of one call. Source: docs/architecture.md; some clients cut calls at 60 s. */
const MAX_WAIT_S = 50;
/** A waiting caller hears something at least this often. Source: docs/architecture.md, clients' idle limits. */
const NOTICE_EVERY_MS = 15_000;
/** How long `cancel` waits for the job to let go. Source: own reasoning; load stops within 1 s, an engine within 10 s. */
const CANCEL_WAIT_S = 20;

/** Progress of a job that has not said anything yet. */
const STARTED = 'started';

interface RunningJob {
  readonly sessionId: string;
  readonly kind: JobKind;
  readonly startedMs: number;
  readonly abort: AbortController;
  readonly ended: Promise<JobOutcome>;
  /** The error of a failed job, for a caller that is still there. */
  error: unknown;
  progress: string;
  listeners: Set<(text: string) => void>;
}

type JobEnd = EventData<'job_ended'>;

/** Jobs of this process, noted in the ledger before they start and after they end. */
export function createJobs(deps: { readonly clock: Clock; readonly pid: number }): Jobs {
  const running = new Map<string, RunningJob>();

  const start: Jobs['start'] = async (job, call, body) => {
    refuseSecond(running, job.writer.sessionId, job.kind);
    const jobId = nextJobId(job.writer.state());
    const entry = createEntry(job.writer.sessionId, job.kind, deps.clock.monotonicMs());
    running.set(entryKey(job.writer, jobId), entry.job);
    try {
      await job.writer.append({
        type: 'job_started',
        data: { jobId, kind: job.kind, trialId: job.trialId, args: job.args, pid: deps.pid },
      });
    } catch (error) {
      running.delete(entryKey(job.writer, jobId));
      throw error;
    }
    void runBody(entry.job, body)
      .then((end) => noteEnd(job.writer, { jobId, ...end }))
      .then((outcome) => {
        running.delete(entryKey(job.writer, jobId));
        entry.resolve(outcome);
      });
    const outcome = await waitFor(deps.clock, { jobId, job: entry.job, waitS: job.waitS }, call);
    if (outcome.status === 'failed' && entry.job.error !== null) throw entry.job.error;
    return outcome;
  };

  return {
    start,
    wait: async (writer, { jobId, waitS }, call) => {
      const job = running.get(entryKey(writer, jobId));
      return job === undefined
        ? outcomeInLedger(writer, jobId)
        : waitFor(deps.clock, { jobId, job, waitS }, call);
    },
    cancel: async (writer, jobId) => {
      const job = running.get(entryKey(writer, jobId));
      if (job === undefined) return outcomeInLedger(writer, jobId);
      job.abort.abort();
      const silent: Call = { signal: new AbortController().signal, onProgress: () => undefined };
      return waitFor(deps.clock, { jobId, job, waitS: CANCEL_WAIT_S }, silent);
    },
    running: () => [...running.keys()].map((key) => key.split(' ')[1] ?? key),
  };
}

const entryKey = (writer: LedgerWriter, jobId: string): string => `${writer.sessionId} ${jobId}`;

function refuseSecond(
  running: ReadonlyMap<string, RunningJob>,
  sessionId: string,
  kind: JobKind,
): void {
  for (const [key, job] of running) {
    if (job.sessionId !== sessionId || job.kind !== kind) continue;
    const id = key.split(' ')[1] ?? key;
    throw new PreconditionError(`A ${kind} is running already (${id}).`, {
      code: 'E_JOB_RUNNING',
      fix: `Call wait_job with {"job_id":"${id}"}, or cancel_job first.`,
      retryable: true,
    });
  }
}

function createEntry(
  sessionId: string,
  kind: JobKind,
  startedMs: number,
): { readonly job: RunningJob; readonly resolve: (outcome: JobOutcome) => void } {
  let resolve: (outcome: JobOutcome) => void = () => undefined;
  const ended = new Promise<JobOutcome>((settle) => {
    resolve = settle;
  });
  const job: RunningJob = {
    sessionId,
    kind,
    startedMs,
    ended,
    abort: new AbortController(),
    error: null,
    progress: STARTED,
    listeners: new Set(),
  };
  return { job, resolve: (outcome) => resolve(outcome) };
}

/** Runs the work to its end; whatever happens becomes data. */
async function runBody(
  job: RunningJob,
  body: (context: Call) => Promise<JobResult>,
): Promise<Omit<JobEnd, 'jobId'>> {
  const context: Call = {
    signal: job.abort.signal,
    onProgress: (text) => {
      job.progress = cleanText(text, 200);
      for (const listener of job.listeners) listener(job.progress);
    },
  };
  try {
    const done = await body(context);
    const status = job.abort.signal.aborted ? 'cancelled' : 'done';
    return { status, summary: done.summary, result: { ...done.result }, errorCode: null };
  } catch (error) {
    job.error = error;
    const isCancelled = job.abort.signal.aborted;
    return {
      status: isCancelled ? 'cancelled' : 'failed',
      summary: isCancelled ? `The ${job.kind} was cancelled.` : errorText(error, job.kind),
      result: null,
      errorCode: error instanceof AutodebugError ? error.code : isCancelled ? null : 'E_BUG',
    };
  }
}

function errorText(error: unknown, kind: JobKind): string {
  return error instanceof AutodebugError
    ? error.toText()
    : `E_BUG: the ${kind} failed in a way that it should not. Fix: call get_status and do its next step.`;
}

/** A ledger that was closed meanwhile is not written; the job is ended as interrupted by whoever opens it next. */
async function noteEnd(writer: LedgerWriter, end: JobEnd): Promise<JobOutcome> {
  try {
    await writer.append({ type: 'job_ended', data: end });
    return { jobId: end.jobId, status: end.status, summary: end.summary, result: end.result };
  } catch {
    const summary = `The session's ledger was closed before the job ended. ${end.summary}`;
    return { jobId: end.jobId, status: 'interrupted', summary, result: null };
  }
}

function outcomeInLedger(writer: LedgerWriter, jobId: string): JobOutcome {
  const { ended, started } = findJob(writer.state(), jobId);
  if (ended !== null) {
    return { jobId, status: ended.status, summary: ended.summary, result: ended.result };
  }
  const summary = `The ${started.kind} belongs to another process (pid ${started.pid}).`;
  return { jobId, status: 'interrupted', summary, result: null };
}

async function waitFor(
  clock: Clock,
  watched: { readonly jobId: string; readonly job: RunningJob; readonly waitS: number },
  call: Call,
): Promise<JobOutcome> {
  const { job, jobId } = watched;
  const untilMs = clock.monotonicMs() + Math.min(Math.max(0, watched.waitS), MAX_WAIT_S) * 1000;
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  const listener = (text: string): void => call.onProgress(text);
  job.listeners.add(listener);
  // What was reported before anybody listened.
  if (job.progress !== STARTED) listener(job.progress);
  try {
    for (;;) {
      const leftMs = untilMs - clock.monotonicMs();
      const nap = clock.sleep(Math.max(0, Math.min(NOTICE_EVERY_MS, leftMs)), signal);
      const outcome = await Promise.race([job.ended, nap.then(() => null)]);
      if (outcome !== null) return outcome;
      const running = stillRunning(clock, jobId, job);
      if (call.signal.aborted || clock.monotonicMs() >= untilMs) return running;
      call.onProgress(running.summary);
    }
  } finally {
    job.listeners.delete(listener);
    stop.abort();
  }
}

function stillRunning(clock: Clock, jobId: string, job: RunningJob): JobOutcome {
  const seconds = Math.round((clock.monotonicMs() - job.startedMs) / 1000);
  return {
    jobId,
    status: 'running',
    summary: `${job.kind} ${jobId} runs for ${seconds} s: ${job.progress}.`,
    result: null,
  };
}
