import { existsSync } from 'node:fs';
import { execa, type Options } from 'execa';
import type { ProcessRunner, RunRequest, RunResult } from '../../ports/process-runner.ts';

const KILL_GRACE_MS = 2000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Groups that still run, ended when this process exits in an orderly way. */
const live = new Set<number>();
let watchesExit = false;

/** ProcessRunner over execa: argv arrays, no shell, no inherited stdio, the whole group killed at the time-out. */
export function createProcessRunner(): ProcessRunner {
  return { run: runProcess };
}

/** Runs a program to its end and tells how it went; never rejects. */
export async function runProcess(request: RunRequest): Promise<RunResult> {
  const startedAt = performance.now();
  const child = execa(request.command, [...request.args], optionsOf(request));
  const group = child.pid ?? null;
  let timedOut = false;
  const end = (): void => killGroup(group);
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, request.timeoutMs);
  request.signal?.addEventListener('abort', end, { once: true });
  if (request.signal?.aborted === true) end();
  remember(group);
  const result = await child;
  clearTimeout(timer);
  request.signal?.removeEventListener('abort', end);
  if (group !== null) live.delete(group);
  return {
    exitCode: result.exitCode ?? null,
    stdout: textOf(result.stdout),
    stderr: textOf(result.stderr),
    timedOut,
    notFound: result.code === 'ENOENT' && isFolder(request.cwd),
    durationMs: performance.now() - startedAt,
  };
}

function optionsOf(request: RunRequest): Options & { reject: false } {
  return {
    reject: false,
    // Its own group, so that a time-out reaches grandchildren too.
    detached: true,
    cleanup: false,
    extendEnv: request.env === undefined,
    stripFinalNewline: false,
    maxBuffer: MAX_OUTPUT_BYTES,
    stdin: request.input === undefined ? 'ignore' : 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    ...(request.input === undefined ? {} : { input: request.input }),
    ...(request.env === undefined ? {} : { env: { ...request.env } }),
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  };
}

/** A missing working folder is told with the same code as a missing program. */
function isFolder(cwd: string | undefined): boolean {
  return cwd === undefined || existsSync(cwd);
}

function textOf(output: unknown): string {
  return typeof output === 'string' ? output : '';
}

function killGroup(group: number | null): void {
  if (group === null) return;
  signalGroup(group, 'SIGTERM');
  setTimeout(() => signalGroup(group, 'SIGKILL'), KILL_GRACE_MS).unref();
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: the group has ended.
  }
}

function remember(group: number | null): void {
  if (group === null) return;
  live.add(group);
  if (watchesExit) return;
  watchesExit = true;
  process.once('exit', () => {
    for (const pid of live) signalGroup(pid, 'SIGKILL');
  });
}
