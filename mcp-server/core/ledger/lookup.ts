import { InvalidInputError, PreconditionError } from '../errors.ts';
import {
  blockId,
  deploymentId,
  diagnosisId,
  evidenceId,
  jobId,
  measurementId,
  trialId,
} from './ids.ts';
import type {
  DeploymentState,
  JobState,
  MeasurementState,
  SessionState,
  TrialState,
} from './state.ts';

/** The trial of that id. Throws: InvalidInputError `E_NO_TRIAL`. */
export function findTrial(state: SessionState, id: string): TrialState {
  const trial = state.trials.find((candidate) => candidate.trialId === id);
  if (trial !== undefined) return trial;
  const known = state.trials.slice(-5).map((candidate) => candidate.trialId);
  throw new InvalidInputError(`There is no trial ${id} in session ${state.sessionId}.`, {
    code: 'E_NO_TRIAL',
    fix: known.length === 0 ? 'Plan a trial first.' : `Use one of ${known.join(', ')}.`,
  });
}

/** Every deployment of the session, oldest first. */
export function allDeployments(state: SessionState): readonly DeploymentState[] {
  return state.trials
    .flatMap((trial) => trial.deployments)
    .toSorted((a, b) => a.intendedAt.localeCompare(b.intendedAt));
}

/** True until the deployment is proven gone. A failed one may still hold hardware and must be stopped as well. */
function isHeld(deployment: DeploymentState): boolean {
  return deployment.gone === null;
}

/** Deployments that are not proven gone, failed ones included. */
export function heldDeployments(state: SessionState): readonly DeploymentState[] {
  return allDeployments(state).filter(isHeld);
}

/** The latest deployment that is neither gone nor failed. Null when: nothing runs. */
export function activeDeployment(state: SessionState): DeploymentState | null {
  return allDeployments(state).findLast((one) => isHeld(one) && one.failed === null) ?? null;
}

/** The deployment of that id. Throws: InvalidInputError `E_NO_DEPLOYMENT`. */
export function findDeployment(state: SessionState, id: string): DeploymentState {
  const found = state.trials
    .flatMap((trial) => trial.deployments)
    .find((candidate) => candidate.deploymentId === id);
  if (found !== undefined) return found;
  throw new InvalidInputError(`There is no deployment ${id} in session ${state.sessionId}.`, {
    code: 'E_NO_DEPLOYMENT',
    fix: 'Take the id from get_status or from the answer of deploy.',
  });
}

/** The measurement of that id. Throws: InvalidInputError `E_NO_MEASUREMENT`. */
export function findMeasurement(state: SessionState, id: string): MeasurementState {
  const found = state.trials
    .flatMap((trial) => trial.measurements)
    .find((candidate) => candidate.data.measurementId === id);
  if (found !== undefined) return found;
  throw new InvalidInputError(`There is no measurement ${id} in session ${state.sessionId}.`, {
    code: 'E_NO_MEASUREMENT',
    fix: 'Take the id from the answer of benchmark or compute_metrics.',
  });
}

/** The job of that id. Throws: InvalidInputError `E_NO_JOB`. */
export function findJob(state: SessionState, id: string): JobState {
  const found = state.jobs.find((candidate) => candidate.jobId === id);
  if (found !== undefined) return found;
  throw new InvalidInputError(`There is no job ${id} in session ${state.sessionId}.`, {
    code: 'E_NO_JOB',
    fix: 'Take the job id from get_status or from the answer that started the job.',
  });
}

/** Jobs without an end, oldest first. */
export function openJobs(state: SessionState): readonly JobState[] {
  return state.jobs.filter((job) => job.ended === null);
}

/** The baseline, t0000. Throws: PreconditionError `E_NO_BASELINE`. */
export function baselineTrial(state: SessionState): TrialState {
  const baseline = state.trials.find((trial) => trial.planned.parentId === null);
  if (baseline !== undefined) return baseline;
  throw new PreconditionError('The session has no baseline yet.', {
    code: 'E_NO_BASELINE',
    fix: 'Call open_session again: it plans the baseline t0000.',
  });
}

/** The verdict in force of a trial. Null when: it was never judged. */
export function verdictOf(trial: TrialState): TrialState['judgements'][number] | null {
  return trial.judgements.at(-1) ?? null;
}

export function nextTrialId(state: SessionState): string {
  const last = state.trials.at(-1);
  return trialId(last === undefined ? 0 : Number(last.trialId.slice(1)) + 1);
}

/** Next deployment id of a trial, e.g. `d0007-2`. */
export function nextDeploymentId(trial: TrialState): string {
  return deploymentId(trial.trialId, trial.deployments.length + 1);
}

/** Next measurement id of a trial, e.g. `m0007-03`. */
export function nextMeasurementId(trial: TrialState): string {
  return measurementId(trial.trialId, trial.measurements.length + 1);
}

/** Next block of a trial's turns with the incumbent, e.g. `b0007-01`. */
export function nextBlockId(state: SessionState, trialId: string): string {
  const prefix = `b${trialId.slice(1)}-`;
  const own = state.trials
    .flatMap((trial) => trial.measurements)
    .flatMap(({ data }) => data.turn?.block ?? [])
    .filter((block) => block.startsWith(prefix));
  return blockId(trialId, new Set(own).size + 1);
}

export function nextEvidenceId(state: SessionState): string {
  const last = [...state.evidence.keys()].at(-1);
  return evidenceId(last === undefined ? 1 : Number(last.slice(1)) + 1);
}

export function nextJobId(state: SessionState): string {
  return jobId(state.jobs.length + 1);
}

export function nextDiagnosisId(state: SessionState): string {
  const count = state.trials.reduce((sum, trial) => sum + trial.diagnoses.length, 0);
  return diagnosisId(count + 1);
}
