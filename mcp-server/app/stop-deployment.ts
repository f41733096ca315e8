import { deploymentCostUsd } from '../core/budget/budget.ts';
import { DeployError } from '../core/errors.ts';
import { findDeployment } from '../core/ledger/lookup.ts';
import type { DeploymentState } from '../core/ledger/state.ts';
import { cleanText } from '../core/redact.ts';
import type { Deploy, DeployHandle, StopProof } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { backendOf, workPathOf } from './backend.ts';
import { recordEvidence } from './record-evidence.ts';

/** Largest engine log that is kept as evidence. Source: own reasoning; the store caps and compresses as well. */
const LOG_BYTES = 4 * 1024 * 1024;
/** Tries before a deployment that will not go is reported. Source: own reasoning. */
const STOP_TRIES = 3;

export interface StopOutcome {
  readonly deploymentId: string;
  readonly proof: readonly string[];
  readonly costUsd: number;
}

export interface StopRequest {
  readonly deploymentId: string;
  readonly reason: string;
  readonly call: Call;
}

/** Teardowns under way: whoever asks for one meanwhile waits for it, so that a deployment is gone, and paid, once. */
const underWay = new WeakMap<LedgerWriter, Map<string, Promise<StopOutcome>>>();

/**
 * Stops one deployment of the session, proves that it is gone and writes its bill. Idempotent: one that is gone already
 * answers with its old proof. Throws: DeployError `E_NOT_GONE` when the proof fails; the ledger then still holds it.
 */
export async function stopDeployment(
  app: App,
  writer: LedgerWriter,
  request: StopRequest,
): Promise<StopOutcome> {
  const running = underWay.get(writer) ?? new Map<string, Promise<StopOutcome>>();
  underWay.set(writer, running);
  const known = running.get(request.deploymentId);
  if (known !== undefined) return known;
  const done = tearDown(app, writer, request);
  running.set(request.deploymentId, done);
  try {
    return await done;
  } finally {
    running.delete(request.deploymentId);
  }
}

async function tearDown(
  app: App,
  writer: LedgerWriter,
  request: StopRequest,
): Promise<StopOutcome> {
  const { deploymentId, reason, call } = request;
  const deployment = findDeployment(writer.state(), deploymentId);
  if (deployment.gone !== null) {
    return { deploymentId, proof: deployment.gone.proof, costUsd: deployment.gone.costUsd };
  }
  const backend = backendOf(app, writer.state());
  const handle = deployment.handle ?? (await findLost(app, writer, deployment));
  await writer.append({
    type: 'stop_intended',
    data: { deploymentId, reason: cleanText(reason, 200) },
  });
  call.onProgress(`stopping ${deploymentId}`);
  if (handle === null) {
    const proof = [`${deployment.intended.runName}: no deployment of that name exists`];
    return noteGone(app, writer, { deploymentId, proof: { gone: true, proof, costUsd: 0 } });
  }
  await saveEngineLog(app, writer, { backend, handle, deployment });
  const proof = await stopUntilGone(app, backend, handle);
  if (!proof.gone) throw refuseAlive(deployment, proof);
  return noteGone(app, writer, { deploymentId, proof });
}

/** Looks for a deployment whose start was never confirmed. */
async function findLost(
  app: App,
  writer: LedgerWriter,
  deployment: DeploymentState,
): Promise<DeployHandle | null> {
  const backend = backendOf(app, writer.state());
  const workPath = workPathOf(writer.sessionId, deployment.deploymentId);
  return backend.find(
    {
      sessionId: writer.sessionId,
      runName: deployment.intended.runName,
      workDir: `${app.files.sessionsDir}/${workPath}`,
    },
    NEVER,
  );
}

/** Teardown is not cancelled with the call that asked for it. */
const NEVER = new AbortController().signal;

async function stopUntilGone(app: App, backend: Deploy, handle: DeployHandle): Promise<StopProof> {
  let proof: StopProof = { gone: false, proof: [], costUsd: null };
  for (let tries = 0; tries < STOP_TRIES; tries += 1) {
    if (tries > 0) await app.clock.sleep(2000 * tries);
    proof = await backend.stop(handle, NEVER);
    if (proof.gone) return proof;
  }
  return proof;
}

function refuseAlive(deployment: DeploymentState, proof: StopProof): DeployError {
  const seen = cleanText(proof.proof.join('; '), 400);
  return new DeployError(`${deployment.deploymentId} could not be proven gone: ${seen}.`, {
    code: 'E_NOT_GONE',
    fix: `Call stop_deployments again; if it stays, end ${deployment.intended.runName} by hand: it may cost money.`,
    retryable: true,
  });
}

async function noteGone(
  app: App,
  writer: LedgerWriter,
  { deploymentId, proof }: { readonly deploymentId: string; readonly proof: StopProof },
): Promise<StopOutcome> {
  const held = findDeployment(writer.state(), deploymentId);
  const costUsd = proof.costUsd ?? deploymentCostUsd(held, app.clock.nowMs());
  const lines = proof.proof.map((line) => cleanText(line, 300));
  await writer.append({
    type: 'deployment_gone',
    data: { deploymentId, proof: lines, costUsd, idleCostUsd: 0 },
  });
  return { deploymentId, proof: lines, costUsd };
}

/** Keeps what the engine said; the log goes with the deployment. Returns the evidence id. */
export async function saveEngineLog(
  app: App,
  writer: LedgerWriter,
  place: {
    readonly backend: Deploy;
    readonly handle: DeployHandle;
    readonly deployment: DeploymentState;
  },
): Promise<{ readonly evidenceId: string; readonly text: string }> {
  const { backend, handle, deployment } = place;
  const text = await backend
    .logs(handle, { maxBytes: LOG_BYTES, signal: NEVER })
    .catch(() => '(the log could not be read)\n');
  const evidenceId = await recordEvidence(app, writer, {
    kind: 'engine_log',
    trialId: deployment.trialId,
    deploymentId: deployment.deploymentId,
    measurementId: null,
    name: `${deployment.deploymentId}-engine.log`,
    text: text === '' ? '(no output)\n' : text,
    source: `${backend.backend} log`,
    windowStartMs: Date.parse(deployment.intendedAt),
    windowEndMs: app.clock.nowMs(),
  });
  return { evidenceId, text };
}
