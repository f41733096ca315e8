import { runName } from '../core/ledger/ids.ts';
import { nextTrialId } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { App } from './app.ts';
import { backendOf } from './backend.ts';
import type { PlanSubject } from './plan-subject.ts';

export interface PlanPrice {
  readonly usdPerHour: number | null;
  readonly warnings: readonly string[];
}

/** Price of the hardware: the parent's where the resources are the same, else the backend's own answer. */
export async function planPrice(
  app: Pick<App, 'deploys' | 'files' | 'clock'>,
  state: SessionState,
  plan: {
    readonly subject: PlanSubject;
    readonly parent: { readonly trial: TrialState; readonly subject: PlanSubject } | null;
    readonly signal: AbortSignal;
  },
): Promise<PlanPrice> {
  const { parent, subject } = plan;
  const isSame =
    parent !== null &&
    JSON.stringify(parent.subject.service.resources) === JSON.stringify(subject.service.resources);
  const known = isSame ? knownPrice(parent.trial) : null;
  if (known !== null) return { usdPerHour: known, warnings: [] };
  try {
    const answer = await backendOf(app, state).plan(
      priceRequest(app, state, subject.text),
      plan.signal,
    );
    return { usdPerHour: answer.priceUsdPerHour, warnings: answer.notes };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    return {
      usdPerHour: null,
      warnings: [`The price could not be asked for: ${why}`.slice(0, 400)],
    };
  }
}

function knownPrice(trial: TrialState): number | null {
  const paid = trial.deployments.findLast((deployment) => deployment.ready !== null)?.ready;
  return paid?.priceUsdPerHour ?? trial.planned.predicted.priceUsdPerHour;
}

function priceRequest(
  app: Pick<App, 'files' | 'clock'>,
  state: SessionState,
  serviceYaml: string,
): Parameters<ReturnType<typeof backendOf>['plan']>[0] {
  const trialId = nextTrialId(state);
  const deploymentId = `d${trialId.slice(1)}-1`;
  const { terms } = state.contract;
  return {
    sessionId: state.sessionId,
    trialId,
    deploymentId,
    runName: runName(state.sessionId, deploymentId),
    serviceYaml,
    workDir: `${app.files.sessionsDir}/${state.sessionId}`,
    budget: state.budget,
    deadlineAtMs: app.clock.nowMs() + state.budget.maxMinutesPerTrial * 60_000,
    idleMinutes: state.budget.idleMinutes,
    allowedHardware: terms.allowedHardware,
    launchSeed: terms.seeds.search,
    tags: {},
    modelConfig: terms.model.config ?? null,
  };
}
