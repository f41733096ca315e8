import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endGroup } from './end-group.ts';
import {
  type EndReason,
  type GuardSpec,
  type GuardState,
  readSpec,
  stateFileOf,
  writeAtomically,
} from './guard-files.ts';
import { openCappedLog } from './guard-log.ts';
import { MARKER_VARIABLE, startTimeOf } from './identity.ts';
import { runProcess } from './run.ts';
import { isPortOpen } from './tcp-ports.ts';

const TICK_MS = 200;
/** How long the last output of an ended group may take to arrive. */
const DRAIN_MS = 1000;
/** Longest pause between two tries of `atEnd`. Source: own reasoning: a paid run must not wait an hour for a retry. */
const RETRY_MAX_MS = 60_000;
/** The last resort gives up after a day: what survives that needs a person. Source: own reasoning. */
const RETRY_FOR_MS = 24 * 3_600_000;

/** Body of the guard process: holds one deployment until it exits, its deadline, its idle lease, or a request (SIGTERM). */
export async function runGuard(specFile: string): Promise<void> {
  const spec = readSpec(specFile);
  const book = createBook(dirname(specFile), startTimeOf(process.pid));
  let stopAsked = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopAsked = true;
    });
  }
  const child = spec.child === null ? null : await startChild(spec, book);
  if (spec.child === null) book.note({});
  const reason = await waitForEnd(spec, child, () => stopAsked);
  await finish(spec, book, { reason, drained: child?.drained ?? Promise.resolve() });
}

interface Book {
  state(): GuardState;
  note(change: Partial<GuardState>): void;
}

function createBook(stateDir: string, guardStartedAt: string | null): Book {
  let state: GuardState = {
    version: 1,
    guardPid: process.pid,
    guardStartedAt,
    pgid: null,
    groupStartedAt: null,
    startedAtMs: Date.now(),
    phase: 'running',
    exitCode: null,
    signal: null,
    endReason: null,
    endedAtMs: null,
    proof: [],
    error: null,
  };
  return {
    state: () => state,
    note(change) {
      state = { ...state, ...change };
      writeAtomically(stateFileOf(stateDir), JSON.stringify(state));
    },
  };
}

interface Child {
  hasExited(): boolean;
  readonly failed: boolean;
  /** Resolves when all output has been read. */
  readonly drained: Promise<unknown>;
}

const NO_CHILD: Child = { hasExited: () => true, failed: true, drained: Promise.resolve() };

async function startChild(spec: GuardSpec, book: Book): Promise<Child> {
  if (spec.child === null) return NO_CHILD;
  const log = openCappedLog(spec.logFile, spec.logCapBytes);
  const child = spawn(spec.child.command, spec.child.args, {
    cwd: spec.cwd,
    env: { ...process.env, [MARKER_VARIABLE]: spec.marker },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk: Buffer) => log.write(chunk));
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk));
  const error = await spawned(child);
  if (error !== null || child.pid === undefined) {
    book.note({ error: error ?? 'no pid', endReason: 'spawn_failed' });
    return NO_CHILD;
  }
  const drained = new Promise((resolve) => child.once('close', resolve));
  let exited = false;
  child.once('exit', (exitCode, signal) => {
    exited = true;
    book.note({ exitCode, signal });
  });
  book.note({ pgid: child.pid, groupStartedAt: startTimeOf(child.pid) });
  return { hasExited: () => exited, failed: false, drained };
}

function spawned(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('spawn', () => resolve(null));
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
  });
}

async function waitForEnd(
  spec: GuardSpec,
  child: Child | null,
  isStopAsked: () => boolean,
): Promise<EndReason> {
  const startedAtMs = Date.now();
  for (;;) {
    if (child?.failed === true) return 'spawn_failed';
    if (isStopAsked()) return 'stop';
    if (child?.hasExited() === true) return 'exited';
    if (Date.now() >= spec.deadlineAtMs) return 'deadline';
    if (isIdle(spec, startedAtMs)) return 'idle';
    await sleep(TICK_MS);
  }
}

function isIdle(spec: GuardSpec, startedAtMs: number): boolean {
  if (spec.lease === null) return false;
  return Date.now() - (modifiedAtMs(spec.lease.file) ?? startedAtMs) >= spec.lease.idleMs;
}

function modifiedAtMs(file: string): number | null {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return null;
  }
}

async function finish(
  spec: GuardSpec,
  book: Book,
  end: { readonly reason: EndReason; readonly drained: Promise<unknown> },
): Promise<void> {
  const { reason, drained } = end;
  book.note({ phase: 'ending', endReason: reason });
  const { pgid } = book.state();
  const proof: string[] = [];
  if (pgid !== null) {
    const { left, forced } = await endGroup({ pgid, marker: spec.marker }, spec.graceMs);
    proof.push(`process group ${pgid}: ${left.length === 0 ? 'none' : `left ${left.join(' ')}`}`);
    if (forced) proof.push('ended by SIGKILL after the grace period');
  }
  await Promise.race([drained, sleep(DRAIN_MS)]);
  if (spec.port !== null) {
    proof.push(`port ${spec.port}: ${(await isPortOpen(spec.port)) ? 'open' : 'closed'}`);
  }
  if (spec.atEnd !== null && reason !== 'stop') proof.push(await runAtEnd(spec, book));
  book.note({ phase: 'ended', endedAtMs: Date.now(), proof });
}

async function runAtEnd(spec: GuardSpec, book: Book): Promise<string> {
  if (spec.atEnd === null) return '';
  const until = Date.now() + RETRY_FOR_MS;
  for (let pauseMs = 2000; ; pauseMs = Math.min(RETRY_MAX_MS, pauseMs * 2)) {
    const result = await runProcess({ ...spec.atEnd, cwd: spec.cwd });
    if (result.exitCode === 0) return 'end command: done';
    book.note({ error: `end command: exit ${result.exitCode ?? 'none'}` });
    if (Date.now() >= until) return 'end command: never succeeded';
    await sleep(pauseMs);
  }
}
