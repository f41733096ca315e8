import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DeploymentStatus } from '../../../ports/deploy.ts';
import { priceOf } from './cost.ts';
import { reachService } from './endpoint.ts';
import type { DstackHandle } from './handle.ts';
import type { Run } from './run-json.ts';
import { carriesOurTags, readRun } from './runs.ts';
import type { Connection } from './start.ts';
import { instanceOf, viewRun } from './status.ts';
import { writeApplied } from './write-applied.ts';

const readyFileOf = (workDir: string): string => join(workDir, 'ready');

/** Where one deployment is now: the run's record, then a request by its own URL. Throws: the classified error of a call that failed. */
async function watchRun(
  connection: Connection,
  handle: DstackHandle,
  signal: AbortSignal,
): Promise<DeploymentStatus> {
  const { cli, guard } = connection;
  guard.touch(handle.workDir);
  const ended = endedByGuard(connection, handle);
  if (ended !== null) return ended;
  const run = await readRun(cli, { project: handle.project, by: { id: handle.runId }, signal });
  if (run === null || !carriesOurTags(run, handle)) return { kind: 'gone' };
  const status = await statusOf(connection, handle, { run, signal });
  if (status.kind === 'ready') writeApplied(readyFileOf(handle.workDir), '');
  return status.kind === 'starting' ? lateStatus(connection, handle, status) : status;
}

function endedByGuard({ guard }: Connection, handle: DstackHandle): DeploymentStatus | null {
  const reason = guard.endReason(handle.workDir);
  if (reason !== 'deadline' && reason !== 'idle') return null;
  const why =
    reason === 'deadline' ? 'Its deadline passed' : 'Nobody asked for it within the idle time';
  return {
    kind: 'failed',
    phase: 'running',
    reason,
    exitCode: null,
    message: `${why} and the guard stopped it.`,
  };
}

async function statusOf(
  { credentials }: Connection,
  handle: DstackHandle,
  { run, signal }: { readonly run: Run; readonly signal: AbortSignal },
): Promise<DeploymentStatus> {
  const view = viewRun(run);
  if (view.kind !== 'probed') return view;
  const { healthPath, model } = handle;
  const reach = await reachService({ run, credentials, healthPath, model }, signal);
  if (reach.kind === 'waiting') return { kind: 'starting', phase: reach.phase };
  return {
    kind: 'ready',
    endpoint: reach.endpoint,
    instance: instanceOf(run),
    priceUsdPerHour: priceOf(run) ?? 0,
  };
}

/** Provisioning, pulling and loading have one deadline together; a service that has been ready once is past it. */
function lateStatus(
  { pace }: Connection,
  handle: DstackHandle,
  status: Extract<DeploymentStatus, { readonly kind: 'starting' }>,
): DeploymentStatus {
  if (pace.nowMs() < handle.readyByMs || existsSync(readyFileOf(handle.workDir))) return status;
  return {
    kind: 'failed',
    phase: status.phase,
    reason: 'deadline',
    exitCode: null,
    message: `It was not ready in time; the last phase was ${status.phase}.`,
  };
}

/** Looks at most once per interval, which grows while nothing changes: each look starts a Python program. */
export function createWatcher(intervalMs: { readonly first: number; readonly most: number }): {
  watch(
    connection: Connection,
    handle: DstackHandle,
    signal: AbortSignal,
  ): Promise<DeploymentStatus>;
  forget(runId: string): void;
} {
  const seen = new Map<string, { status: DeploymentStatus; untilMs: number; waitMs: number }>();
  return {
    async watch(connection, handle, signal) {
      const last = seen.get(handle.runId);
      const nowMs = connection.pace.nowMs();
      if (last !== undefined && nowMs < last.untilMs) {
        connection.guard.touch(handle.workDir);
        return last.status;
      }
      const status = await watchRun(connection, handle, signal);
      const isSame = last !== undefined && sameStatus(last.status, status);
      const waitMs = isSame ? Math.min(intervalMs.most, last.waitMs * 1.25) : intervalMs.first;
      seen.set(handle.runId, { status, untilMs: connection.pace.nowMs() + waitMs, waitMs });
      return status;
    },
    forget: (runId) => {
      seen.delete(runId);
    },
  };
}

function sameStatus(a: DeploymentStatus, b: DeploymentStatus): boolean {
  return a.kind === b.kind && !('phase' in a && 'phase' in b && a.phase !== b.phase);
}
