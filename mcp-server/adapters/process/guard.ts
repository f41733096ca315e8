import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeployError } from '../../core/errors.ts';
import type { StopProof } from '../../ports/deploy.ts';
import { endGroup, trySignal } from './end-group.ts';
import {
  type EndReason,
  findGuarded,
  type GuardCommand,
  type GuardHandle,
  type GuardSpec,
  type GuardState,
  readGuardState,
  readSpec,
  specFileOf,
  stateFileOf,
  writeAtomically,
} from './guard-files.ts';
import { isSameProcess, listMembers } from './identity.ts';
import { selfCommand } from './self-command.ts';
import { isPortOpen } from './tcp-ports.ts';

export interface GuardRequest {
  /** Null: nothing runs on this machine; the guard waits and runs `atEnd` (a deployment that lives elsewhere). */
  readonly command: string | null;
  readonly args: readonly string[];
  /** The whole environment of guard and child; secrets belong here and nowhere else. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
  /** Folder of its own; spec, state and the guard's own log lie in it. */
  readonly stateDir: string;
  readonly deadlineAtMs: number;
  readonly port: number | null;
  readonly graceMs?: number;
  readonly logCapBytes?: number;
  /** With `idleMs` the guard ends the deployment when `touchLease` was not called for so long. */
  readonly idleMs?: number;
  /** Run at deadline or idleness (not on `stopGuarded`) until it exits 0: stops and verifies in one program. */
  readonly atEnd?: GuardCommand;
}

export interface GuardStatus {
  /** `lost`: neither guard nor group is there and no end was written (both were killed, or the machine restarted). */
  readonly kind: 'running' | 'ending' | 'ended' | 'lost';
  readonly guardAlive: boolean;
  readonly members: readonly number[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly endReason: EndReason | null;
  readonly error: string | null;
}

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
/** Time for an engine to close its sockets and free its GPU. Source: own reasoning, engines take 1 to 5 s. */
const GRACE_MS = 10_000;
const LOG_CAP_BYTES = 64 * 1024 * 1024;

const leaseFileOf = (stateDir: string): string => join(stateDir, 'lease');
const guardLogOf = (stateDir: string): string => join(stateDir, 'guard.log');

/**
 * Starts a guard that spawns the command in a group and session of its own and outlives this process.
 * Returns once the guard has written its first state. Throws: DeployError `E_GUARD` when it never does.
 */
export async function startGuarded(request: GuardRequest): Promise<GuardHandle> {
  mkdirSync(request.stateDir, { recursive: true });
  rmSync(stateFileOf(request.stateDir), { force: true });
  const spec = specOf(request);
  writeAtomically(leaseFileOf(request.stateDir), '');
  writeAtomically(specFileOf(request.stateDir), JSON.stringify(spec, null, 1));
  const { command, args } = selfCommand('adapters/process/guard-main', [
    specFileOf(request.stateDir),
  ]);
  const output = openSync(guardLogOf(request.stateDir), 'a', 0o600);
  const guard = spawn(command, args, {
    cwd: request.stateDir,
    env: { ...request.env },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  guard.on('error', () => undefined);
  guard.unref();
  const handle = await waitForHandle(request.stateDir, () => guard.exitCode === null);
  if (handle !== null) return handle;
  if (guard.pid !== undefined) trySignal(guard.pid, 'SIGKILL');
  const how = guard.exitCode === null ? 'said nothing' : `ended with exit code ${guard.exitCode}`;
  throw new DeployError(`The guard process ${how} at its start, so nothing was started.`, {
    code: 'E_GUARD',
    fix: `Read ${guardLogOf(request.stateDir)}, then try again.`,
    retryable: true,
  });
}

function specOf(request: GuardRequest): GuardSpec {
  const lease = leaseFileOf(request.stateDir);
  return {
    version: 1,
    child: request.command === null ? null : { command: request.command, args: [...request.args] },
    cwd: request.cwd,
    logFile: request.logFile,
    logCapBytes: request.logCapBytes ?? LOG_CAP_BYTES,
    port: request.port,
    deadlineAtMs: request.deadlineAtMs,
    graceMs: request.graceMs ?? GRACE_MS,
    marker: randomBytes(8).toString('hex'),
    lease: request.idleMs === undefined ? null : { file: lease, idleMs: request.idleMs },
    atEnd: request.atEnd ?? null,
  };
}

async function waitForHandle(
  stateDir: string,
  isAlive: () => boolean,
): Promise<GuardHandle | null> {
  const until = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < until) {
    const handle = findGuarded(stateDir);
    if (handle !== null) return handle;
    if (!isAlive()) return findGuarded(stateDir);
    await sleep(POLL_MS);
  }
  return null;
}

/** Says that somebody still cares for the deployment. Never throws. */
export function touchLease(stateDir: string): void {
  try {
    const now = new Date();
    utimesSync(leaseFileOf(stateDir), now, now);
  } catch {
    // No lease: nothing to keep alive.
  }
}

/** What guard and group do now, from the books and the live processes. */
export async function guardStatus(handle: GuardHandle): Promise<GuardStatus> {
  const guardAlive = isGuardAlive(handle);
  const members = membersOf(handle);
  const state = readGuardState(handle.stateDir);
  const seen: Pick<GuardState, 'exitCode' | 'signal' | 'endReason' | 'error'> = state ?? UNSEEN;
  const { exitCode, signal, endReason, error } = seen;
  const facts = { guardAlive, members, exitCode, signal, endReason, error };
  if (state?.phase === 'ended') return { kind: 'ended', ...facts };
  if (!guardAlive && members.length === 0) return { kind: 'lost', ...facts };
  return { kind: state?.phase ?? 'running', ...facts };
}

const UNSEEN = { exitCode: null, signal: null, endReason: null, error: null };

/** Ends the deployment through its guard, or without it when it is dead, and proves it. Idempotent. */
export async function stopGuarded(handle: GuardHandle): Promise<StopProof> {
  const graceMs = readGrace(handle);
  if (isGuardAlive(handle)) {
    trySignal(handle.guardPid, 'SIGTERM');
    await waitForGuardEnd(handle, graceMs + 15_000);
  }
  if (handle.pgid !== null && membersOf(handle).length > 0) {
    await endGroup({ pgid: handle.pgid, marker: handle.marker }, graceMs);
  }
  return proveGone(handle);
}

function readGrace(handle: GuardHandle): number {
  try {
    return readSpec(specFileOf(handle.stateDir)).graceMs;
  } catch {
    return GRACE_MS;
  }
}

async function waitForGuardEnd(handle: GuardHandle, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  while (performance.now() < until) {
    if (!isGuardAlive(handle)) return;
    await sleep(POLL_MS);
  }
  trySignal(handle.guardPid, 'SIGKILL');
}

async function proveGone(handle: GuardHandle): Promise<StopProof> {
  const members = membersOf(handle);
  const proof: string[] = [];
  if (handle.pgid !== null) {
    proof.push(
      `process group ${handle.pgid}: ${members.length === 0 ? 'none' : `left ${members.join(' ')}`}`,
    );
  }
  const isOpen = handle.port !== null && (await isPortOpen(handle.port));
  if (handle.port !== null) proof.push(`port ${handle.port}: ${isOpen ? 'open' : 'closed'}`);
  const guardAlive = isGuardAlive(handle);
  proof.push(`guard ${handle.guardPid}: ${guardAlive ? 'alive' : 'none'}`);
  return { gone: members.length === 0 && !isOpen && !guardAlive, proof, costUsd: null };
}

const isGuardAlive = ({ guardPid, guardStartedAt }: GuardHandle): boolean =>
  isSameProcess({ pid: guardPid, startedAt: guardStartedAt });

/** Live members; a group id that another process holds by now is not ours. */
function membersOf(handle: GuardHandle): readonly number[] {
  if (handle.pgid === null) return [];
  const members = listMembers({ pgid: handle.pgid, marker: handle.marker });
  const isReused =
    members.includes(handle.pgid) &&
    !isSameProcess({ pid: handle.pgid, startedAt: handle.groupStartedAt });
  return isReused ? [] : members;
}
