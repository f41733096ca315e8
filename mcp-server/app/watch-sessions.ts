import { heldDeployments, openJobs } from '../core/ledger/lookup.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { consumeControl } from './control.ts';
import type { OpenSessions } from './sessions.ts';
import { settleEnded } from './settle-ended.ts';
import { stopDeployments } from './stop-deployments.ts';

/** How often requests in `control/` are looked for. Source: own reasoning; a person waits for `autodebug stop`. */
const LOOK_EVERY_MS = 1000;

export interface WatchOptions {
  readonly app: App & { readonly sessions: OpenSessions };
  /** Monotonic time of the last tool call. */
  readonly lastActivityMs: () => number;
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/**
 * Watches the sessions that this process holds until the signal aborts: takes requests from `control/`, keeps the leases
 * of deployments that are in use, and stops what nobody asked for within the contract's idle minutes.
 */
export async function watchSessions(options: WatchOptions): Promise<void> {
  const { app, signal } = options;
  const leaseRenewedMs = new Map<string, number>();
  while (!signal.aborted) {
    await app.clock.sleep(LOOK_EVERY_MS, signal);
    for (const writer of signal.aborted ? [] : app.sessions.writers()) {
      try {
        await consumeControl(app, writer);
        await tendDeployments(options, writer, leaseRenewedMs);
      } catch (error) {
        options.onError(error);
      }
    }
  }
}

async function tendDeployments(
  options: WatchOptions,
  writer: LedgerWriter,
  leaseRenewedMs: Map<string, number>,
): Promise<void> {
  const { app } = options;
  const state = writer.state();
  if (heldDeployments(state).length === 0) return;
  const nowMs = app.clock.monotonicMs();
  const idleMs = state.budget.idleMinutes * 60_000;
  const isBusy = openJobs(state).length > 0;
  if (!isBusy && nowMs - options.lastActivityMs() > idleMs) {
    const silent: Call = { signal: options.signal, onProgress: () => undefined };
    await stopDeployments(app, { session_id: writer.sessionId, final: false, wait_s: 45 }, silent);
    return;
  }
  const renewedMs = leaseRenewedMs.get(writer.sessionId) ?? Number.NEGATIVE_INFINITY;
  if (nowMs - renewedMs < idleMs / 3) return;
  leaseRenewedMs.set(writer.sessionId, nowMs);
  // Asking for the state of a deployment is what keeps its guard from ending it as idle.
  await settleEnded(app, writer, { signal: options.signal, onProgress: () => undefined });
}
