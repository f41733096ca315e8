import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import { verify } from '../../mcp-server/app/verify.ts';
import { writeSession } from '../../mcp-server/app/write-session.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { CALL, createTestApp, type TestApp } from '../fakes/test-app.ts';
import { measureTrial, openCalibrated } from './judged-session.ts';

const SESSION = 's260322-k3f9qa';
let test: TestApp;
beforeEach(async () => {
  test = createTestApp(createFakeDeploy());
  const writer = await openCalibrated(test);
  await measureTrial(test, writer, { tbotMs: 8 });
  await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
  const closing = { trial_id: 't0001', analysis: [], findings: [], planned_changes: [] };
  await writeSession(test.app, { ...closing, abandon: false }, CALL);
});
afterEach(() => test.close());

const path = (...parts: readonly string[]): string => join(test.dir, 'sessions', ...parts);
const ledger = (): string => path(SESSION, 'ledger.jsonl');

function changeLedger(from: string, to: string): void {
  const text = readFileSync(ledger(), 'utf8');
  expect(text.includes(from)).toBe(true);
  writeFileSync(ledger(), text.replace(from, to));
}

/** What another process sees, that has read nothing yet. */
const verifyFresh = (): ReturnType<typeof verify> => verify(test.reopen().app);

describe('verify', () => {
  it('finds nothing where nothing was changed, and says what each log rests on', async () => {
    const { failed, checked, logs } = await verifyFresh();
    expect(failed).toEqual([]);
    expect(checked).toBeGreaterThan(50);
    expect(logs).toEqual([{ file: expect.stringMatching(/^debug-/), families: ['client'] }]);
  });

  it('fails on a number changed in the ledger', async () => {
    changeLedger('"tbotMs":{"n":6,"mean":8', '"tbotMs":{"n":6,"mean":7');
    const { failed } = await verifyFresh();
    const names = failed.map((one) => one.name);
    expect(names).toContain('chain');
    expect(names).toContain('tbotMs.mean');
  });

  it('fails on stored evidence that nobody cites', async () => {
    const folder = path(SESSION, 'evidence', 't0001');
    const name = readdirSync(folder)[0] ?? '';
    writeFileSync(join(folder, name), gzipSync('{}\n'));
    const { failed } = await verifyFresh();
    expect(failed).toContainEqual(
      expect.objectContaining({ name: 'hash', found: expect.stringContaining('was changed') }),
    );
  });

  it('fails on a number changed in a session log', async () => {
    const name = readdirSync(path('.')).find((one) => one.startsWith('debug-')) ?? '';
    const text = readFileSync(path(name), 'utf8');
    writeFileSync(path(name), text.replace('tbotMs.p95=8]', 'tbotMs.p95=6]'));
    const { failed } = await verifyFresh();
    expect(failed[0]).toMatchObject({ file: name, name: 'tbotMs.p95', said: '6', found: '8' });
  });
});
