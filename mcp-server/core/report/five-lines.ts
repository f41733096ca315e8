import { spending } from '../budget/budget.ts';
import { heldDeployments, openJobs } from '../ledger/lookup.ts';
import type { SessionState } from '../ledger/state.ts';
import type { NextStep } from '../next-step/step.ts';
import { describeChange } from '../service/change.ts';

function bestLine(state: SessionState): string {
  const best = state.trials.find((trial) => trial.trialId === state.bestId);
  if (best === undefined) return 'Best: none yet.';
  const change = best.planned.changes.map(describeChange).join(', ') || 'the baseline';
  const confirmed = state.confirmed?.trialId === best.trialId && state.confirmed.holds;
  return `Best: ${best.trialId} (${change.slice(0, 160)}), ${confirmed ? 'confirmed' : 'not confirmed'}.`;
}

function aliveLine(state: SessionState): string {
  const held = heldDeployments(state).map((one) => one.deploymentId);
  const jobs = openJobs(state).map((job) => `${job.jobId} ${job.started.kind}`);
  return `Alive: deployments ${held.join(', ') || 'none'}; jobs ${jobs.join(', ') || 'none'}.`;
}

/** What a new conversation needs, in five lines: session, best, spent, alive, next. Pure; only our own words and ids. */
export function fiveLines(state: SessionState, next: NextStep, nowMs: number): string {
  const spent = spending(state, nowMs).totalUsd;
  const step =
    next.tool === null
      ? next.why
      : `call ${next.tool} with ${JSON.stringify(next.args).slice(0, 300)}. ${next.why}`;
  return [
    `autodebug session ${state.sessionId}: ${state.trials.length} trials, ${state.contract.terms.backend} backend.`,
    bestLine(state),
    `Spent: ${spent.toFixed(2)} of ${state.budget.maxTotalUsd.toFixed(2)} USD.`,
    aliveLine(state),
    `Next: ${step}`,
  ].join('\n');
}
