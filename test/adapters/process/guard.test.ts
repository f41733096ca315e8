import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type GuardRequest,
  guardStatus,
  startGuarded,
  stopGuarded,
  touchLease,
} from '../../../mcp-server/adapters/process/guard.ts';
import { findGuarded, readGuardState } from '../../../mcp-server/adapters/process/guard-files.ts';
import { openCappedLog, readLogTail } from '../../../mcp-server/adapters/process/guard-log.ts';
import { refusal } from '../../fakes/refusal.ts';

let dir = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ad-guard-'));
});

afterEach(async () => {
  const handle = findGuarded(join(dir, 'state'));
  if (handle !== null) await stopGuarded(handle);
  rmSync(dir, { recursive: true, force: true });
});

const guarded = (script: string, change: Partial<GuardRequest> = {}) =>
  startGuarded({
    command: '/bin/sh',
    args: ['-c', script],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: dir,
    logFile: join(dir, 'engine.log'),
    stateDir: join(dir, 'state'),
    deadlineAtMs: Date.now() + 60_000,
    port: null,
    graceMs: 500,
    ...change,
  });

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100 && !(await isTrue()); tries += 1) await sleep(100);
}

describe('a guard', () => {
  test('notes the exit code of what it held, and keeps its output', async () => {
    const handle = await guarded('echo to stdout; echo to stderr >&2; exit 7');
    await until(async () => (await guardStatus(handle)).kind === 'ended');
    expect(await guardStatus(handle)).toMatchObject({
      kind: 'ended',
      endReason: 'exited',
      exitCode: 7,
      guardAlive: false,
      members: [],
    });
    const log = readFileSync(join(dir, 'engine.log'), 'utf8');
    expect(log.split('\n').toSorted()).toEqual(['', 'to stderr', 'to stdout']);
  });

  test('says why a program could not be started', async () => {
    const handle = await guarded('', { command: '/no/such/program' });
    await until(async () => (await guardStatus(handle)).kind === 'ended');
    expect(await guardStatus(handle)).toMatchObject({ endReason: 'spawn_failed', error: 'ENOENT' });
    expect(await stopGuarded(handle)).toMatchObject({ gone: true });
  });

  test('that cannot start itself starts nothing, and names its log', async () => {
    const env = { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: '--no-such-option' };
    const file = join(dir, 'ran');
    await expect(guarded(`touch ${file}`, { env })).rejects.toThrow(
      refusal('E_GUARD', 'ended with exit code 9', join(dir, 'state', 'guard.log')),
    );
    expect(existsSync(file)).toBe(false);
    expect(findGuarded(join(dir, 'state'))).toBeNull();
  });

  test('ends a group at its deadline by force where it must, and writes the proof', async () => {
    const handle = await guarded('trap "" TERM; sleep 60; sleep 60', {
      deadlineAtMs: Date.now() + 1000,
    });
    await until(async () => (await guardStatus(handle)).kind === 'ended');
    expect(readGuardState(handle.stateDir)).toMatchObject({
      phase: 'ended',
      endReason: 'deadline',
      proof: [`process group ${handle.pgid}: none`, 'ended by SIGKILL after the grace period'],
    });
  });

  test('when the guard itself was killed, stopping still ends the group and proves it', async () => {
    const handle = await guarded('sleep 60');
    process.kill(handle.guardPid, 'SIGKILL');
    await sleep(200);
    expect(await guardStatus(handle)).toMatchObject({ kind: 'running', guardAlive: false });
    expect(await stopGuarded(handle)).toMatchObject({ gone: true });
    expect(await guardStatus(handle)).toMatchObject({ kind: 'lost', members: [] });
  });

  test('a pid that belongs to another process by now is never touched', async () => {
    const handle = await guarded('sleep 60');
    await stopGuarded(handle);
    // This test's own process under the number of the guard and the group that are gone.
    const stale = {
      ...handle,
      guardPid: process.pid,
      guardStartedAt: '1',
      pgid: process.pid,
      groupStartedAt: '1',
    };
    expect(await stopGuarded(stale)).toMatchObject({ gone: true });
  });

  test('a touched lease keeps a deployment alive, a forgotten one ends it', async () => {
    const handle = await guarded('sleep 60', { idleMs: 3000 });
    for (let touches = 0; touches < 3; touches += 1) {
      await sleep(1200);
      touchLease(handle.stateDir);
    }
    expect(await guardStatus(handle)).toMatchObject({ kind: 'running' });
    await until(async () => (await guardStatus(handle)).kind === 'ended');
    expect(await guardStatus(handle)).toMatchObject({ endReason: 'idle' });
  });

  test('holding nothing here, it repeats its end command until that succeeds', async () => {
    const counter = join(dir, 'tries');
    writeFileSync(counter, '');
    const script = `echo x >> ${counter}; [ "$(wc -l < ${counter})" -ge 2 ]`;
    const handle = await guarded('', {
      command: null,
      deadlineAtMs: Date.now() + 300,
      atEnd: { command: '/bin/sh', args: ['-c', script], timeoutMs: 5000 },
    });
    await until(async () => (await guardStatus(handle)).kind === 'ended');
    expect(readFileSync(counter, 'utf8')).toBe('x\nx\n');
    expect(readGuardState(handle.stateDir)?.proof).toEqual(['end command: done']);
  }, 20_000);

  test('stopped by us, it does not run its end command: the caller has done so', async () => {
    const file = join(dir, 'ran');
    const handle = await guarded('', {
      command: null,
      atEnd: { command: '/bin/sh', args: ['-c', `touch ${file}`], timeoutMs: 5000 },
    });
    expect(await stopGuarded(handle)).toMatchObject({ gone: true });
    expect(existsSync(file)).toBe(false);
  });

  test('a folder without a guard, and one with a damaged state, hold none', async () => {
    expect(findGuarded(join(dir, 'nowhere'))).toBeNull();
    writeFileSync(join(dir, 'guard-state.json'), '{"version":1,');
    expect(findGuarded(dir)).toBeNull();
  });
});

describe('the capped log', () => {
  test('keeps the first part and the newest, within its size, and reads back whole lines', () => {
    const file = join(dir, 'capped.log');
    const log = openCappedLog(file, 3000);
    for (let line = 0; line < 1000; line += 1) log.write(Buffer.from(`line ${line}\n`));
    log.close();
    const sizes = ['', '.head', '.1'].map((suffix) => readFileSync(`${file}${suffix}`).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    expect(readFileSync(`${file}.head`, 'utf8')).toMatch(/^line 0\n/);
    const tail = readLogTail(file, 100);
    expect(tail).toMatch(/^line \d+\n/);
    expect(tail.endsWith('line 999\n')).toBe(true);
    expect(readLogTail(file, 100_000)).toContain('line 0\n');
  });

  test('an absent log reads as empty', () => {
    expect(readLogTail(join(dir, 'nothing.log'), 100)).toBe('');
  });
});
