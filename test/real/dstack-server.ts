import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createProcessRunner } from '../../mcp-server/adapters/process/run.ts';
import { findFreePort } from '../../mcp-server/adapters/process/tcp-ports.ts';
import type { RunResult } from '../../mcp-server/ports/process-runner.ts';

/** The pinned dstack of scripts/real/requirements/dstack.txt. */
const DSTACK = fileURLToPath(new URL('../../.real/dstack/bin/dstack', import.meta.url));
export const TOKEN = 'real-test-token-0123456789';
/** `apply` that replaces a run waits until the server has ended it, which on a busy machine was seen to take more than a minute. */
const COMMAND_TIMEOUT_MS = 240_000;

/** A real dstack server on a free port with a home of its own, sqlite and no backend. */
export interface DstackServer {
  readonly url: string;
  readonly home: string;
  /** Folder that commands run in. */
  readonly folder: string;
  environment(more?: Record<string, string>): Record<string, string | undefined>;
  /** The raw command, as a person would call it. */
  dstack(
    args: readonly string[],
    options?: { readonly env?: Record<string, string>; readonly input?: string },
  ): Promise<RunResult>;
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  write(name: string, text: string): void;
  stop(): Promise<void>;
}

export async function startDstackServer(): Promise<DstackServer> {
  if (!existsSync(DSTACK)) throw new Error(`${DSTACK} is missing: test/real/setup.ts makes it`);
  const home = mkdtempSync(join(tmpdir(), 'ad-dstack-home-'));
  const folder = mkdtempSync(join(tmpdir(), 'ad-dstack-work-'));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    DSTACK,
    ['server', '--host', '127.0.0.1', '--port', String(port), '--token', TOKEN, '-y'],
    { env: { PATH: process.env['PATH'], HOME: home }, stdio: 'ignore', detached: true },
  );
  await waitForHealth(url, child);
  const runner = createProcessRunner();
  return {
    url,
    home,
    folder,
    environment: (more = {}) => ({
      PATH: process.env['PATH'],
      HOME: home,
      DSTACK_BIN: DSTACK,
      DSTACK_SERVER_URL: url,
      DSTACK_TOKEN: TOKEN,
      DSTACK_PROJECT: 'main',
      ...more,
    }),
    dstack: (args, options = {}) =>
      runner.run({
        command: DSTACK,
        args,
        cwd: folder,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: home,
          COLUMNS: '1000',
          NO_COLOR: '1',
          TERM: 'dumb',
          ...options.env,
        },
        timeoutMs: COMMAND_TIMEOUT_MS,
        ...(options.input === undefined ? {} : { input: options.input }),
      }),
    async post(path, body) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    },
    write: (name, text) => writeFileSync(join(folder, name), text),
    async stop() {
      if (child.pid !== undefined && isAlive(child)) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        process.kill(-child.pid, 'SIGTERM');
        await Promise.race([ended, sleep(10_000)]);
        if (isAlive(child)) process.kill(-child.pid, 'SIGKILL');
      }
      rmSync(home, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isAlive = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode === null && signalCode === null;

async function waitForHealth(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    if (child.exitCode !== null) throw new Error(`dstack server ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/healthcheck`).catch(() => null);
    if (answer?.ok === true) return;
    await sleep(250);
  }
  throw new Error('dstack server did not become healthy within a minute');
}
