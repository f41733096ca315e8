import { cleanText } from '../../../core/redact.ts';
import { lastSubmissions, type Run, type Submission } from './run-json.ts';

/** Why a run ended, from the last submission of each job. */
export interface Cause {
  readonly reason: string;
  readonly phase: string;
  readonly exitCode: number | null;
  readonly message: string;
}

/** Our class for each reason of dstack. Source: dstack 0.22.5, core/models/runs.py JobTerminationReason. */
const REASONS: Readonly<Record<string, string>> = {
  failed_to_start_due_to_no_capacity: 'no_capacity',
  interrupted_by_no_capacity: 'spot_interruption',
  instance_unreachable: 'instance_unreachable',
  instance_access_revoked: 'instance_unreachable',
  waiting_instance_limit_exceeded: 'provisioning_timeout',
  waiting_runner_limit_exceeded: 'provisioning_timeout',
  container_exited_with_error: 'exited',
  done_by_runner: 'exited',
  creating_container_error: 'container_error',
  max_duration_exceeded: 'max_duration',
  terminated_due_to_utilization_policy: 'utilization_policy',
  log_quota_exceeded: 'log_quota',
  ports_binding_failed: 'port_in_use',
  executor_error: 'executor_error',
  volume_error: 'volume_error',
  gateway_error: 'gateway_error',
  inactivity_duration_exceeded: 'idle',
};

/** A job that the server ended because another failed says nothing about the cause. */
const CONSEQUENCES = ['terminated_by_server', 'scaled_down', 'terminated_by_user'];

/** Reads the cause of an ended run. An unknown reason is passed on as it is, capped. */
export function causeOf(run: Run): Cause {
  const last = lastSubmissions(run);
  const telling =
    last.find(
      ({ termination_reason: reason }) => reason !== null && !CONSEQUENCES.includes(reason),
    ) ?? last[0];
  if (telling === undefined) {
    return {
      reason: word(run.termination_reason),
      phase: 'submitted',
      exitCode: null,
      message: 'The run ended before any job was made.',
    };
  }
  return {
    reason: reasonOf(telling, run),
    phase: phaseOf(telling),
    exitCode: telling.exit_status,
    message: messageOf(telling),
  };
}

function reasonOf(submission: Submission, run: Run): string {
  const said = submission.termination_reason ?? run.termination_reason;
  const message = submission.termination_reason_message ?? '';
  if (said === 'creating_container_error' && message.startsWith('pullImage error'))
    return 'image_pull_failure';
  // A provider whose containers we rent pulls by itself and tells only that the runner never came.
  if (said === 'waiting_runner_limit_exceeded' && submission.image_pull_progress !== null)
    return 'image_pull_failure';
  return REASONS[said ?? ''] ?? word(said);
}

function word(reason: string | null): string {
  return reason === null ? 'unknown' : cleanText(reason, 60).replaceAll(/[^a-z0-9_]/gi, '_');
}

/** How far it came: with provisioning data there was a machine, with an exit status a container. */
function phaseOf(submission: Submission): string {
  if (submission.job_provisioning_data === null) return 'provisioning';
  if (submission.exit_status !== null) return 'running';
  if (submission.termination_reason === 'creating_container_error') return 'pulling';
  const started = ['max_duration_exceeded', 'log_quota_exceeded', 'container_exited_with_error'];
  return started.includes(submission.termination_reason ?? '') ? 'running' : 'provisioning';
}

function messageOf(submission: Submission): string {
  const parts = [
    submission.status_message,
    submission.termination_reason_message,
    submission.error,
    submission.exit_status === 137 ? 'exit status 137: killed, mostly for memory' : null,
  ].filter((part) => part !== null && part !== '');
  return cleanText(parts.join('; ').replaceAll(/\s+/g, ' '), 500);
}
