import { AutodebugError } from '../core/errors.ts';
import { hasMoved } from '../core/ledger/instance.ts';
import { findDeployment } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState } from '../core/ledger/state.ts';
import type { Endpoint, Instance, Room } from '../core/ledger/vocabulary.ts';
import { cleanText } from '../core/redact.ts';
import type { Deploy, DeployHandle, DeploymentStatus } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { backendOf, workPathOf } from './backend.ts';
import { crashClassOf, type Failure, verdictOf } from './deploy-failure.ts';
import { keepHelp } from './image-help.ts';
import { readServerInfo } from './server-info.ts';
import { saveEngineLog, stopDeployment } from './stop-deployment.ts';

/** What a deployment came to. A crash is knowledge, not an error: it has its class and its log. */
export type DeployOutcome =
  | {
      readonly kind: 'ready';
      readonly deploymentId: string;
      readonly trialId: string;
      readonly endpoint: Endpoint;
      readonly instance: Instance;
      readonly priceUsdPerHour: number;
      readonly engineVersion: string | null;
      readonly landedElsewhere: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly deploymentId: string;
      readonly trialId: string;
      readonly phase: string;
      readonly crashClass: string;
      readonly message: string;
      readonly evidenceId: string | null;
      /** False when the teardown could not be proven: the deployment is still held and must be stopped. */
      readonly gone: boolean;
    };

interface Place {
  readonly backend: Deploy;
  readonly deploymentId: string;
  readonly call: Call;
}

/** Writes down a deployment that serves: where, on what, at which price, which engine. */
export async function noteReady(
  app: App,
  writer: LedgerWriter,
  place: Place & { readonly status: Extract<DeploymentStatus, { kind: 'ready' }> },
): Promise<DeployOutcome> {
  const { backend, deploymentId, status, call } = place;
  const deployment = findDeployment(writer.state(), deploymentId);
  const engineVersion = await readServerInfo(app, writer, {
    backend,
    deployment,
    endpoint: status.endpoint,
    signal: call.signal,
  });
  await keepHelp(app, writer, { backend, deployment, signal: call.signal });
  const before = lastInstance(writer.state(), deploymentId);
  const landedElsewhere = before !== null && hasMoved(before, status.instance);
  const { endpoint, instance, priceUsdPerHour } = status;
  const second = await askForRoom(writer.state(), place);
  await writer.append({
    type: 'deploy_ready',
    data: {
      deploymentId,
      endpoint,
      instance,
      priceUsdPerHour,
      engineVersion,
      landedElsewhere,
      simulated: backend.backend === 'simulated',
      ...(second === null ? {} : { second }),
    },
  });
  return {
    kind: 'ready',
    deploymentId,
    trialId: deployment.trialId,
    endpoint,
    instance,
    priceUsdPerHour,
    engineVersion,
    landedElsewhere,
  };
}

/** Whether another deployment could run beside this one. Null when: its handle is not known. */
async function askForRoom(state: SessionState, place: Place): Promise<Room | null> {
  const { handle } = findDeployment(state, place.deploymentId);
  if (handle === null) return null;
  const { holds, reason } = await place.backend.roomForSecond(handle, place.call.signal);
  return { holds, reason: cleanText(reason, 300) };
}

/** Instance of the last deployment that served before this one. Null when: there was none. */
function lastInstance(state: SessionState, deploymentId: string): Instance | null {
  const served = state.trials
    .flatMap((trial) => trial.deployments)
    .filter((one) => one.ready !== null && one.deploymentId !== deploymentId)
    .toSorted((a, b) => (a.readyAt ?? '').localeCompare(b.readyAt ?? ''));
  return served.at(-1)?.ready?.instance ?? null;
}

/**
 * Writes down a deployment that does not serve, its log first, then stops it and proves it gone.
 * Throws: what the start threw, once nothing of it is left; and PreconditionError for a cancelled one.
 */
export async function noteFailure(
  app: App,
  writer: LedgerWriter,
  place: Place & { readonly handle: DeployHandle | null; readonly failure: Failure },
): Promise<DeployOutcome> {
  const { deploymentId, failure } = place;
  const deployment = findDeployment(writer.state(), deploymentId);
  const log = await keepLog(app, writer, place);
  const verdict = verdictOf(failure);
  const failed = {
    deploymentId,
    phase: cleanText(verdict.phase, 40),
    crashClass: crashClassOf(writer.state(), { deployment, verdict, log: log.text }),
    message: cleanText(verdict.message, 500),
    evidenceId: log.evidenceId,
  };
  await writer.append({ type: 'deploy_failed', data: failed });
  const gone = await stopQuietly(app, writer, place);
  if (failure.kind === 'start_failed' && failure.error instanceof AutodebugError && gone) {
    throw failure.error;
  }
  return { kind: 'failed', trialId: deployment.trialId, ...failed, gone };
}

async function keepLog(
  app: App,
  writer: LedgerWriter,
  place: Place & { readonly handle: DeployHandle | null },
): Promise<{ readonly evidenceId: string | null; readonly text: string }> {
  const { backend, deploymentId } = place;
  const deployment = findDeployment(writer.state(), deploymentId);
  const handle = place.handle ?? (await findStarted(app, writer, deployment));
  if (handle === null) return { evidenceId: null, text: '' };
  return saveEngineLog(app, writer, { backend, handle, deployment });
}

/** A start that threw may have created something all the same. */
async function findStarted(
  app: App,
  writer: LedgerWriter,
  deployment: DeploymentState,
): Promise<DeployHandle | null> {
  const workPath = workPathOf(writer.sessionId, deployment.deploymentId);
  const handle = await backendOf(app, writer.state())
    .find(
      {
        sessionId: writer.sessionId,
        runName: deployment.intended.runName,
        workDir: `${app.files.sessionsDir}/${workPath}`,
      },
      new AbortController().signal,
    )
    .catch(() => null);
  if (handle !== null) {
    const { deploymentId } = deployment;
    await writer.append({ type: 'deploy_started', data: { deploymentId, handle } });
  }
  return handle;
}

async function stopQuietly(app: App, writer: LedgerWriter, place: Place): Promise<boolean> {
  const { deploymentId, call } = place;
  try {
    await stopDeployment(app, writer, { deploymentId, reason: 'it does not serve', call });
    return true;
  } catch (error) {
    if (error instanceof AutodebugError) return false;
    throw error;
  }
}

/** Two or three lines for a reader. */
export function describeOutcome(outcome: DeployOutcome): string {
  if (outcome.kind === 'failed') {
    const left = outcome.gone ? 'It is proven gone.' : 'It could NOT be proven gone.';
    return `${outcome.trialId} does not serve (${outcome.deploymentId}, ${outcome.crashClass}): ${outcome.message} ${left}`;
  }
  const where = outcome.instance.gpu ?? 'unknown hardware';
  const moved = outcome.landedElsewhere ? ' Other hardware than the deployment before.' : '';
  const version = outcome.engineVersion === null ? '' : `, engine ${outcome.engineVersion}`;
  return `${outcome.trialId} serves as ${outcome.deploymentId} on ${where} at $${outcome.priceUsdPerHour.toFixed(2)}/h${version}.${moved}`;
}
