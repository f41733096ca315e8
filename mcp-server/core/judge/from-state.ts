import { hasMoved } from '../ledger/instance.ts';
import type { DeploymentState, SessionState, TrialState } from '../ledger/state.ts';
import type { Purpose } from '../ledger/vocabulary.ts';
import { isInfrastructureFailure, ownDeployment, ownDeployments } from '../next-step/facts.ts';
import { isSpeculationFlag } from '../service/speculation-flag.ts';
import type { WorkloadSpec } from '../workload/workload.ts';
import type { JudgedSide, JudgeInput, Ruler } from './sides.ts';

/** Purposes of the runs that a trial is known by: its own, and those that measured it again later. */
export const OWN_PURPOSES: readonly Purpose[] = ['calibrate', 'trial', 'anchor'];

/** The runs of a trial that were made for these purposes at the contract's load points. */
export function sideOfTrial(trial: TrialState, purposes: readonly Purpose[]): JudgedSide {
  const prices = new Map(
    trial.deployments.map((one) => [one.deploymentId, one.ready?.priceUsdPerHour ?? null]),
  );
  return {
    trialId: trial.trialId,
    runs: trial.measurements
      .map((measurement) => measurement.data)
      .filter((run) => purposes.includes(run.purpose) && run.loadPointIndex !== null)
      .map((run) => ({
        measurement: run,
        priceUsdPerHour: prices.get(run.deploymentId) ?? null,
      })),
  };
}

/**
 * The reference's own runs and its anchors; where it ran on the very instance that the trial ran on as well as on others, those runs
 * alone, so that the machine is no part of the difference.
 */
export function referenceSideOf(reference: TrialState, trial: DeploymentState | null): JudgedSide {
  const side = sideOfTrial(reference, OWN_PURPOSES);
  const place = trial?.ready?.instance ?? null;
  if (place === null) return side;
  const moved = new Set(
    reference.deployments
      .filter(({ ready }) => ready !== null && hasMoved(ready.instance, place))
      .map((one) => one.deploymentId),
  );
  const here = side.runs.filter((run) => !moved.has(run.measurement.deploymentId));
  const isUsable = here.some((run) => run.measurement.flags.length === 0);
  return isUsable ? { ...side, runs: here } : side;
}

/** The ruler of a session. Null when: it was not calibrated. */
export function rulerOf(state: SessionState): Ruler | null {
  if (state.calibration === null) return null;
  const { objective, slo, loadPoints } = state.contract.terms;
  return {
    objective,
    slo,
    loadPointCount: loadPoints.length,
    spreads: state.calibration.spreads,
    calibratedOn: state.calibration.trialId,
  };
}

/**
 * The crash of a trial: it never served, or died under load. Null when: it served to the end, was never deployed, or was
 * measured in full before the place (not the engine) failed.
 */
export function crashOf(trial: TrialState, isFullyMeasured = false): JudgeInput['crash'] {
  const own = ownDeploymentOf(trial);
  const failed = own?.failed ?? null;
  if (own === null || failed === null) return null;
  if (isFullyMeasured && isInfrastructureFailure(own)) return null;
  return { crashClass: failed.crashClass, message: failed.message };
}

/** The deployment of a trial's own measurements, not of a confirmation or anchor. Null when: there is none. */
export function ownDeploymentOf(trial: TrialState): DeploymentState | null {
  return ownDeployment(trial);
}

/** Checks of the trial's answers on deployments of its own, not on a redeploy or in a confirmation. */
export function ownChecks(trial: TrialState): TrialState['quality'] {
  const own = new Set(ownDeployments(trial).map((one) => one.deploymentId));
  return trial.quality.filter((check) => own.has(check.deploymentId));
}

/** How often the trial was sent back to be measured again. */
export function retestsOf(trial: TrialState): number {
  return trial.judgements.filter((judgement) => judgement.verdict === 'retest').length;
}

/** The trial and those that it stands on, itself first; the baseline is left out. */
export function lineageOf(state: SessionState, trial: TrialState): readonly TrialState[] {
  const lineage: TrialState[] = [];
  let current: TrialState | undefined = trial;
  while (current !== undefined && current.planned.parentId !== null && !lineage.includes(current)) {
    lineage.push(current);
    const { parentId }: { parentId: string | null } = current.planned;
    current = state.trials.find((one) => one.trialId === parentId);
  }
  return lineage;
}

/** True when a change that can alter outputs lies between the trial and the baseline, so that their answers may differ. */
export const differsInOutputs = (state: SessionState, trial: TrialState): boolean =>
  lineageOf(state, trial).some((one) => one.planned.touchesQuality);

/**
 * True when the trial differs from what was last accepted by a change that can alter outputs: its own, or one that it
 * inherits from a parent which was never kept.
 */
export function canAlterOutputs(state: SessionState, trial: TrialState): boolean {
  const [own, ...inherited] = lineageOf(state, trial);
  const accepted = inherited.findIndex((one) => one.judgements.at(-1)?.verdict === 'keep');
  const open = accepted === -1 ? inherited : inherited.slice(0, accepted);
  return [own, ...open].some((one) => one?.planned.touchesQuality === true);
}

/** True when the trial is its reference with something taken away and nothing added. */
export function isSimplerThan(trial: TrialState, reference: TrialState): boolean {
  const { changes, parentId } = trial.planned;
  return (
    parentId === reference.trialId &&
    changes.length > 0 &&
    changes.every(({ kind }) => kind === 'remove_flag' || kind === 'remove_env')
  );
}

/**
 * Why the workload cannot speak about a trial's change. Null when: it can.
 * Source: docs/measuring.md, "How load is made".
 */
export function unfitnessOf(trial: TrialState, workload: WorkloadSpec | null): string | null {
  const speculates = trial.planned.changes.some(
    (change) => change.kind === 'set_flag' && isSpeculationFlag(change.flag),
  );
  if (!speculates || workload === null || workload.text === 'natural') return null;
  return `speculation is judged only on natural text, and the workload ${workload.id} is made of random words`;
}
