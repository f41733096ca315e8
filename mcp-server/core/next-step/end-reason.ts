import { budgetRefusal, spending } from '../budget/budget.ts';
import type { EventData } from '../ledger/events.ts';
import { allDeployments } from '../ledger/lookup.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import { readMetric } from '../metrics/metric.ts';
import { isBaseline, isInfrastructureFailure } from './facts.ts';

export type EndReason = EventData<'session_stopped'>;

/** Trials without a new best after which the search has levelled off. Source: own reasoning. */
const PLATEAU_TRIALS = 6;
/** Trials without one that meets the SLO after which none is expected. Source: own reasoning. */
const INFEASIBLE_TRIALS = 12;
/** Deployments in a row that the place itself failed. Source: own reasoning. */
const INFRASTRUCTURE_FAILURES = 3;
/** Deployments that a confirmation takes: the three leaders, fresh. */
export const CONFIRM_DEPLOYMENTS = 3;

/** True when a best other than the baseline still has to be measured on a fresh deployment. */
export function needsConfirmation(state: SessionState): boolean {
  if (state.bestId === null || state.confirmed?.trialId === state.bestId) return false;
  const best = state.trials.find((trial) => trial.trialId === state.bestId);
  return best !== undefined && !isBaseline(best);
}

/**
 * Why the loop should end now (docs/architecture.md, "The loop ends only for"). Null when: it goes on.
 * A goal or a plateau counts only once the best is confirmed; asking for that is the next step's part.
 */
export function endReason(state: SessionState, nowMs: number): EndReason | null {
  return (
    infrastructureEnd(state) ??
    hardCapEnd(state, nowMs) ??
    infeasibleBaseline(state) ??
    (hasOpenTrial(state) ? null : searchEnd(state, nowMs))
  );
}

const hasOpenTrial = (state: SessionState): boolean =>
  state.trials.some((trial) => trial.closed === null && trial.phase !== 'planned');

function searchEnd(state: SessionState, nowMs: number): EndReason | null {
  return capEnd(state, nowMs) ?? goalEnd(state) ?? infeasibleSearch(state) ?? plateauEnd(state);
}

function infrastructureEnd(state: SessionState): EndReason | null {
  const last = allDeployments(state).slice(-INFRASTRUCTURE_FAILURES);
  if (last.length < INFRASTRUCTURE_FAILURES || !last.every(isInfrastructureFailure)) return null;
  const classes = [...new Set(last.map((one) => one.failed?.crashClass ?? '?'))].join(', ');
  return {
    reason: 'infrastructure',
    detail: `The last ${INFRASTRUCTURE_FAILURES} deployments failed before the engine could: ${classes}.`,
  };
}

/** Limits that hold even in the middle of a trial. */
function hardCapEnd(state: SessionState, nowMs: number): EndReason | null {
  const spent = spending(state, nowMs);
  const { budget } = state;
  if (spent.wallHours >= budget.maxWallHours) {
    return { reason: 'cap', detail: `${budget.maxWallHours} hours have passed.` };
  }
  if (budget.maxTotalUsd > 0 && spent.totalUsd >= budget.maxTotalUsd) {
    return { reason: 'cap', detail: `The budget of $${budget.maxTotalUsd.toFixed(2)} is spent.` };
  }
  return null;
}

/** Limits that one more trial would cross, with what the confirmation needs kept back. */
function capEnd(state: SessionState, nowMs: number): EndReason | null {
  const { budget } = state;
  const tried = state.trials.filter((trial) => !isBaseline(trial) && trial.closed !== null).length;
  if (budget.maxTrials !== undefined && tried >= budget.maxTrials) {
    return { reason: 'cap', detail: `${tried} of ${budget.maxTrials} trials are done.` };
  }
  const { deployments } = spending(state, nowMs);
  const kept = needsConfirmation(state)
    ? Math.min(CONFIRM_DEPLOYMENTS, budget.maxDeployments - 1)
    : 0;
  if (deployments >= budget.maxDeployments - kept) {
    return {
      reason: 'cap',
      detail: `${deployments} of ${budget.maxDeployments} deployments are used.`,
    };
  }
  const refusal = budgetRefusal(state, nowMs, {
    trialId: 'next',
    priceUsdPerHour: lastPrice(state),
  });
  return refusal === null ? null : { reason: 'cap', detail: refusal.message };
}

/** Why the budget does not pay for a trial's next deployment, at its own price or the latest one. Null when: it does. */
export function deployRefusal(
  state: SessionState,
  trial: TrialState,
  nowMs: number,
): ReturnType<typeof budgetRefusal> {
  const priceUsdPerHour = trial.planned.predicted.priceUsdPerHour ?? lastPrice(state);
  return budgetRefusal(state, nowMs, { trialId: trial.trialId, priceUsdPerHour });
}

/** Price of the latest deployment that had one. Null when: none was ready yet. Units: USD per hour. */
export function lastPrice(state: SessionState): number | null {
  return (
    allDeployments(state).findLast((one) => one.ready !== null)?.ready?.priceUsdPerHour ?? null
  );
}

function goalEnd(state: SessionState): EndReason | null {
  if (!isGoalReached(state) || needsConfirmation(state) || state.confirmed?.holds === false)
    return null;
  return {
    reason: 'goal',
    detail: `The goal of ${state.contract.terms.objective.goal} is met and confirmed.`,
  };
}

/** True when the best trial's mean objective is at the contract's goal, at every load point. */
export function isGoalReached(state: SessionState): boolean {
  const { objective } = state.contract.terms;
  const best = state.trials.find((trial) => trial.trialId === state.bestId);
  if (objective.goal === undefined || best === undefined) return false;
  const values = objectiveByLoadPoint(state, best);
  if (values.length === 0) return false;
  const { goal, direction } = objective;
  return values.every((value) => (direction === 'maximise' ? value >= goal : value <= goal));
}

function objectiveByLoadPoint(state: SessionState, trial: TrialState): readonly number[] {
  const { metric, quantile } = state.contract.terms.objective;
  const byPoint = new Map<number, number[]>();
  for (const { data } of trial.measurements) {
    if (data.purpose === 'probe' || data.loadPointIndex === null || data.flags.length > 0) continue;
    const price =
      trial.deployments.find((one) => one.deploymentId === data.deploymentId)?.ready
        ?.priceUsdPerHour ?? null;
    const value = readMetric(data.summary, { id: metric, quantile }, price);
    if (value !== null)
      byPoint.set(data.loadPointIndex, [...(byPoint.get(data.loadPointIndex) ?? []), value]);
  }
  return [...byPoint.values()].map(
    (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  );
}

function infeasibleBaseline(state: SessionState): EndReason | null {
  const baseline = state.trials.find(isBaseline);
  if (state.calibration !== null || (baseline?.closed ?? null) === null) return null;
  return {
    reason: 'infeasible',
    detail: 'The baseline itself could not be measured; nothing can be compared with it.',
  };
}

const tried = (state: SessionState): readonly TrialState[] =>
  state.trials.filter((trial) => !isBaseline(trial) && trial.judgements.length > 0);

function infeasibleSearch(state: SessionState): EndReason | null {
  const judged = tried(state).slice(-INFEASIBLE_TRIALS);
  if (judged.length < INFEASIBLE_TRIALS) return null;
  const isOut = judged.every((trial) =>
    ['slo', 'start'].includes(trial.judgements.at(-1)?.gate ?? ''),
  );
  if (!isOut) return null;
  return {
    reason: 'infeasible',
    detail: `None of the last ${judged.length} trials met the SLO; the report names the nearest.`,
  };
}

/** Trials judged since the best last moved. */
function trialsSinceBest(state: SessionState): number {
  const judged = tried(state);
  const bestIndex = judged.findIndex((trial) => trial.trialId === state.bestId);
  return judged.length - 1 - bestIndex;
}

/** True when the last trials brought no new best. */
export function isPlateau(state: SessionState): boolean {
  return trialsSinceBest(state) >= PLATEAU_TRIALS;
}

function plateauEnd(state: SessionState): EndReason | null {
  if (state.contract.terms.onPlateau !== 'stop' || !isPlateau(state)) return null;
  if (needsConfirmation(state)) return null;
  return {
    reason: 'plateau',
    detail: `${trialsSinceBest(state)} trials in a row brought nothing better.`,
  };
}
