import { heldDeployments } from '../ledger/lookup.ts';
import type { DeploymentState, SessionState, TrialState } from '../ledger/state.ts';
import { anchorForTrial, calibrationStep } from './anchor-steps.ts';
import { deployRefusal } from './end-reason.ts';
import {
  hasEvidence,
  isBaseline,
  isInfrastructureFailure,
  isJudged,
  jobsSince,
  judgeable,
  measurementsNeeded,
  ownDeployment,
  ownDeployments,
} from './facts.ts';
import { measureStep, type Place, strayStep } from './measure-steps.ts';
import { type NextStep, stepOf as step } from './step.ts';

/** Deployments of one trial, own ones, before it is judged with what there is. Source: own reasoning. */
const MAX_OWN_DEPLOYMENTS = 3;

/** The next step of a trial that is not closed. Null when: the budget forbids the deployment that it needs. */
export function trialStep(state: SessionState, trial: TrialState, nowMs: number): NextStep | null {
  const deployment = ownDeployment(trial);
  if (isDone(state, trial)) return closeStep(state, trial, nowMs);
  if (deployment === null) return deployStep(state, trial, nowMs);
  if (deployment.failed !== null) return crashStep(state, { trial, deployment, nowMs });
  if (deployment.gone !== null) return goneStep(state, { trial, deployment, nowMs });
  if (deployment.ready === null) {
    return step(
      'stop_deployments',
      {},
      `The start of ${deployment.deploymentId} was interrupted; it is cleared away, then ${trial.trialId} is deployed again.`,
    );
  }
  return (
    strayStep(state, deployment) ??
    measureStep(state, { trial, deployment, nowMs }) ??
    readStep(state, trial, deployment) ??
    qualityStep(trial, deployment) ??
    endStep(state, trial, nowMs)
  );
}

/** Everything is measured: the baseline is closed, any other trial judged. */
function endStep(state: SessionState, trial: TrialState, nowMs: number): NextStep {
  if (isBaseline(trial)) return closeStep(state, trial, nowMs);
  return anchorFirst(state, trial, nowMs) ?? judgeStep(trial);
}

/** The baseline is done once calibrated, read and checked; every other trial once its verdict stands. */
function isDone(state: SessionState, trial: TrialState): boolean {
  if (!isBaseline(trial)) return isJudged(trial);
  const deployment = ownDeployment(trial);
  if (isJudged(trial)) return true;
  if (state.calibration === null || deployment === null) return false;
  const mustServe = deployment.gone === null && trial.quality.length === 0;
  return !mustServe && readStep(state, trial, deployment) === null;
}

function closeStep(state: SessionState, trial: TrialState, nowMs: number): NextStep {
  const held = heldDeployments(state);
  if (held.length > 0) {
    return step(
      'stop_deployments',
      {},
      `Nothing more is asked of ${held[0]?.deploymentId}; hardware bills while nobody measures.`,
    );
  }
  const calibration = isBaseline(trial) ? calibrationStep(state, trial, nowMs) : null;
  return calibration ?? writeStep(state, trial);
}

/** Before a trial is judged on an instance that is new to the incumbent, the incumbent runs there: hardware is freed first. */
function anchorFirst(state: SessionState, trial: TrialState, nowMs: number): NextStep | null {
  const anchor = anchorForTrial(state, trial, nowMs);
  const held = heldDeployments(state)[0];
  if (anchor === null || held === undefined) return anchor;
  return step('stop_deployments', {}, `${held.deploymentId} makes room: ${anchor.why}`);
}

/** Closes a trial; one that could not be decided is written down as abandoned. */
export function writeStep(state: SessionState, trial: TrialState): NextStep {
  const args = { trial_id: trial.trialId };
  return isDecided(state, trial)
    ? step('write_session', args, `${trial.trialId} is decided; write down why, with citations.`)
    : step('write_session', { ...args, abandon: true }, `${trial.trialId} is left undecided.`);
}

/** Judged for good; the baseline counts when it is calibrated or did not start. */
function isDecided(state: SessionState, trial: TrialState): boolean {
  if (!isBaseline(trial)) return isJudged(trial);
  return state.calibration !== null || (ownDeployment(trial)?.failed ?? null) !== null;
}

/** True when a verdict needs no more hardware: it crashed, or everything is measured. */
export function canJudge(state: SessionState, trial: TrialState): boolean {
  if (isBaseline(trial) || isJudged(trial) || state.calibration === null) return false;
  const crashed = (ownDeployment(trial)?.failed ?? null) !== null;
  return crashed || judgeable(trial).length >= measurementsNeeded(state, trial);
}

function deployStep(state: SessionState, trial: TrialState, nowMs: number): NextStep | null {
  const other = heldDeployments(state)[0];
  if (other !== undefined) {
    return step('stop_deployments', {}, `${other.deploymentId} still holds the hardware.`);
  }
  if (deployRefusal(state, trial, nowMs) !== null) return null;
  return step(
    'deploy',
    { trial_id: trial.trialId },
    isBaseline(trial)
      ? 'The baseline comes first: everything is compared with it.'
      : `${trial.trialId} is planned.`,
  );
}

function crashStep(state: SessionState, place: Place): NextStep | null {
  const { trial, deployment } = place;
  if (!hasEvidence(state, 'engine_log', { deploymentId: deployment.deploymentId })) {
    return step(
      'fetch_logs',
      { trial_id: trial.trialId },
      `${deployment.deploymentId} failed (${deployment.failed?.phase}); its log says why.`,
    );
  }
  const own = ownDeployments(trial).length;
  if (isInfrastructureFailure(deployment) && own < MAX_OWN_DEPLOYMENTS) {
    return deployStep(state, trial, place.nowMs);
  }
  if (isBaseline(trial)) return closeStep(state, trial, place.nowMs);
  return judgeStep(trial, 'it did not start; a crash is a result too');
}

/** Gone before it was judged: what was measured counts; what is missing needs another deployment. */
function goneStep(state: SessionState, place: Place): NextStep | null {
  const { trial, deployment, nowMs } = place;
  const isMeasured = isBaseline(trial)
    ? state.calibration !== null
    : judgeable(trial).length >= measurementsNeeded(state, trial);
  const own = ownDeployments(trial).length;
  if ((!isMeasured || trial.quality.length === 0) && own < MAX_OWN_DEPLOYMENTS) {
    return deployStep(state, trial, nowMs);
  }
  return readStep(state, trial, deployment) ?? endStep(state, trial, nowMs);
}

/** Logs, telemetry, table and diagnosis: what a trial teaches, read once. */
function readStep(
  state: SessionState,
  trial: TrialState,
  deployment: DeploymentState,
): NextStep | null {
  const args = { trial_id: trial.trialId };
  if (
    !hasEvidence(state, 'engine_log', { deploymentId: deployment.deploymentId }) &&
    deployment.gone === null
  ) {
    return step('fetch_logs', args, 'The engine says in its log what the numbers do not.');
  }
  if (!isTelemetryRead(state, deployment) && trial.measurements.length > 0) {
    return step(
      'fetch_telemetry',
      args,
      'Profile and engine metrics of the measured window, as evidence.',
    );
  }
  if (trial.diagnoses.length > 0 || trial.measurements.length === 0) return null;
  return step(
    'diagnose',
    args,
    'Find the bottleneck before the next idea; compute_metrics shows the table beside baseline and best.',
  );
}

function isTelemetryRead(state: SessionState, deployment: DeploymentState): boolean {
  if (hasEvidence(state, 'graphsignal', { deploymentId: deployment.deploymentId })) return true;
  const since = { trialId: deployment.trialId, at: deployment.readyAt ?? deployment.intendedAt };
  return jobsSince(state, 'fetch_telemetry', since).some((job) => job.ended !== null);
}

function qualityStep(trial: TrialState, deployment: DeploymentState): NextStep | null {
  if (trial.quality.some((check) => check.deploymentId === deployment.deploymentId)) return null;
  return step(
    'check_quality',
    { trial_id: trial.trialId },
    isBaseline(trial)
      ? 'What the baseline answers is what later trials must answer.'
      : 'Speed that costs answers is no gain.',
  );
}

export function judgeStep(trial: TrialState, why = 'everything it needs is measured'): NextStep {
  return step(
    'judge_trial',
    { trial_id: trial.trialId },
    `${trial.trialId} can be judged: ${why}.`,
  );
}
