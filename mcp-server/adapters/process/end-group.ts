import { setTimeout as sleep } from 'node:timers/promises';
import { listMembers, type Membership } from './identity.ts';

const POLL_MS = 50;
/** How long SIGKILL may take to show, uninterruptible I/O of a GPU driver included. Source: own reasoning. */
const KILL_WAIT_MS = 10_000;

/** How a group ended; `left` are the pids that survived even SIGKILL. */
export interface GroupEnd {
  readonly forced: boolean;
  readonly left: readonly number[];
}

/** Ends every process of a deployment: SIGTERM, grace, SIGKILL. Idempotent; safe when nothing is left. */
export async function endGroup(membership: Membership, graceMs: number): Promise<GroupEnd> {
  if (await signalAndWait(membership, 'SIGTERM', graceMs)) return { forced: false, left: [] };
  await signalAndWait(membership, 'SIGKILL', KILL_WAIT_MS);
  return { forced: true, left: listMembers(membership) };
}

async function signalAndWait(
  membership: Membership,
  signal: 'SIGTERM' | 'SIGKILL',
  waitMs: number,
): Promise<boolean> {
  const until = performance.now() + waitMs;
  const told = new Set<number>();
  for (;;) {
    const members = listMembers(membership);
    if (members.length === 0) return true;
    // A process forked after the first round is told too, each only once.
    for (const pid of members.filter((member) => !told.has(member))) {
      told.add(pid);
      trySignal(pid, signal);
    }
    if (performance.now() >= until) return false;
    await sleep(POLL_MS);
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: ended between the look and the signal.
  }
}
