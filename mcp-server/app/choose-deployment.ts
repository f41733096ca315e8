import { PreconditionError } from '../core/errors.ts';
import {
  activeDeployment,
  allDeployments,
  findDeployment,
  findTrial,
} from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState } from '../core/ledger/state.ts';

/**
 * The deployment that a reading call means: the named one, else the trial's latest, else the one that runs, else the last.
 * Throws: PreconditionError `E_NO_DEPLOYMENT` when nothing was ever deployed.
 */
export function chooseDeployment(
  state: SessionState,
  wish: { readonly trialId?: string | undefined; readonly deploymentId?: string | undefined },
): DeploymentState {
  if (wish.deploymentId !== undefined) return findDeployment(state, wish.deploymentId);
  const chosen =
    wish.trialId === undefined
      ? (activeDeployment(state) ?? allDeployments(state).at(-1))
      : findTrial(state, wish.trialId).deployments.at(-1);
  if (chosen !== undefined) return chosen;
  throw new PreconditionError(
    wish.trialId === undefined
      ? 'Nothing was deployed in this session yet.'
      : `${wish.trialId} was never deployed.`,
    { code: 'E_NO_DEPLOYMENT', fix: 'Call deploy first; get_status tells the next step.' },
  );
}
