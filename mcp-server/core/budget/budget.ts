import { heldDeployments } from '../ledger/lookup.ts';
import type { DeploymentState, SessionState } from '../ledger/state.ts';
import { idleCostUsd } from './idle-cost.ts';

/** What a session has cost so far: running deployments up to now, and instances that stood idle between them. */
export interface Spending {
  readonly totalUsd: number;
  /** What runs now costs per hour. */
  readonly hourUsd: number;
  readonly perTrialUsd: (trialId: string) => number;
  readonly deployments: number;
  readonly wallHours: number;
}

export interface BudgetRefusal {
  readonly check: string;
  readonly message: string;
}

/** A deployment that may live shorter than this is not worth its start. Source: own reasoning; one warm-up and one run. */
const MIN_USEFUL_MINUTES = 5;

/** Price per hour of a deployment: the one it got, else the most it was allowed to take. Units: USD per hour. */
function priceOf(deployment: DeploymentState): number {
  return deployment.ready?.priceUsdPerHour ?? deployment.intended.maxUsdPerHour;
}

/** Cost of one deployment up to now: its final bill once gone, else time since its start at its price. Units: USD. */
export function deploymentCostUsd(deployment: DeploymentState, nowMs: number): number {
  if (deployment.gone !== null) return deployment.gone.costUsd + deployment.gone.idleCostUsd;
  if (deployment.startedAt === null) return 0;
  const hours = Math.max(0, nowMs - Date.parse(deployment.startedAt)) / 3_600_000;
  return hours * priceOf(deployment);
}

/** Money and counts of a session at a time, by the ledger's own books. */
export function spending(state: SessionState, nowMs: number): Spending {
  const perTrial = new Map<string, number>();
  let deployments = 0;
  for (const trial of state.trials) {
    deployments += trial.deployments.length;
    const cost = trial.deployments.reduce((sum, one) => sum + deploymentCostUsd(one, nowMs), 0);
    perTrial.set(trial.trialId, cost);
  }
  return {
    totalUsd: [...perTrial.values()].reduce((sum, cost) => sum + cost, idleCostUsd(state, nowMs)),
    hourUsd: heldDeployments(state).reduce((sum, one) => sum + priceOf(one), 0),
    perTrialUsd: (trialId) => perTrial.get(trialId) ?? 0,
    deployments,
    wallHours: Math.max(0, nowMs - Date.parse(state.openedAt)) / 3_600_000,
  };
}

export interface DeploymentQuestion {
  readonly trialId: string;
  /** Null when: unknown; then the contract's highest price per hour is assumed. */
  readonly priceUsdPerHour: number | null;
}

/**
 * How long a new deployment may live before a limit of money or time would be crossed: its deadline.
 * Units: minutes, at most the contract's minutes per trial, at least 0.
 */
export function minutesAllowed(
  state: SessionState,
  nowMs: number,
  question: DeploymentQuestion,
): number {
  const { budget } = state;
  const spent = spending(state, nowMs);
  const price = question.priceUsdPerHour ?? budget.maxUsdPerHour;
  const forMoney = (usd: number): number => (price <= 0 ? Infinity : (usd / price) * 60);
  return Math.max(
    0,
    Math.min(
      budget.maxMinutesPerTrial,
      forMoney(budget.maxUsdPerTrial - spent.perTrialUsd(question.trialId)),
      forMoney(budget.maxTotalUsd - spent.totalUsd),
      (budget.maxWallHours - spent.wallHours) * 60,
    ),
  );
}

const usd = (value: number): string => `$${value.toFixed(2)}`;

/** Why the contract's budget forbids one more deployment. Null when: it does not. No tool can lift it. */
export function budgetRefusal(
  state: SessionState,
  nowMs: number,
  question: DeploymentQuestion,
): BudgetRefusal | null {
  const { budget } = state;
  const spent = spending(state, nowMs);
  if (spent.wallHours >= budget.maxWallHours) {
    return refusal(
      'max_wall_hours',
      `the session is ${spent.wallHours.toFixed(1)} h old; the contract allows ${budget.maxWallHours} h`,
    );
  }
  if (spent.deployments >= budget.maxDeployments) {
    return refusal(
      'max_deployments',
      `${spent.deployments} of ${budget.maxDeployments} deployments are used`,
    );
  }
  const price = question.priceUsdPerHour;
  if (price !== null && spent.hourUsd + price > budget.maxUsdPerHour + 1e-9) {
    return refusal(
      'max_usd_per_hour',
      `${usd(spent.hourUsd + price)} per hour would run; the contract allows ${usd(budget.maxUsdPerHour)}`,
    );
  }
  const minutes = minutesAllowed(state, nowMs, question);
  if (minutes >= Math.min(MIN_USEFUL_MINUTES, budget.maxMinutesPerTrial)) return null;
  return shortOfMoney(state, spent, question.trialId);
}

function shortOfMoney(state: SessionState, spent: Spending, trialId: string): BudgetRefusal {
  const { budget } = state;
  const onTrial = spent.perTrialUsd(trialId);
  if (budget.maxUsdPerTrial - onTrial < budget.maxTotalUsd - spent.totalUsd) {
    return refusal(
      'max_usd_per_trial',
      `${usd(onTrial)} of ${usd(budget.maxUsdPerTrial)} for ${trialId} is spent; the rest does not pay for ${MIN_USEFUL_MINUTES} minutes`,
    );
  }
  return refusal(
    'max_total_usd',
    `${usd(spent.totalUsd)} of ${usd(budget.maxTotalUsd)} is spent; the rest does not pay for ${MIN_USEFUL_MINUTES} minutes`,
  );
}

function refusal(check: string, message: string): BudgetRefusal {
  return { check, message: `Budget: ${message}.` };
}
