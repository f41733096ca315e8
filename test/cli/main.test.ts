import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import {
  createTestApp,
  openTestSession,
  SERVICE,
  SESSION_ID,
  type TestApp,
} from '../fakes/test-app.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'mcp-server', 'main.ts');
const NOISY = fileURLToPath(new URL('../fakes/noisy-server-main.ts', import.meta.url));
const TSX = join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs');

let dir: string;

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--import', TSX, ...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'] ?? '', HOME: dir, NO_COLOR: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function finished(child: ChildProcess): Promise<Run> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

async function run(...args: string[]): Promise<Run> {
  const child = start([MAIN, ...args]);
  child.stdin?.end();
  return finished(child);
}

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'ad-cli-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the command line', () => {
  it('tells its version and its commands', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n' });
    const help = await run('--help');
    expect(help.code).toBe(0);
    for (const name of [
      'mcp',
      'init',
      'demo',
      'run',
      'bench',
      'status',
      'stop',
      'doctor',
      'hook',
      'verify',
      'report',
    ]) {
      expect(help.stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
  });

  it('ends with 2 for wrong usage and 3 where something must come first', async () => {
    expect(await run('status', '--speed')).toMatchObject({ code: 2, stdout: '' });
    expect(await run('fly')).toMatchObject({ code: 2 });
    const nothing = await run('status');
    expect(nothing.code).toBe(3);
    expect(nothing.stderr).toMatch(/^E_NO_SESSION: .* Fix: /);
  });

  it('looks this machine over and leaves no file behind', async () => {
    const clean = await run('doctor', '--json');
    expect(JSON.parse(clean.stdout).findings).toContainEqual(
      expect.objectContaining({ check: 'node', level: 'ok' }),
    );
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('a session seen from other processes', () => {
  let test: TestApp;

  beforeEach(async () => {
    test = createTestApp(createFakeDeploy(), { dir });
    writeFileSync(join(dir, 'service.yml'), SERVICE);
    await openTestSession(test);
  });
  afterEach(() => test.app.sessions.close());

  it('is told by status while a server holds it', async () => {
    const status = await run('status', '--json');
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({ sessionId: SESSION_ID, stopped: null });
  });

  it('is stopped here and now when no server holds it', async () => {
    await test.app.sessions.close();
    const stopped = await run('stop', '--json');
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      sessionId: SESSION_ID,
      by: 'here',
      stopped: true,
      deployments: [],
    });
    expect(stopped.code).toBe(0);
    expect((await test.app.ledgers.read(SESSION_ID)).state.stopped?.data.reason).toBe('person');
  });
});

describe('the server on stdio', () => {
  const send = (child: ChildProcess, message: object): void => {
    child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  };
  const initialize = {
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    },
  };

  it('writes nothing but JSON-RPC on stdout, whatever it is sent, and ends when its client does', async () => {
    const child = start([MAIN, 'mcp']);
    const ended = finished(child);
    send(child, initialize);
    send(child, { method: 'notifications/initialized' });
    child.stdin?.write('this is not JSON\n{"jsonrpc":"2.0","id":2}\n');
    send(child, {
      id: 3,
      method: 'tools/call',
      params: { name: 'get_status', arguments: { loud: true } },
    });
    send(child, { id: 4, method: 'no/such/method' });
    await new Promise<void>((resolve) => {
      let seen = '';
      child.stdout?.on('data', (chunk) => {
        seen += String(chunk);
        if (seen.includes('"id":4')) resolve();
      });
    });
    const closedAt = performance.now();
    child.stdin?.end();
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    // 400 ms on an idle machine; this one may be busy.
    expect(performance.now() - closedAt).toBeLessThan(1500);
    const replies = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const reply of replies) expect(reply.jsonrpc).toBe('2.0');
    const refused = replies.find((reply) => reply.id === 3);
    expect(refused.result.isError).toBe(true);
    expect(refused.result.content[0].text).toMatch(
      /^E_UNKNOWN_ARGUMENT: get_status does not know the argument "loud"/,
    );
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s', async (signal) => {
    const child = start([MAIN, 'mcp']);
    const ended = finished(child);
    send(child, initialize);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill(signal);
    expect((await ended).code).toBe(0);
  });

  it('keeps what its own process prints off stdout', async () => {
    const child = start([NOISY]);
    const { stdout, stderr } = await finished(child);
    expect(stdout).toBe('{"jsonrpc":"2.0","method":"ping","id":1}\n');
    expect(stderr).toMatch(/a banner\na progress bar\n.*bye/s);
  });
});
