import { findDeployment } from '../core/ledger/lookup.ts';
import type { Deploy, DeployHandle, DeploymentStatus } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';

const FIRST_PAUSE_MS = 200;
/** Longest pause between two looks, where a look is a local call. Source: own reasoning. */
const LOCAL_PAUSE_MS = 2000;
/** The same where a look asks a remote service. Source: dstack reference, poll every 5 to 10 s. */
const REMOTE_PAUSE_MS = 6000;
/** Looks in a row that may fail before the deployment counts as lost. Source: own reasoning. */
const MAX_BLIND_LOOKS = 20;

/** How waiting ended: ready, failed by itself, or given up by us. */
export type ReadyOrNot =
  | Extract<DeploymentStatus, { kind: 'ready' | 'failed' | 'gone' }>
  | { readonly kind: 'not_ready'; readonly phase: string; readonly minutes: number }
  | { readonly kind: 'cancelled'; readonly phase: string }
  | { readonly kind: 'unreadable'; readonly phase: string; readonly error: unknown };

interface Watched {
  readonly backend: Deploy;
  readonly deploymentId: string;
  readonly handle: DeployHandle;
  readonly call: Call;
}

/** Looks at a deployment, ever less often, until it serves, fails, or the contract's minutes to ready are over. */
export async function waitUntilReady(
  app: App,
  writer: LedgerWriter,
  watched: Watched,
): Promise<ReadyOrNot> {
  const deployment = findDeployment(writer.state(), watched.deploymentId);
  const minutes = writer.state().budget.maxMinutesToReady;
  const untilMs = Date.parse(deployment.startedAt ?? deployment.intendedAt) + minutes * 60_000;
  const longest = watched.backend.paid ? REMOTE_PAUSE_MS : LOCAL_PAUSE_MS;
  let phase = 'starting';
  let blindLooks = 0;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(longest, pauseMs * 1.5)) {
    const { signal } = watched.call;
    if (signal.aborted) return { kind: 'cancelled', phase };
    const look = await lookAt(watched);
    if ('error' in look) {
      blindLooks += 1;
      if (blindLooks >= MAX_BLIND_LOOKS) return { kind: 'unreadable', phase, error: look.error };
    } else {
      blindLooks = 0;
      if (look.kind !== 'starting') return look;
      phase = look.phase;
    }
    if (app.clock.nowMs() >= untilMs) return { kind: 'not_ready', phase, minutes };
    watched.call.onProgress(`${watched.deploymentId}: ${phase}`);
    await app.clock.sleep(pauseMs, signal);
  }
}

async function lookAt(watched: Watched): Promise<DeploymentStatus | { readonly error: unknown }> {
  try {
    return await watched.backend.status(watched.handle, watched.call.signal);
  } catch (error) {
    return { error };
  }
}
