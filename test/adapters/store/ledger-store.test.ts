import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../mcp-server/adapters/clock/sha256-hasher.ts';
import { createSystemClock } from '../../../mcp-server/adapters/clock/system-clock.ts';
import { openLedgerFile } from '../../../mcp-server/adapters/store/ledger-file.ts';
import { createLedgerStore } from '../../../mcp-server/adapters/store/ledger-store.ts';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import type { LedgerStore, LedgerWriter } from '../../../mcp-server/ports/ledger-store.ts';
import { jobStarted, opened, planned, SESSION_ID } from '../../fakes/ledger-events.ts';
import { refusal } from '../../fakes/refusal.ts';

const SECRET = 'hunter2-hunter2-hunter2';
let sessionsDir: string;
let ledgerFile: string;

const newStore = (): LedgerStore =>
  createLedgerStore({ sessionsDir, clock: createSystemClock(), hash: sha256, secrets: [SECRET] });

async function createSession(...more: NewEvent[]): Promise<LedgerWriter> {
  const first = opened();
  if (first.type !== 'session_opened') throw new Error('unreachable');
  const writer = await newStore().create(first);
  await writer.append(...more);
  return writer;
}

const lines = (): string[] => readFileSync(ledgerFile, 'utf8').split('\n').slice(0, -1);

beforeEach(() => {
  sessionsDir = mkdtempSync(join(tmpdir(), 'ad-ledger-'));
  ledgerFile = join(sessionsDir, SESSION_ID, 'ledger.jsonl');
});
afterEach(() => rmSync(sessionsDir, { recursive: true, force: true }));

describe('the ledger on disk', () => {
  it('chains every line to the one before it', async () => {
    const writer = await createSession(planned('t0000'), planned('t0001'));
    await writer.close();
    const [first, second, third] = lines().map((line) => JSON.parse(line));
    expect(first).toMatchObject({ v: 1, seq: 1, type: 'session_opened', prev: '0'.repeat(64) });
    expect(second.prev).toBe(sha256(lines()[0] ?? ''));
    expect(third).toMatchObject({ seq: 3, prev: sha256(lines()[1] ?? '') });
  });

  it('reads back what the writer holds, without a lock, while it is written', async () => {
    const writer = await createSession(planned('t0000'));
    const reader = newStore();
    expect((await reader.read(SESSION_ID)).state).toEqual(writer.state());
    await writer.append(planned('t0001'));
    const again = await reader.read(SESSION_ID);
    expect(again.state).toEqual(writer.state());
    expect(again.warnings).toEqual([]);
    expect(again.events.map((event) => event.seq)).toEqual([1, 2, 3]);
    await writer.close();
  });

  it('drops a torn last line with a warning, and the next writer cuts it off', async () => {
    const writer = await createSession(planned('t0000'));
    await writer.close();
    const whole = readFileSync(ledgerFile, 'utf8');
    appendFileSync(ledgerFile, '{"v":1,"seq":3,"at":"2026-');
    const torn = await newStore().read(SESSION_ID);
    expect(torn.state.trials).toHaveLength(1);
    expect(torn.warnings.join(' ')).toMatch(/torn \(26 characters\)/);
    const next = await newStore().open(SESSION_ID);
    expect(readFileSync(ledgerFile, 'utf8')).toBe(whole);
    await next.append(planned('t0001'));
    await next.close();
    expect((await newStore().read(SESSION_ID)).warnings).toEqual([]);
  });

  it('says where a chain is broken and still reads it', async () => {
    const writer = await createSession(planned('t0000'), planned('t0001'));
    await writer.close();
    writeFileSync(
      ledgerFile,
      readFileSync(ledgerFile, 'utf8').replace('requests queue', 'requests jump'),
    );
    const read = await newStore().read(SESSION_ID);
    expect(read.warnings.join(' ')).toMatch(/broken at line 3/);
    expect(read.state.trials).toHaveLength(2);
  });

  it('keeps an unknown event, ignores it and says so', async () => {
    const writer = await createSession(planned('t0000'));
    await writer.close();
    const prev = sha256(lines().at(-1) ?? '');
    const unknown = {
      v: 1,
      seq: 3,
      at: '2026-03-22T15:01:00.000Z',
      type: 'moon_landed',
      prev,
      data: { x: 1 },
    };
    appendFileSync(ledgerFile, `${JSON.stringify(unknown)}\n`);
    const next = await newStore().open(SESSION_ID);
    await next.append(planned('t0001'));
    await next.close();
    const read = await newStore().read(SESSION_ID);
    expect(read.state.unknownEvents).toEqual({ moon_landed: 1 });
    expect(read.warnings.join(' ')).toMatch(/unknown type moon_landed/);
    expect(lines()[2]).toContain('moon_landed');
  });

  it('reads lines of the first schema version', async () => {
    const writer = await createSession();
    await writer.close();
    writeFileSync(ledgerFile, readFileSync(ledgerFile, 'utf8').replace('{"v":1', '{"v":0'));
    expect((await newStore().read(SESSION_ID)).state.sessionId).toBe(SESSION_ID);
  });

  it.each([
    ['not JSON', 'oh no\n', /line 2 is not JSON/],
    ['another shape', '{"hello":1}\n', /line 2 is not a ledger event/],
    [
      'wrong data',
      `${JSON.stringify({ v: 1, seq: 2, at: 'x', type: 'deploy_started', prev: '', data: { deploymentId: 'nope' } })}\n`,
      /line 2 \(deploy_started\) has wrong data: data.deploymentId/,
    ],
  ])('names the line of a finished line that is %s', async (_case, line, message) => {
    const writer = await createSession();
    await writer.close();
    appendFileSync(ledgerFile, line);
    await expect(newStore().read(SESSION_ID)).rejects.toThrow(
      refusal('E_LEDGER_LINE', message, 'Restore line 2 from a copy'),
    );
  });

  it('never writes a secret, whether it is known by value or by shape', async () => {
    const writer = await createSession();
    await writer.append({
      type: 'trial_refused',
      data: {
        hypothesis: {
          change: SECRET,
          why: 'hf_abcdefghijklmnopqrstuvwx',
          evidence: [],
          expected: 'yes',
          refutedBy: 'none',
        },
        changes: [{ kind: 'set_env', name: 'HF_TOKEN', value: SECRET }],
        refusals: [],
      },
    });
    await writer.close();
    const text = readFileSync(ledgerFile, 'utf8');
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('hf_abcdefgh');
    expect(text).toContain('[redacted]');
  });

  it('shortens a message that is too long instead of losing the event', async () => {
    const writer = await createSession(planned('t0000'));
    await writer.append({
      type: 'session_stopped',
      data: { reason: 'person', detail: 'x'.repeat(5000) },
    });
    expect(writer.state().stopped?.data.detail).toHaveLength(400);
    await writer.close();
  });

  it('refuses an event with wrong data and writes nothing', async () => {
    const writer = await createSession();
    const wrong = planned('t0000', { trialId: 'nope' });
    await expect(writer.append(wrong)).rejects.toThrow(
      refusal('E_EVENT', /trial_planned has wrong data: .*trialId/, 'nothing was written'),
    );
    expect(lines()).toHaveLength(1);
    await writer.close();
  });

  it('refuses a session of a taken id and leaves the first as it was', async () => {
    const writer = await createSession(planned('t0000'));
    const before = readFileSync(ledgerFile, 'utf8');
    await expect(createSession()).rejects.toThrow(
      refusal('E_SESSION_EXISTS', `${SESSION_ID} exists already`, 'another contract'),
    );
    expect(readFileSync(ledgerFile, 'utf8')).toBe(before);
    await writer.append(planned('t0001'));
    await writer.close();
  });

  it('says that the disk is full, and that the event did not take effect', () => {
    const file = openLedgerFile('/dev/full', 0);
    expect(() => file.append('{}\n')).toThrow(
      refusal('E_LEDGER_WRITE', '(ENOSPC); the event did not take effect', 'Free disk space'),
    );
    file.close();
  });

  it('lists sessions by the time in their first line, and leaves out folders without one', async () => {
    const writer = await createSession();
    await writer.close();
    const store = newStore();
    expect(await store.list()).toEqual([SESSION_ID]);
    await expect(store.read('s260322-zzzzzz')).rejects.toThrow(/no session s260322-zzzzzz/);
    await expect(store.read('../../etc')).rejects.toThrow(/no session/);
  });
});

describe('the lock of a session', () => {
  it('is held by one writer at a time and named in the refusal', async () => {
    const writer = await createSession();
    await expect(newStore().open(SESSION_ID)).rejects.toThrow(
      new RegExp(`held by process ${process.pid} `),
    );
    await writer.close();
    const next = await newStore().open(SESSION_ID);
    await next.close();
  });

  it('is taken over when its process is gone, or when the pid belongs to another process now', async () => {
    const writer = await createSession();
    await writer.close();
    const lock = join(sessionsDir, SESSION_ID, 'lock');
    const owner = {
      pid: 2 ** 22 - 1,
      startTime: '1',
      host: (await import('node:os')).hostname(),
      token: 't',
      at: 'then',
    };
    writeFileSync(lock, JSON.stringify(owner));
    await (await newStore().open(SESSION_ID)).close();
    writeFileSync(lock, JSON.stringify({ ...owner, pid: process.pid }));
    await (await newStore().open(SESSION_ID)).close();
    writeFileSync(lock, '{"pid":');
    await (await newStore().open(SESSION_ID)).close();
  });

  it('makes a writer that lost it stop writing', async () => {
    const writer = await createSession();
    rmSync(join(sessionsDir, SESSION_ID, 'lock'));
    const other = await newStore().open(SESSION_ID);
    await expect(writer.append(planned('t0000'))).rejects.toThrow(
      refusal('E_LOCK_LOST', `${SESSION_ID} is no longer held`, 'get_status'),
    );
    await other.append(planned('t0000'));
    expect(lines()).toHaveLength(2);
    await other.close();
  });
});

describe('SIGKILL in the middle of appending', () => {
  it('loses nothing that was acknowledged, and the next writer goes on', async () => {
    const script = fileURLToPath(new URL('../../fakes/append-loop-main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, sessionsDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let acknowledged = '';
    child.stdout.on('data', (chunk) => {
      acknowledged += String(chunk);
      if (acknowledged.split('\n').length > 25) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.on('close', resolve));
    const last = acknowledged.split('\n').at(-2) ?? '';
    const store = newStore();
    const writer = await store.open(SESSION_ID);
    const ids = writer.state().jobs.map((job) => job.jobId);
    expect(ids).toContain(last);
    await writer.append(jobStarted('j9999', 'deploy'));
    await writer.close();
    expect((await newStore().read(SESSION_ID)).warnings).toEqual([]);
  });
});
