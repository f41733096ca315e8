import { hasDrifted } from '../judge/drift.ts';
import { heldDeployments } from '../ledger/lookup.ts';
import type { DeploymentState, SessionState, TrialState } from '../ledger/state.ts';
import { isBaseline, jobsSince, judgeable, measurementsNeeded } from './facts.ts';
import { type NextStep, stepOf as step } from './step.ts';
import { turnsAdvisedAgainst } from './turn-steps.ts';

/** Benchmarks of one deployment that may fail before it counts as broken. Source: own reasoning. */
const MAX_FAILED_BENCHMARKS = 2;

/** A trial, the deployment that it is known by, and the time. */
export interface Place {
  readonly trial: TrialState;
  readonly deployment: DeploymentState;
  readonly nowMs: number;
}

/** The runs that a serving trial still needs. Null when: it has them, or too many benchmarks of it failed. */
export function measureStep(
  state: SessionState,
  { trial, deployment, nowMs }: Place,
): NextStep | null {
  const since = { trialId: trial.trialId, at: deployment.readyAt ?? deployment.intendedAt };
  const failed = jobsSince(state, 'benchmark', since).filter(
    (job) => job.ended?.status === 'failed',
  );
  if (failed.length >= MAX_FAILED_BENCHMARKS) return null;
  if (isBaseline(trial)) {
    if (state.calibration !== null) return null;
    return step(
      'benchmark',
      { trial_id: trial.trialId, purpose: 'calibrate' },
      'Noise is measured first: the same configuration against itself.',
    );
  }
  const have = judgeable(trial).length;
  const need = measurementsNeeded(state, trial);
  if (have >= need) return null;
  const args = { trial_id: trial.trialId, purpose: 'trial' };
  const count = `${trial.trialId} has ${have} of ${need} measurements`;
  const cause = causeForTurns(state, trial);
  if (cause === null) return step('benchmark', args, `${count}.`);
  const against = turnsAdvisedAgainst(state, trial, nowMs);
  return against === null
    ? step(
        'benchmark',
        { ...args, in_turn: true },
        `${count}; ${cause}: it takes turns with ${state.bestId}, so that drift falls out.`,
      )
    : step('benchmark', args, `${count}; ${cause}, not in turn with ${state.bestId}: ${against}.`);
}

/** Why runs should take turns with the incumbent. Null when: nothing asks for it. */
function causeForTurns(state: SessionState, trial: TrialState): string | null {
  if (trial.judgements.at(-1)?.verdict === 'retest') return 'a retest';
  return hasDrifted(state) ? 'a redeploy drifted' : null;
}

/** What a process that ended left beside a trial: an incumbent that took turns with it. */
export function strayStep(state: SessionState, deployment: DeploymentState): NextStep | null {
  const stray = heldDeployments(state).find((one) => one.deploymentId !== deployment.deploymentId);
  if (stray === undefined) return null;
  return step(
    'stop_deployments',
    { deployments: [stray.deploymentId] },
    `${stray.deploymentId} was left over beside ${deployment.deploymentId}; nothing is asked of it.`,
  );
}
