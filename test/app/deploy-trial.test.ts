import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../mcp-server/adapters/clock/system-clock.ts';
import type { Call } from '../../mcp-server/app/app.ts';
import { deployAndWait, deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { reconcileDeployments, reconcileOnUse } from '../../mcp-server/app/reconcile.ts';
import { settleEnded } from '../../mcp-server/app/settle-ended.ts';
import { stopDeployment } from '../../mcp-server/app/stop-deployment.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import { DeployError } from '../../mcp-server/core/errors.ts';
import { heldDeployments } from '../../mcp-server/core/ledger/lookup.ts';
import { HELP_BEGIN, HELP_END } from '../../mcp-server/core/telemetry/help-block.ts';
import { createFakeDeploy, type FakeDeployScript, READY } from '../fakes/fake-deploy.ts';
import { refusal } from '../fakes/refusal.ts';
import {
  CALL,
  createFastClock,
  createTestApp,
  openTestSession,
  planTestTrial,
  type TestApp,
} from '../fakes/test-app.ts';

const apps: TestApp[] = [];

afterEach(async () => {
  for (const one of apps.splice(0)) await one.close();
});

function setUp(script: FakeDeployScript = {}, clock = createFastClock()) {
  const deploy = createFakeDeploy(script);
  const tested = createTestApp(deploy, { clock });
  apps.push(tested);
  return { deploy, tested, app: tested.app };
}

describe('deploy', () => {
  test('writes the intention before the start, waits, and answers with where it serves', async () => {
    const { tested, app, deploy } = setUp({
      statuses: [
        { kind: 'starting', phase: 'pulling' },
        { kind: 'starting', phase: 'loading' },
        READY,
      ],
    });
    const writer = await openTestSession(tested);
    const phases: string[] = [];
    const call: Call = { ...CALL, onProgress: (text) => phases.push(text) };
    const answer = await deployTrial(app, { wait_s: 30 }, call);
    expect(answer).toMatchObject({
      status: 'ready',
      trialId: 't0000',
      outcome: { deploymentId: 'd0000-1', engineVersion: '0.5.6', landedElsewhere: false },
    });
    expect(phases.join('\n')).toContain('loading');
    expect(deploy.started[0]).toMatchObject({ runName: 'ad-s260322-k3f9qa-t0000-1' });
    const { events } = await app.ledgers.read(writer.sessionId);
    const types = events.map((event) => event.type).filter((type) => type.startsWith('deploy_'));
    expect(types).toEqual(['deploy_intended', 'deploy_started', 'deploy_ready']);
    expect(answer.next?.tool).toBe('benchmark');
  });

  test("asks the image for its own flags on the session's first deployment, keeps them, and does not ask again", async () => {
    const help = [
      HELP_BEGIN,
      'usage: launch_server.py',
      '  --model-path MODEL_PATH',
      HELP_END,
    ].join('\n');
    const { tested, app, deploy } = setUp({
      backend: 'local',
      statuses: [READY],
      log: `set up\n${help}\nready\n`,
    });
    const writer = await openTestSession(tested);
    await deployTrial(app, { wait_s: 30 }, CALL);
    expect(deploy.started[0]?.serviceYaml).toContain('--help 2>&1');
    const kept = [...writer.state().evidence.values()].filter((one) => one.kind === 'engine_help');
    expect(kept).toHaveLength(1);
    await stopDeployments(app, { final: false, wait_s: 30 }, CALL);
    await deployTrial(app, { trial_id: 'baseline', wait_s: 30 }, CALL);
    expect(deploy.started[1]?.serviceYaml).not.toContain('--help');
  });

  test('refuses while another deployment is held, and names it and the way out', async () => {
    const { tested, app } = setUp();
    const writer = await openTestSession(tested);
    await deployTrial(app, { wait_s: 30 }, CALL);
    await planTestTrial(tested, writer, { trialId: 't0001', parentId: 't0000' });
    await expect(deployTrial(app, { wait_s: 30 }, CALL)).rejects.toMatchObject({
      code: 'E_BUSY',
      message: expect.stringContaining('d0000-1'),
      fix: expect.stringContaining('stop_deployments'),
    });
  });

  test('refuses by the budget before anything is intended', async () => {
    const { tested, app, deploy } = setUp({ priceUsdPerHour: 9 });
    const writer = await openTestSession(tested, { maxUsdPerHour: 5 });
    await expect(deployTrial(app, { wait_s: 30 }, CALL)).rejects.toMatchObject({
      code: 'E_BUDGET',
    });
    expect(deploy.started).toEqual([]);
    expect(writer.state().trials[0]?.deployments).toEqual([]);
  });

  test('refuses a trial whose file is gone, and starts nothing', async () => {
    const { tested, app, deploy } = setUp();
    const writer = await openTestSession(tested);
    rmSync(join(tested.dir, 'sessions', 'dstack-t0000.yml'));
    await expect(deployTrial(app, { wait_s: 30 }, CALL)).rejects.toThrow(
      refusal('E_NO_FILE', 'dstack-t0000.yml is gone', 'Put the file back'),
    );
    expect(deploy.started).toEqual([]);
    expect(heldDeployments(writer.state())).toEqual([]);
  });

  test('refuses an unknown trial, a best that is not there, and a session without a plan', async () => {
    const { tested, app } = setUp();
    await openTestSession(tested);
    await expect(deployTrial(app, { trial_id: 't0042', wait_s: 5 }, CALL)).rejects.toMatchObject({
      code: 'E_NO_TRIAL',
    });
    await expect(deployTrial(app, { trial_id: 'best', wait_s: 5 }, CALL)).rejects.toMatchObject({
      code: 'E_NO_BEST',
    });
    await deployTrial(app, { wait_s: 30 }, CALL);
    await stopDeployments(app, { final: false, wait_s: 30 }, CALL);
    await expect(deployTrial(app, { wait_s: 5 }, CALL)).rejects.toMatchObject({
      code: 'E_NOTHING_PLANNED',
    });
  });

  test('an engine that runs out of memory is an answer: class from its log, log as evidence, proven gone', async () => {
    const { tested, app, deploy } = setUp({
      statuses: [
        { kind: 'failed', phase: 'running', reason: 'exited', exitCode: 1, message: 'it exited' },
      ],
      log: 'Traceback (most recent call last):\n  File "x.py", line 1, in load_model\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n',
    });
    const writer = await openTestSession(tested);
    const answer = await deployTrial(app, { wait_s: 30 }, CALL);
    expect(answer).toMatchObject({
      status: 'failed',
      outcome: { crashClass: 'weights_do_not_fit', gone: true, evidenceId: 'e000001' },
    });
    expect(writer.state().trials[0]?.phase).toBe('crashed');
    expect(deploy.alive.size).toBe(0);
  });

  test('a service that never gets ready is stopped when the minutes of the contract are over', async () => {
    const { tested, app, deploy } = setUp({ statuses: [{ kind: 'starting', phase: 'loading' }] });
    const writer = await openTestSession(tested, { maxMinutesToReady: 2 });
    const outcome = await deployAndWait(app, writer, {
      trialId: 't0000',
      purpose: 'trial',
      call: CALL,
    });
    expect(outcome).toMatchObject({
      kind: 'failed',
      crashClass: 'never_ready',
      message: expect.stringContaining('2 minutes'),
      gone: true,
    });
    expect(deploy.alive.size).toBe(0);
  });

  test('a start that throws after it created something removes it, then tells the reason', async () => {
    const { tested, app, deploy } = setUp({
      startError: new DeployError('The backend hung up.', { code: 'E_BACKEND', fix: 'Try again.' }),
      startsBeforeError: true,
    });
    const writer = await openTestSession(tested);
    const wish = { trialId: 't0000', purpose: 'trial', call: CALL } as const;
    await expect(deployAndWait(app, writer, wish)).rejects.toMatchObject({ code: 'E_BACKEND' });
    expect(deploy.alive.size).toBe(0);
    expect(heldDeployments(writer.state())).toEqual([]);
  });

  test('a cancelled start is torn down', async () => {
    const { tested, app, deploy } = setUp({ statuses: [{ kind: 'starting', phase: 'pulling' }] });
    const writer = await openTestSession(tested);
    const abort = new AbortController();
    const call: Call = {
      signal: abort.signal,
      onProgress: (text) => (text.includes('pulling') ? abort.abort() : undefined),
    };
    const outcome = await deployAndWait(app, writer, { trialId: 't0000', purpose: 'trial', call });
    expect(outcome).toMatchObject({ kind: 'failed', crashClass: 'interrupted', gone: true });
    expect(deploy.alive.size).toBe(0);
  });

  test('says when a trial landed on other hardware than the one before', async () => {
    const other = { ...READY, instance: { id: 'i-2', gpu: 'H100', driver: null, region: null } };
    const { tested, app } = setUp({ statuses: [READY, other] });
    const writer = await openTestSession(tested);
    await deployTrial(app, { wait_s: 30 }, CALL);
    await stopDeployments(app, { final: false, wait_s: 30 }, CALL);
    const again = await deployTrial(app, { trial_id: 'baseline', wait_s: 30 }, CALL);
    expect(again.outcome).toMatchObject({ deploymentId: 'd0000-2', landedElsewhere: true });
    expect(writer.state().trials[0]?.deployments).toHaveLength(2);
  });
});

describe('stop_deployments', () => {
  test('stops what the session holds, writes the bill by clock and price, and releases the backend at the end', async () => {
    const { tested, app } = setUp();
    const writer = await openTestSession(tested);
    await deployTrial(app, { wait_s: 30 }, CALL);
    await app.clock.sleep(3_600_000);
    const answer = await stopDeployments(app, { final: true, wait_s: 30 }, CALL);
    // One hour at 3.60 USD per hour.
    expect(answer.stopped[0]?.costUsd).toBeCloseTo(3.6, 1);
    expect(answer.released).toContain('fake: released');
    expect(heldDeployments(writer.state())).toEqual([]);
    const again = await stopDeployments(app, { final: false, wait_s: 30 }, CALL);
    expect(again.summary).toContain('Nothing was held');
  });

  test('refuses a run that the session did not start, by name', async () => {
    const { tested, app, deploy } = setUp();
    await openTestSession(tested);
    await deployTrial(app, { wait_s: 30 }, CALL);
    const args = { deployments: ['production'], final: false, wait_s: 30 };
    await expect(stopDeployments(app, args, CALL)).rejects.toMatchObject({ code: 'E_NOT_OURS' });
    expect(deploy.stopped).toEqual([]);
  });

  test('a deployment that will not go is tried again, then stays held and is named', async () => {
    const alive = { gone: false, proof: ['port 8000: open'], costUsd: null };
    const { tested, app, deploy } = setUp({ stopProofs: [alive, alive, alive] });
    const writer = await openTestSession(tested);
    await deployTrial(app, { wait_s: 30 }, CALL);
    const request = { deploymentId: 'd0000-1', reason: 'test', call: CALL };
    await expect(stopDeployment(app, writer, request)).rejects.toMatchObject({
      code: 'E_NOT_GONE',
      message: expect.stringContaining('port 8000: open'),
    });
    expect(deploy.stopped).toHaveLength(3);
    expect(heldDeployments(writer.state())).toHaveLength(1);
    await expect(stopDeployment(app, writer, request)).resolves.toMatchObject({
      proof: ['fake: none'],
    });
  });
});

describe('a deployment that ended by itself', () => {
  test('is written off with its log and its bill; one that serves is left alone', async () => {
    const { tested, app, deploy } = setUp();
    const writer = await openTestSession(tested);
    await deployTrial(app, { wait_s: 30 }, CALL);
    expect(await settleEnded(app, writer, CALL)).toEqual([]);
    deploy.alive.clear();
    expect(await settleEnded(app, writer, CALL)).toEqual(['d0000-1']);
    expect(heldDeployments(writer.state())).toEqual([]);
    expect([...writer.state().evidence.values()].map(({ kind }) => kind)).toContain('engine_log');
  });
});

describe('stopping under a start', () => {
  test('cancels the job that waits, which tears its deployment down', async () => {
    const script: FakeDeployScript = { statuses: [{ kind: 'starting', phase: 'pulling' }] };
    const { tested, app, deploy } = setUp(script, createSystemClock());
    const writer = await openTestSession(tested);
    const started = await deployTrial(app, { wait_s: 0 }, CALL);
    expect(started.status).toBe('running');
    while (deploy.alive.size === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await stopDeployments(app, { final: false, wait_s: 30 }, CALL);
    expect(deploy.alive.size).toBe(0);
    const [deployment] = writer.state().trials[0]?.deployments ?? [];
    expect(deployment).toMatchObject({ failed: { crashClass: 'interrupted' } });
    expect(writer.state().jobs[0]?.ended?.status).toBe('cancelled');
  });
});

describe('after a crash', () => {
  const intend = async (tested: TestApp) => {
    const writer = await openTestSession(tested);
    await writer.append({
      type: 'deploy_intended',
      data: {
        deploymentId: 'd0000-1',
        trialId: 't0000',
        backend: 'simulated',
        runName: 'ad-s260322-k3f9qa-t0000-1',
        deadlineAt: '2099-01-01T00:00:00Z',
        maxUsdPerHour: 5,
        purpose: 'trial',
      },
    });
    return writer;
  };

  test('a deployment that was intended and never made is declared gone, for nothing', async () => {
    const { tested, app } = setUp();
    const writer = await intend(tested);
    await reconcileDeployments(app, writer, CALL);
    const [deployment] = writer.state().trials[0]?.deployments ?? [];
    expect(deployment?.gone).toMatchObject({ costUsd: 0 });
    expect(deployment?.gone?.proof[0]).toContain('no deployment of that name');
  });

  test('a deployment that was started and not confirmed is found by name and adopted when it serves', async () => {
    const { tested, app, deploy } = setUp();
    const writer = await intend(tested);
    deploy.alive.add('ad-s260322-k3f9qa-t0000-1');
    await reconcileDeployments(app, writer, CALL);
    const [deployment] = writer.state().trials[0]?.deployments ?? [];
    expect(deployment?.handle).toEqual({ runName: 'ad-s260322-k3f9qa-t0000-1' });
    expect(deployment?.ready).not.toBeNull();
    expect(deployment?.gone).toBeNull();
  });

  test('the next process that uses the session compares once, and a deployment that died is gone', async () => {
    const { tested, deploy } = setUp();
    await openTestSession(tested);
    await deployTrial(tested.app, { wait_s: 30 }, CALL);
    await tested.app.sessions.close();
    deploy.alive.clear();
    const second = tested.reopen();
    const errors: unknown[] = [];
    const sessions = reconcileOnUse(second.app.sessions, {
      app: () => second.app,
      onError: (error) => errors.push(error),
    });
    const writer = await sessions.use();
    expect(errors).toEqual([]);
    expect(heldDeployments(writer.state())).toEqual([]);
    await sessions.close();
  });
});
