import { budgetRefusal, minutesAllowed } from '../core/budget/budget.ts';
import { BudgetError, InvalidInputError, PreconditionError } from '../core/errors.ts';
import { runName } from '../core/ledger/ids.ts';
import {
  baselineTrial,
  findTrial,
  heldDeployments,
  nextDeploymentId,
} from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { Purpose } from '../core/ledger/vocabulary.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import type { Deploy, DeployHandle, DeployRequest } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call } from './app.ts';
import { backendOf, deployRequestOf, workPathOf } from './backend.ts';
import { type DeployOutcome, describeOutcome, noteFailure, noteReady } from './deploy-outcome.ts';
import { serviceTextOf } from './service-text.ts';
import { waitUntilReady } from './wait-until-ready.ts';

export interface DeployArgs {
  readonly session_id?: string | undefined;
  readonly trial_id?: string | undefined;
  readonly wait_s: number;
}

export interface DeployAnswer extends Answer {
  readonly trialId: string;
  readonly status: 'ready' | 'failed' | 'running' | 'cancelled';
  readonly jobId: string;
  readonly outcome: Readonly<Record<string, unknown>> | null;
}

/** Tool `deploy`: starts a planned trial (or the baseline, or the best) as a job and waits a while for it. */
export async function deployTrial(app: App, args: DeployArgs, call: Call): Promise<DeployAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const trial = chooseTrial(writer.state(), args.trial_id);
  const purpose = purposeOf(writer.state(), trial);
  await refuseDeploy(app, writer, { trial });
  const job = await app.jobs.start(
    {
      writer,
      kind: 'deploy',
      trialId: trial.trialId,
      args: { trial_id: trial.trialId, purpose },
      waitS: args.wait_s,
    },
    call,
    async (context) => {
      const deployment = { trialId: trial.trialId, purpose, call: context };
      const outcome = await deployAndWait(app, writer, deployment);
      return { summary: describeOutcome(outcome), result: { ...outcome } };
    },
  );
  return {
    summary: job.summary,
    warnings: [],
    next: nextStep(writer.state(), app.clock.nowMs()),
    trialId: trial.trialId,
    status: statusOf(job.status, job.result),
    jobId: job.jobId,
    outcome: job.result,
  };
}

function statusOf(
  status: 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted',
  result: Readonly<Record<string, unknown>> | null,
): DeployAnswer['status'] {
  if (status === 'running' || status === 'cancelled') return status;
  return result?.['kind'] === 'ready' ? 'ready' : 'failed';
}

/** The trial that is meant: by id, `best`, `baseline`, or the newest planned one. */
function chooseTrial(state: SessionState, wanted: string | undefined): TrialState {
  if (wanted === 'baseline') return baselineTrial(state);
  if (wanted === 'best') return findTrial(state, bestId(state));
  if (wanted !== undefined) return refuseClosed(state, findTrial(state, wanted));
  const planned = state.trials.findLast((trial) => trial.phase === 'planned');
  if (planned !== undefined) return planned;
  throw new PreconditionError('No trial is planned.', {
    code: 'E_NOTHING_PLANNED',
    fix: 'Call plan_trial first, or name a trial: {"trial_id":"best"} or {"trial_id":"baseline"}.',
  });
}

function bestId(state: SessionState): string {
  if (state.bestId !== null) return state.bestId;
  throw new PreconditionError('There is no best trial yet.', {
    code: 'E_NO_BEST',
    fix: 'Deploy and calibrate the baseline first: {"trial_id":"baseline"}.',
  });
}

function refuseClosed(state: SessionState, trial: TrialState): TrialState {
  const isKept = trial.trialId === state.bestId || trial.planned.parentId === null;
  if (trial.closed === null || isKept) return trial;
  throw new InvalidInputError(`${trial.trialId} is closed (${trial.phase}).`, {
    code: 'E_TRIAL_CLOSED',
    fix: 'Plan a new trial with plan_trial; only the best and the baseline are deployed again.',
  });
}

function purposeOf(state: SessionState, trial: TrialState): Purpose {
  return trial.planned.parentId === null && state.calibration === null ? 'calibrate' : 'trial';
}

async function refuseDeploy(
  app: App,
  writer: LedgerWriter,
  { trial, beside }: { readonly trial: TrialState; readonly beside?: string | undefined },
): Promise<void> {
  const state = writer.state();
  const held = heldDeployments(state).find((one) => one.deploymentId !== beside);
  if (held !== undefined) {
    throw new PreconditionError(
      `${held.deploymentId} of ${held.trialId} still holds the hardware.`,
      { code: 'E_BUSY', fix: 'Call stop_deployments, then deploy again.' },
    );
  }
  refuseBudget(app, state, { trial, priceUsdPerHour: trial.planned.predicted.priceUsdPerHour });
}

function refuseBudget(
  app: App,
  state: SessionState,
  question: { readonly trial: TrialState; readonly priceUsdPerHour: number | null },
): void {
  const refusal = budgetRefusal(state, app.clock.nowMs(), {
    trialId: question.trial.trialId,
    priceUsdPerHour: question.priceUsdPerHour,
  });
  if (refusal === null) return;
  throw new BudgetError(refusal.message, {
    code: 'E_BUDGET',
    fix: 'A person may raise the budget in contract.yml and open the session again; else confirm the best and stop.',
  });
}

export interface DeployWish {
  readonly trialId: string;
  readonly purpose: Purpose;
  readonly call: Call;
  /** The one deployment that may run at the same time. */
  readonly beside?: string;
}

/**
 * Deploys a trial and waits until it serves or has failed. The intention is in the ledger before anything is started; a
 * deployment that failed, or was cancelled, is stopped and proven gone before this returns.
 * Throws: BudgetError, PreconditionError `E_BUSY`, DeployError.
 */
export async function deployAndWait(
  app: App,
  writer: LedgerWriter,
  { trialId, purpose, call, beside }: DeployWish,
): Promise<DeployOutcome> {
  const trial = findTrial(writer.state(), trialId);
  await refuseDeploy(app, writer, { trial, beside });
  const backend = backendOf(app, writer.state());
  const request = await planDeployment(app, writer, { trial, purpose });
  const plan = await backend.plan(request, call.signal);
  refuseBudget(app, writer.state(), { trial, priceUsdPerHour: plan.priceUsdPerHour });
  await writer.append({
    type: 'deploy_intended',
    data: {
      deploymentId: request.deploymentId,
      trialId,
      backend: backend.backend,
      runName: request.runName,
      deadlineAt: new Date(request.deadlineAtMs).toISOString(),
      maxUsdPerHour: priceLimit(
        backend,
        writer.state(),
        plan.priceUsdPerHour ?? trial.planned.predicted.priceUsdPerHour,
      ),
      purpose,
    },
  });
  const place = { backend, deploymentId: request.deploymentId, call };
  const handle = await startOrFail(app, writer, { ...place, request });
  if ('kind' in handle) return handle.outcome;
  const end = await waitUntilReady(app, writer, { ...place, handle: handle.handle });
  return end.kind === 'ready'
    ? noteReady(app, writer, { ...place, status: end })
    : noteFailure(app, writer, { ...place, handle: handle.handle, failure: end });
}

/** Most that an hour may cost in our books before the real price is known. Units: USD per hour. */
function priceLimit(backend: Deploy, state: SessionState, planned: number | null): number {
  return backend.paid ? state.budget.maxUsdPerHour : (planned ?? 0);
}

async function planDeployment(
  app: App,
  writer: LedgerWriter,
  { trial, purpose }: { readonly trial: TrialState; readonly purpose: Purpose },
): Promise<DeployRequest> {
  const state = writer.state();
  const nowMs = app.clock.nowMs();
  const deploymentId = nextDeploymentId(trial);
  const serviceYaml = await serviceTextOf(app, state, { trial, purpose });
  const minutes = minutesAllowed(state, nowMs, {
    trialId: trial.trialId,
    priceUsdPerHour: trial.planned.predicted.priceUsdPerHour,
  });
  // The folder exists from here on, and shows what was deployed.
  await app.files.writeOutput(
    `${workPathOf(state.sessionId, deploymentId)}/service.yml`,
    serviceYaml,
  );
  return deployRequestOf(app, state, {
    trial,
    deploymentId,
    runName: runName(state.sessionId, deploymentId),
    serviceYaml,
    deadlineAtMs: nowMs + minutes * 60_000,
  });
}

type Started =
  | { readonly handle: DeployHandle }
  | { readonly kind: 'failed'; readonly outcome: DeployOutcome };

/** A start that throws may still have created something: that is looked for and removed before the error goes on. */
async function startOrFail(
  app: App,
  writer: LedgerWriter,
  place: {
    readonly backend: Deploy;
    readonly deploymentId: string;
    readonly call: Call;
    readonly request: DeployRequest;
  },
): Promise<Started> {
  const { backend, deploymentId, call, request } = place;
  call.onProgress(`starting ${request.runName} on ${backend.backend}`);
  try {
    const handle = await backend.start(request, call.signal);
    await writer.append({ type: 'deploy_started', data: { deploymentId, handle } });
    return { handle };
  } catch (error) {
    const failure = { kind: 'start_failed', error } as const;
    const outcome = await noteFailure(app, writer, { ...place, handle: null, failure });
    return { kind: 'failed', outcome };
  }
}
