import type { Instance } from '../../../core/ledger/vocabulary.ts';
import { cleanText } from '../../../core/redact.ts';
import type { DeploymentStatus } from '../../../ports/deploy.ts';
import { causeOf } from './cause.ts';
import { isTerminal, type Job, type Run, type Submission } from './run-json.ts';

/** What the record of a run says by itself; `probed` still needs a request that its URL answers. */
export type RunView =
  | { readonly kind: 'starting'; readonly phase: string }
  | { readonly kind: 'probed' }
  | Extract<DeploymentStatus, { readonly kind: 'failed' | 'gone' }>;

const STOPPED = ['stopped_by_user', 'aborted_by_user'];

/** Reads a run. Unknown states count as starting: only what dstack calls ended has ended. */
export function viewRun(run: Run): RunView {
  if (isTerminal(run)) {
    if (STOPPED.includes(run.termination_reason ?? '')) return { kind: 'gone' };
    const cause = causeOf(run);
    // A server whose command ends is a failure, whatever its exit code.
    return { kind: 'failed', ...cause, reason: run.status === 'done' ? 'exited' : cause.reason };
  }
  if (run.status === 'running' && newestRunning(run).some(isProbed)) return { kind: 'probed' };
  return { kind: 'starting', phase: phaseOf(run) };
}

interface Running {
  readonly job: Job;
  readonly submission: Submission;
}

/** Jobs that run now, of the newest deployment only: older ones are on their way out. */
function newestRunning(run: Run): readonly Running[] {
  const last = run.jobs.flatMap((job) => {
    const submission = job.job_submissions.at(-1);
    return submission === undefined ? [] : [{ job, submission }];
  });
  const newest = Math.max(0, ...last.map(({ submission }) => submission.deployment_num ?? 0));
  return last.filter(
    ({ submission }) =>
      submission.status === 'running' && (submission.deployment_num ?? 0) === newest,
  );
}

/** No result yet for a probe that the job has means that it has not passed. */
function isProbed({ job, submission }: Running): boolean {
  return job.job_spec.probes.every(
    (probe, at) => (submission.probes[at]?.success_streak ?? 0) >= (probe.ready_after ?? 1),
  );
}

function phaseOf(run: Run): string {
  const submission = run.jobs.at(0)?.job_submissions.at(-1);
  if (run.status_message === 'retrying') return 'retrying';
  if (submission === undefined) return word(run.status);
  if (submission.status === 'pulling') return pullPhase(submission);
  if (submission.status === 'running') return 'loading';
  return word(submission.status);
}

function pullPhase({ image_pull_progress: progress }: Submission): string {
  const total = progress?.total_bytes ?? null;
  const done = progress?.downloaded_bytes ?? null;
  if (total === null || done === null || total <= 0) return 'pulling';
  return `pulling ${Math.min(100, Math.round((100 * done) / total))} %`;
}

function word(text: string): string {
  return cleanText(text, 40).replaceAll(/[^a-z0-9_ %-]/gi, '_');
}

/** The machine that the run landed on, for the ledger. */
export function instanceOf(run: Run): Instance {
  const data = newestRunning(run)[0]?.submission.job_provisioning_data ?? null;
  if (data === null) return { id: null, gpu: null, driver: null, region: null };
  return {
    id: cap(data.instanceId, 120),
    gpu: cap(data.gpu, 120),
    driver: cap(data.driver, 60),
    region: cap(data.region, 60),
  };
}

function cap(text: string | null, max: number): string | null {
  return text === null || text === '' ? null : cleanText(text, max);
}
