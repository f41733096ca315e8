import { budgetRefusal } from '../budget/budget.ts';
import { allDeployments, heldDeployments, openJobs } from '../ledger/lookup.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import { anchorStep } from './anchor-steps.ts';
import {
  deployRefusal,
  type EndReason,
  endReason,
  isGoalReached,
  isPlateau,
  lastPrice,
  needsConfirmation,
} from './end-reason.ts';
import { type NextStep, stepOf as step } from './step.ts';
import { canJudge, judgeStep, trialStep, writeStep } from './trial-steps.ts';

/** Confirmations that may fail before the loop ends without one. Source: own reasoning. */
const MAX_FAILED_CONFIRMATIONS = 2;

/**
 * The one next thing to do: a pure function of the ledger's state and the time (docs/architecture.md).
 * A null tool means that nothing is left to do.
 */
export function nextStep(state: SessionState, nowMs: number): NextStep {
  const job = openJobs(state).at(-1);
  if (job !== undefined) {
    return step(
      'wait_job',
      { job_id: job.jobId, wait_s: 45 },
      `${job.started.kind} ${job.jobId} has not ended.`,
    );
  }
  const end = endOf(state, nowMs);
  if (end !== null) return windDown(state, nowMs, end);
  const open = openTrial(state);
  const within = open === null ? null : trialStep(state, open, nowMs);
  return within ?? betweenTrials(state, nowMs);
}

/** Why the session is ending or over. Null when: it goes on. */
export function endOf(state: SessionState, nowMs: number): EndReason | null {
  const end = state.stopped?.data ?? endReason(state, nowMs);
  if (end !== null) return end;
  const open = openTrial(state);
  if (open === null || trialStep(state, open, nowMs) !== null) return null;
  return outOfBudget(state, nowMs, open);
}

function outOfBudget(state: SessionState, nowMs: number, trial: TrialState): EndReason {
  const refusal = deployRefusal(state, trial, nowMs);
  return { reason: 'cap', detail: refusal?.message ?? 'The budget allows no further deployment.' };
}

/** The oldest trial that is not closed; one that has begun goes before one that is only planned. */
function openTrial(state: SessionState): TrialState | null {
  const open = state.trials.filter((trial) => trial.closed === null);
  return open.find((trial) => trial.deployments.length > 0) ?? open[0] ?? null;
}

function betweenTrials(state: SessionState, nowMs: number): NextStep {
  const held = heldDeployments(state)[0];
  if (held !== undefined) {
    return step(
      'stop_deployments',
      {},
      `No trial needs ${held.deploymentId}; hardware bills while nobody measures.`,
    );
  }
  if (state.trials.length === 0) {
    return step(
      'open_session',
      {},
      'The session has no baseline yet; opening it again plans t0000.',
    );
  }
  const wantsProof =
    isGoalReached(state) || (isPlateau(state) && state.contract.terms.onPlateau === 'stop');
  if (wantsProof && canConfirm(state, nowMs)) return confirmStep(state);
  return anchorStep(state, nowMs) ?? planStep(state);
}

function planStep(state: SessionState): NextStep {
  const why = isPlateau(state)
    ? 'The last trials brought nothing better: combine near misses, read past logs, be bolder, or probe another workload.'
    : 'Choose one change from diagnose and suggest_trials, with a hypothesis that can be refuted.';
  return step('plan_trial', {}, why);
}

function confirmStep(state: SessionState): NextStep {
  return step('confirm_best', {}, `${state.bestId} leads; only a fresh deployment proves it.`);
}

function canConfirm(state: SessionState, nowMs: number): boolean {
  if (!needsConfirmation(state)) return false;
  const failed = state.jobs.filter(
    (job) =>
      job.started.kind === 'confirm_best' && job.ended !== null && job.ended.status !== 'done',
  );
  if (failed.length >= MAX_FAILED_CONFIRMATIONS) return false;
  const question = { trialId: state.bestId ?? '', priceUsdPerHour: lastPrice(state) };
  return budgetRefusal(state, nowMs, question) === null;
}

/** The orderly end: finish what is measured, stop what runs, confirm the best, write the report. */
function windDown(state: SessionState, nowMs: number, end: EndReason): NextStep {
  const left = finishTrial(state) ?? finishSession(state, nowMs, end);
  if (left !== null) return { ...left, why: `${left.why} (ending: ${end.reason})`.slice(0, 300) };
  return step(null, {}, `Ended (${end.reason}): ${end.detail}`);
}

/** A verdict that needs no more hardware is still given; what cannot be decided any more is closed as abandoned. */
function finishTrial(state: SessionState): NextStep | null {
  const held = heldDeployments(state)[0];
  if (held !== undefined) {
    return step('stop_deployments', {}, `${held.deploymentId} is stopped and proven gone.`);
  }
  const open = state.trials.find((trial) => trial.closed === null);
  if (open === undefined) return null;
  return canJudge(state, open) ? judgeStep(open) : writeStep(state, open);
}

function finishSession(state: SessionState, nowMs: number, end: EndReason): NextStep | null {
  const mayConfirm = end.reason !== 'infrastructure' && !end.detail.includes('(now)');
  if (mayConfirm && canConfirm(state, nowMs)) return confirmStep(state);
  if (!isReleased(state)) {
    return step(
      'stop_deployments',
      { final: true },
      'What the session holds on the backend is given back, with proof.',
    );
  }
  if (state.reported === null) {
    return step('export_report', {}, 'What was found, what it cost, and where the files are.');
  }
  return null;
}

/** True when nothing was deployed since the session's own place on the backend was given back. */
function isReleased(state: SessionState): boolean {
  const last = allDeployments(state).at(-1);
  if (last === undefined) return true;
  return state.jobs.some(
    (job) =>
      job.started.kind === 'stop_deployments' &&
      job.started.args['final'] === true &&
      job.ended?.status === 'done' &&
      job.startedAt >= last.intendedAt,
  );
}
