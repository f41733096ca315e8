import { ConfigError } from '../core/errors.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { Deploy, DeployRequest } from '../ports/deploy.ts';
import type { App } from './app.ts';

/** The backend that the contract names. Throws: ConfigError when this build has none of that name. */
export function backendOf(app: Pick<App, 'deploys'>, state: SessionState): Deploy {
  const { backend } = state.contract.terms;
  const deploy = app.deploys.get(backend);
  if (deploy !== undefined) return deploy;
  throw new ConfigError(`The backend ${backend} is not available here.`, {
    code: 'E_BACKEND',
    fix: `Use one of ${[...app.deploys.keys()].join(', ')} in a new contract.`,
  });
}

/** Folder of a deployment's logs and state, below sessions/. */
export function workPathOf(sessionId: string, deploymentId: string): string {
  return `${sessionId}/work/${deploymentId}`;
}

/** Everything the backend needs for one deployment of a trial. */
export function deployRequestOf(
  app: Pick<App, 'files'>,
  state: SessionState,
  deployment: {
    readonly trial: TrialState;
    readonly deploymentId: string;
    readonly runName: string;
    readonly serviceYaml: string;
    readonly deadlineAtMs: number;
  },
): DeployRequest {
  const { terms } = state.contract;
  const { trial, deploymentId, runName, serviceYaml, deadlineAtMs } = deployment;
  return {
    sessionId: state.sessionId,
    trialId: trial.trialId,
    deploymentId,
    runName,
    serviceYaml,
    workDir: `${app.files.sessionsDir}/${workPathOf(state.sessionId, deploymentId)}`,
    budget: state.budget,
    deadlineAtMs,
    idleMinutes: state.budget.idleMinutes,
    allowedHardware: terms.allowedHardware,
    launchSeed: launchSeedOf(terms.seeds.search, deploymentId),
    tags: {
      'autodebug-session': state.sessionId,
      'autodebug-trial': trial.trialId,
      'autodebug-deployment': deploymentId,
    },
    modelConfig: terms.model.config ?? null,
    loadPath: terms.loadPath,
  };
}

/** One seed per deployment, the same on replay: numbers of trial and ordinal mixed with the session's seed. */
function launchSeedOf(seed: number, deploymentId: string): number {
  const [trial = '0', ordinal = '0'] = deploymentId.slice(1).split('-');
  return (seed * 7919 + Number(trial) * 101 + Number(ordinal)) % 2 ** 31;
}
