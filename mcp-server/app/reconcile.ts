import { heldDeployments } from '../core/ledger/lookup.ts';
import type { DeploymentState } from '../core/ledger/state.ts';
import type { DeployHandle } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { backendOf, workPathOf } from './backend.ts';
import { noteReady } from './deploy-outcome.ts';
import type { OpenSessions } from './sessions.ts';
import { stopDeployment } from './stop-deployment.ts';

/** Ledgers that this process has compared with the world, or is comparing. */
const compared = new WeakMap<LedgerWriter, Promise<readonly string[]>>();

/**
 * After a crash: compares the deployments that the ledger holds with what is really there, once per opened ledger. One
 * that serves is adopted; one that was intended and never made, or has ended, is declared gone with proof; one that
 * never became ready is stopped. Returns what it did, a line each.
 */
export function reconcileDeployments(
  app: App,
  writer: LedgerWriter,
  call: Call,
): Promise<readonly string[]> {
  const known = compared.get(writer);
  if (known !== undefined) return known;
  const done = compareAll(app, writer, call);
  compared.set(writer, done);
  return done;
}

async function compareAll(app: App, writer: LedgerWriter, call: Call): Promise<readonly string[]> {
  const done: string[] = [];
  for (const deployment of heldDeployments(writer.state())) {
    done.push(await reconcileOne(app, writer, { deployment, call }));
  }
  return done;
}

/**
 * Sessions whose ledgers are compared with the world before their first use in this process. A comparison that fails
 * (an unreachable backend) is told to `onError` and blocks nobody: what the ledger holds stays held.
 */
export function reconcileOnUse(
  sessions: OpenSessions,
  options: { readonly app: () => App; readonly onError: (error: unknown) => void },
): OpenSessions {
  const silent: Call = { signal: new AbortController().signal, onProgress: () => undefined };
  return {
    ...sessions,
    use: async (sessionId) => {
      const writer = await sessions.use(sessionId);
      await reconcileDeployments(options.app(), writer, silent).catch(options.onError);
      return writer;
    },
    create: async (first) => {
      const writer = await sessions.create(first);
      // Nothing can be left over from before a session began.
      compared.set(writer, Promise.resolve([]));
      return writer;
    },
  };
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
