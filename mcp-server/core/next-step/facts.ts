import type {
  DeploymentState,
  JobState,
  MeasurementState,
  SessionState,
  TrialState,
} from '../ledger/state.ts';

/**
 * What the ledger says about how far a trial has come. Marks of the steps that leave no event of their own:
 * logs read = evidence `engine_log` of the deployment; telemetry read = evidence `graphsignal` of the deployment, or a
 * `fetch_telemetry` job that ended after it was ready. The table has no mark: it is a view, offered with the diagnosis.
 */
export function hasEvidence(
  state: SessionState,
  kind: string,
  where: { readonly deploymentId?: string; readonly trialId?: string },
): boolean {
  for (const evidence of state.evidence.values()) {
    if (evidence.kind !== kind) continue;
    if (where.deploymentId !== undefined && evidence.deploymentId !== where.deploymentId) continue;
    if (where.trialId !== undefined && evidence.trialId !== where.trialId) continue;
    return true;
  }
  return false;
}

/** Crash classes that say nothing about the configuration: the place failed, not the engine. */
const INFRASTRUCTURE: ReadonlySet<string> = new Set([
  'no_capacity',
  'image_pull_failure',
  'instance_unreachable',
  'spot_interruption',
  'model_download_or_auth',
  'disk_full',
  'driver_or_cuda_mismatch',
  'gpu_already_in_use',
  'gpu_fault',
  'executor_error',
  'port_conflict',
  'port_in_use',
  'interrupted',
  'unreachable',
  'lost',
]);

const isInfrastructureClass = (crashClass: string): boolean =>
  INFRASTRUCTURE.has(crashClass) || crashClass.startsWith('start_failed');

/** True when a deployment failed because of the place that it should run in. */
export function isInfrastructureFailure(deployment: DeploymentState): boolean {
  return deployment.failed !== null && isInfrastructureClass(deployment.failed.crashClass);
}

/** Jobs of a kind for a trial since a time, newest last. */
export function jobsSince(
  state: SessionState,
  kind: JobState['started']['kind'],
  since: { readonly trialId: string | null; readonly at: string },
): readonly JobState[] {
  return state.jobs.filter(
    (job) =>
      job.started.kind === kind &&
      job.started.trialId === since.trialId &&
      job.startedAt >= since.at,
  );
}

/** Measurements of a trial that may be judged: asked for as such, and not cut off. */
export function judgeable(trial: TrialState): readonly MeasurementState[] {
  return trial.measurements.filter(
    ({ data }) => data.purpose === 'trial' && !data.flags.includes('INTERRUPTED'),
  );
}

/** Share of the first round that a retest adds. Source: three repeats and two retests end within five repeats. */
const RETEST_SHARE = 1 / 3;

/** How many measurements a trial needs before it is judged (again): its first round, and a third of it for each `retest`. */
export function measurementsNeeded(state: SessionState, trial: TrialState): number {
  const { repeats, loadPoints } = state.contract.terms;
  const retests = trial.judgements.filter((judgement) => judgement.verdict === 'retest').length;
  return (repeats + retests * Math.ceil(repeats * RETEST_SHARE)) * loadPoints.length;
}

/** Whether the trial has its final verdict: judged, and not sent to be measured again. */
export function isJudged(trial: TrialState): boolean {
  const verdict = trial.judgements.at(-1)?.verdict;
  return verdict !== undefined && verdict !== 'retest';
}

/** The baseline is the trial without a parent. */
export const isBaseline = (trial: TrialState): boolean => trial.planned.parentId === null;

/** Deployments that measure a trial once more for another question than its own. */
const SIDE_PURPOSES: ReadonlySet<string> = new Set(['confirm', 'anchor', 'no_profiler']);

/** Deployments of a trial that its own measurements come from. */
export function ownDeployments(trial: TrialState): readonly DeploymentState[] {
  return trial.deployments.filter((one) => !SIDE_PURPOSES.has(one.intended.purpose));
}

/** The deployment that a trial's own measurements come from: its latest that does not belong to a confirmation or anchor. */
export function ownDeployment(trial: TrialState): DeploymentState | null {
  return ownDeployments(trial).at(-1) ?? null;
}
