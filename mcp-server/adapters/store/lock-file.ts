import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { PreconditionError } from '../../core/errors.ts';
import { isSameProcess, startTimeOf } from '../process/identity.ts';

const Owner = z.object({
  pid: z.number().int(),
  startTime: z.string().nullable(),
  host: z.string(),
  token: z.string(),
  at: z.string(),
});
type Owner = z.infer<typeof Owner>;

/** A takeover that takes longer than this was itself killed. Source: own reasoning; it lasts milliseconds. */
const TAKEOVER_STALE_MS = 10_000;

export interface LockFile {
  /** True while the file still names this holder. */
  isHeld(): boolean;
  /** Removes the file if it is still ours. Idempotent. */
  release(): void;
}

/**
 * Takes a lock file for this process. A lock whose process is gone, or whose pid now belongs to another, is stale and taken over.
 * Throws: PreconditionError `E_SESSION_LOCKED` naming the process that holds it.
 */
export function takeLock(path: string, what: string): LockFile {
  const owner: Owner = {
    pid: process.pid,
    startTime: startTimeOf(process.pid),
    host: hostname(),
    token: randomUUID(),
    at: new Date().toISOString(),
  };
  if (!createLock(path, owner)) takeOver(path, owner, what);
  return {
    isHeld: () => readOwner(path)?.token === owner.token,
    release: () => {
      if (readOwner(path)?.token === owner.token) rmSync(path, { force: true });
    },
  };
}

function createLock(path: string, owner: Owner): boolean {
  try {
    writeFileSync(path, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** The guard folder makes sure that of several processes that see a stale lock, one replaces it. */
function takeOver(path: string, owner: Owner, what: string): void {
  const guard = `${path}.takeover`;
  if (!enterGuard(guard)) throw lockedError(readOwner(path), what);
  try {
    const holder = readOwner(path);
    if (holder !== null && !isStale(holder)) throw lockedError(holder, what);
    rmSync(path, { force: true });
    if (!createLock(path, owner)) throw lockedError(readOwner(path), what);
  } finally {
    rmdirSync(guard);
  }
}

function enterGuard(guard: string): boolean {
  try {
    mkdirSync(guard);
    return true;
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
  try {
    if (Date.now() - statSync(guard).mtimeMs < TAKEOVER_STALE_MS) return false;
    rmdirSync(guard);
    mkdirSync(guard);
    return true;
  } catch {
    return false;
  }
}

function isStale(owner: Owner): boolean {
  return (
    owner.host === hostname() && !isSameProcess({ pid: owner.pid, startedAt: owner.startTime })
  );
}

/** Null when: the file is missing or was never finished. */
function readOwner(path: string): Owner | null {
  try {
    const parsed = Owner.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function lockedError(holder: Owner | null, what: string): PreconditionError {
  const who =
    holder === null
      ? 'another process'
      : `process ${holder.pid} on ${holder.host} (since ${holder.at})`;
  return new PreconditionError(`${what} is held by ${who}.`, {
    code: 'E_SESSION_LOCKED',
    fix: 'Use the server that holds it, or end that process; reading (autodebug status) needs no lock.',
    retryable: true,
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
