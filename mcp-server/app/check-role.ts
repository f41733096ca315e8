import type { DeploymentState, TrialState } from '../core/ledger/state.ts';
import { isBaseline } from '../core/next-step/facts.ts';

/** What the answers are for: to be compared with, to show what a redeploy changes, to be compared, to be compared once more. */
export type CheckRole = 'reference' | 'redeploy' | 'trial' | 'confirm';

/** The role of a check follows from what its deployment is for. */
export function checkRoleOf(trial: TrialState, deployment: DeploymentState): CheckRole {
  const { purpose } = deployment.intended;
  if (isBaseline(trial)) return purpose === 'anchor' ? 'redeploy' : 'reference';
  return purpose === 'confirm' ? 'confirm' : 'trial';
}
