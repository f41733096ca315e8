import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { consumeControl, requestStop, stopSession } from '../../mcp-server/app/control.ts';
import { deployAndWait } from '../../mcp-server/app/deploy-trial.ts';
import { stopDeployment } from '../../mcp-server/app/stop-deployment.ts';
import { watchSessions } from '../../mcp-server/app/watch-sessions.ts';
import { heldDeployments } from '../../mcp-server/core/ledger/lookup.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy, type FakeDeploy } from '../fakes/fake-deploy.ts';
import {
  CALL,
  createFastClock,
  createTestApp,
  openTestSession,
  SESSION_ID,
  type TestApp,
} from '../fakes/test-app.ts';

let test: TestApp;
let deploy: FakeDeploy;
let writer: LedgerWriter;

beforeEach(async () => {
  deploy = createFakeDeploy();
  test = createTestApp(deploy, { clock: createFastClock() });
  writer = await openTestSession(test, { idleMinutes: 10 });
  await deployAndWait(test.app, writer, { trialId: 't0000', purpose: 'calibrate', call: CALL });
});
afterEach(() => test.close());

/** Watches until the condition holds; the clock of the test skips every pause. */
async function watchUntil(holds: () => boolean, lastActivityMs: () => number): Promise<unknown[]> {
  const stop = new AbortController();
  const errors: unknown[] = [];
  const watching = watchSessions({
    app: test.app,
    lastActivityMs,
    signal: stop.signal,
    onError: (error) => errors.push(error),
  });
  for (let turn = 0; turn < 5000 && !holds(); turn += 1) await new Promise((r) => setTimeout(r, 1));
  stop.abort();
  await watching;
  return errors;
}

describe('a request to stop', () => {
  it('is carried out once by whoever holds the session: jobs, session, deployments', async () => {
    void test.app.jobs.start(
      { writer, kind: 'benchmark', trialId: 't0000', args: {}, waitS: 0 },
      CALL,
      (call) =>
        new Promise((_, reject) =>
          call.signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    const name = await requestStop(test.app, SESSION_ID, false);
    expect(await consumeControl(test.app, writer)).toBe(1);
    expect(await consumeControl(test.app, writer)).toBe(0);
    const state = writer.state();
    expect(state.stopped?.data.reason).toBe('person');
    expect(state.jobs[0]?.ended?.status).toBe('cancelled');
    expect(heldDeployments(state)).toEqual([]);
    expect(deploy.alive.size).toBe(0);
    const control = readdirSync(join(test.dir, 'sessions', SESSION_ID, 'control'));
    expect(control).toEqual([name, `${name}.done`]);
  });

  it('meets one that is stopped already: the deployment goes, and is paid, once', async () => {
    const request = { deploymentId: 'd0000-1', reason: 'test', call: CALL };
    const outcomes = await Promise.all([
      stopDeployment(test.app, writer, request),
      stopDeployment(test.app, writer, request),
    ]);
    expect(outcomes[1]).toEqual(outcomes[0]);
    const ledger = readFileSync(join(test.dir, 'sessions', SESSION_ID, 'ledger.jsonl'), 'utf8');
    expect(ledger.match(/"deployment_gone"/g)).toHaveLength(1);
    expect(deploy.stopped).toHaveLength(1);
  });

  it('can be repeated without harm', async () => {
    await stopSession(test.app, writer, true);
    await stopSession(test.app, writer, true);
    expect(writer.state().stopped?.data.detail).toContain('(now)');
    expect(deploy.stopped).toHaveLength(1);
  });

  it('is found by the watch', async () => {
    await requestStop(test.app, SESSION_ID, false);
    const nowMs = (): number => test.app.clock.monotonicMs();
    const errors = await watchUntil(() => heldDeployments(writer.state()).length === 0, nowMs);
    expect(errors).toEqual([]);
    expect(writer.state().stopped).not.toBeNull();
  });
});

describe('a session that nobody asks for', () => {
  it('has its deployment stopped after the idle minutes, and goes on existing', async () => {
    const lastActivityMs = test.app.clock.monotonicMs();
    await watchUntil(
      () => heldDeployments(writer.state()).length === 0,
      () => lastActivityMs,
    );
    const idleMinutes = (test.app.clock.monotonicMs() - lastActivityMs) / 60_000;
    expect(heldDeployments(writer.state())).toEqual([]);
    expect(idleMinutes).toBeGreaterThan(10);
    expect(writer.state().stopped).toBeNull();
  });

  it('keeps its deployment while calls come', async () => {
    let turns = 0;
    await watchUntil(
      () => turns > 1500, // 25 minutes of the test's clock
      () => {
        turns += 1;
        return test.app.clock.monotonicMs();
      },
    );
    expect(heldDeployments(writer.state())).toHaveLength(1);
  });
});
