import { heldDeployments } from '../core/ledger/lookup.ts';
import type { DeploymentState } from '../core/ledger/state.ts';
import type { DeployHandle } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { backendOf, workPathOf } from './backend.ts';
import { noteReady } from './deploy-outcome.ts';
import { stopDeployment } from './stop-deployment.ts';

/** Ledgers that this process has already compared with the world. */
const compared = new WeakSet<LedgerWriter>();

/**
 * After a crash: compares the deployments that the ledger holds with what is really there, once per opened ledger. One
 * that serves is adopted; one that was intended and never made, or has ended, is declared gone with proof; one that
 * never became ready is stopped. Returns what it did, a line each.
 */
export async function reconcileDeployments(
  app: App,
  writer: LedgerWriter,
  call: Call,
): Promise<readonly string[]> {
  if (compared.has(writer) || app.jobs.running().length > 0) return [];
  compared.add(writer);
  const done: string[] = [];
  for (const deployment of heldDeployments(writer.state())) {
    done.push(await reconcileOne(app, writer, { deployment, call }));
  }
  return done;
}

async function reconcileOne(
  app: App,
  writer: LedgerWriter,
  place: { readonly deployment: DeploymentState; readonly call: Call },
): Promise<string> {
  const { deployment, call } = place;
  const { deploymentId } = deployment;
  const handle = deployment.handle ?? (await adopt(app, writer, deployment));
  const backend = backendOf(app, writer.state());
  const status =
    handle === null ? null : await backend.status(handle, call.signal).catch(() => null);
  if (status?.kind === 'ready' && deployment.failed === null) {
    if (deployment.ready === null) {
      await noteReady(app, writer, { backend, deploymentId, call, status });
    }
    return `${deploymentId} still serves and is used again.`;
  }
  // A backend that cannot be asked now says nothing about its deployment.
  if (handle !== null && status === null) return `${deploymentId} cannot be asked now.`;
  const reason = 'left over from a process that ended';
  const { proof } = await stopDeployment(app, writer, { deploymentId, reason, call });
  return `${deploymentId} is gone: ${proof.join('; ')}.`;
}

async function adopt(
  app: App,
  writer: LedgerWriter,
  deployment: DeploymentState,
): Promise<DeployHandle | null> {
  const { deploymentId, intended } = deployment;
  const handle = await backendOf(app, writer.state()).find(
    {
      sessionId: writer.sessionId,
      runName: intended.runName,
      workDir: `${app.files.sessionsDir}/${workPathOf(writer.sessionId, deploymentId)}`,
    },
    new AbortController().signal,
  );
  if (handle !== null) {
    await writer.append({ type: 'deploy_started', data: { deploymentId, handle } });
  }
  return handle;
}
