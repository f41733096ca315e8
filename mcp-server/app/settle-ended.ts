import { heldDeployments } from '../core/ledger/lookup.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { backendOf } from './backend.ts';
import { stopDeployment } from './stop-deployment.ts';

/**
 * Looks at every deployment that the session holds, which renews their leases, and writes off those that ended by
 * themselves: at their deadline, by a crash, or by another hand. Their log is kept and they stop costing in our books.
 * Returns their ids.
 */
export async function settleEnded(
  app: App,
  writer: LedgerWriter,
  call: Call,
): Promise<readonly string[]> {
  const backend = backendOf(app, writer.state());
  const settled: string[] = [];
  for (const { deploymentId, handle, ready } of heldDeployments(writer.state())) {
    if (handle === null) continue;
    const status = await backend.status(handle, call.signal);
    // One that is still starting belongs to the job that waits for it.
    if (ready === null || status.kind === 'ready' || status.kind === 'starting') continue;
    const reason = status.kind === 'failed' ? `it ended: ${status.reason}` : 'it is gone';
    await stopDeployment(app, writer, { deploymentId, reason, call });
    settled.push(deploymentId);
  }
  return settled;
}
