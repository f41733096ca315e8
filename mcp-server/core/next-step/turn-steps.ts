import { spending } from '../budget/budget.ts';
import { heldDeployments } from '../ledger/lookup.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import { CONFIRM_DEPLOYMENTS, deployRefusal } from './end-reason.ts';
import { jobsSince, ownDeployment } from './facts.ts';

/**
 * Why a trial that serves cannot take turns with the incumbent, deployed once more beside it: in words, without a full stop.
 * Null when: it can. Source: docs/verdicts.md.
 */
export function turnRefusal(state: SessionState, trial: TrialState, nowMs: number): string | null {
  const best = incumbentOf(state);
  if (best === null) return 'no incumbent is calibrated';
  if (best.trialId === trial.trialId) return `${trial.trialId} is the incumbent itself`;
  const own = ownDeployment(trial);
  if (own === null || own.ready === null || own.failed !== null || own.gone !== null) {
    return `${trial.trialId} is not deployed and ready`;
  }
  const { second } = own.ready;
  if (second === undefined) return 'the start of the deployment did not say whether two fit';
  if (!second.holds) return `${state.contract.terms.backend} holds one: ${second.reason}`;
  const other = heldDeployments(state).find((one) => one.deploymentId !== own.deploymentId);
  if (other !== undefined) return `${other.deploymentId} still holds hardware`;
  return unaffordable(state, best, nowMs);
}

/** The trial that takes turns with another. Null when: nothing is calibrated. */
export function incumbentOf(state: SessionState): TrialState | null {
  if (state.calibration === null) return null;
  return state.trials.find((trial) => trial.trialId === state.bestId) ?? null;
}

/** The same as advice: what failed since this deployment began is not asked for again. */
export function turnsAdvisedAgainst(
  state: SessionState,
  trial: TrialState,
  nowMs: number,
): string | null {
  const own = ownDeployment(trial);
  const since = { trialId: trial.trialId, at: own?.readyAt ?? trial.plannedAt };
  const failed = jobsSince(state, 'benchmark', since).some(
    (job) => job.started.args['in_turn'] === true && job.ended?.status === 'failed',
  );
  return failed ? 'that failed on this deployment' : turnRefusal(state, trial, nowMs);
}

/** Both run at once, so both prices count; what the confirmation needs is kept back. */
function unaffordable(state: SessionState, best: TrialState, nowMs: number): string | null {
  const refusal = deployRefusal(state, best, nowMs);
  if (refusal !== null) return refusal.message.replace(/\.$/, '');
  const left = state.budget.maxDeployments - spending(state, nowMs).deployments;
  return left > CONFIRM_DEPLOYMENTS
    ? null
    : `the ${left} deployments that are left are kept for the confirmation`;
}
