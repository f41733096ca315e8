import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../mcp-server/app/app.ts';
import { benchmark } from '../../mcp-server/app/benchmark.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import { verify } from '../../mcp-server/app/verify.ts';
import { writeSession } from '../../mcp-server/app/write-session.ts';
import type { Room } from '../../mcp-server/core/ledger/vocabulary.ts';
import { nextStep } from '../../mcp-server/core/next-step/next-step.ts';
import type { Deploy } from '../../mcp-server/ports/deploy.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy, type FakeDeploy, READY } from '../fakes/fake-deploy.ts';
import {
  CALL,
  createTestApp,
  openTestSession,
  planTestTrial,
  type TestApp,
} from '../fakes/test-app.ts';
import { fakeLoadRun } from './judged-session.ts';

let test: TestApp;
let deploy: FakeDeploy;
let writer: LedgerWriter;

/** Deployment whose engine exits at its start, as `t0000-2`. */
let crashing: string | null = null;

/** The fake, whose deployments have an address of their own each. */
function addressed(fake: FakeDeploy): Deploy {
  return {
    ...fake,
    status: async (handle, signal) => {
      if (crashing !== null && String(handle['runName']).endsWith(crashing)) return CRASH;
      const status = await fake.status(handle, signal);
      if (status.kind !== 'ready' || READY.kind !== 'ready') return status;
      const baseUrl = `http://127.0.0.1:1/${String(handle['runName'])}`;
      return { ...status, endpoint: { ...READY.endpoint, baseUrl } };
    },
  };
}

const CRASH = {
  kind: 'failed',
  phase: 'start',
  reason: 'exited',
  exitCode: 1,
  message: 'exited',
} as const;

/** The order in which deployments were loaded, by run name without its session: `t0001-1`. */
let loaded: string[] = [];

/** The kernel with a load generator that takes this time per token for a run, by its number over all and its deployment. */
function withLoad(tbotMsOf: (deployment: string, number: number) => number): App {
  const run: App['load']['run'] = async (request, options) => {
    const deployment = /t\d{4}-\d+$/.exec(request.baseUrl)?.[0] ?? '';
    // The health sample is told by its traps.
    if (request.traps !== true) loaded.push(deployment);
    await options.onMeasureStart?.();
    return fakeLoadRun(50, tbotMsOf(deployment, loaded.length));
  };
  return { ...test.app, load: { ...test.app.load, run } };
}

/** A session whose baseline was measured five times at about 10 ms per token, and stopped; two deployments may run at once. */
async function open(second?: Room): Promise<void> {
  crashing = null;
  deploy = createFakeDeploy(second === undefined ? {} : { second });
  test = createTestApp(addressed(deploy));
  writer = await openTestSession(test, { maxUsdPerHour: 8 });
  const app = withLoad((_, number) => 10 + (number % 3) / 10);
  await deployTrial(app, { trial_id: 't0000', wait_s: 20 }, CALL);
  await benchmark(app, { trial_id: 't0000', purpose: 'calibrate', wait_s: 20 }, CALL);
  await stopAll();
  loaded = [];
}

async function close(trial_id: string, abandon = false): Promise<void> {
  const text = { analysis: [], findings: [], planned_changes: [] };
  await writeSession(test.app, { trial_id, ...text, abandon }, CALL);
}

const stopAll = (): ReturnType<typeof stopDeployments> =>
  stopDeployments(test.app, { final: false, wait_s: 20 }, CALL);

async function deployT1(app: App): Promise<void> {
  await planTestTrial(test, writer, {
    trialId: 't0001',
    parentId: 't0000',
    changes: [{ kind: 'set_flag', flag: '--max-running-requests', value: '64' }],
  });
  await deployTrial(app, { trial_id: 't0001', wait_s: 20 }, CALL);
}

const measure = (app: App, in_turn?: boolean, repeats?: number): ReturnType<typeof benchmark> =>
  benchmark(app, { trial_id: 't0001', purpose: 'trial', in_turn, repeats, wait_s: 20 }, CALL);

beforeEach(() => open());
afterEach(() => test.close());

describe('a trial that takes turns with the incumbent', () => {
  it('runs block by block, the incumbent first in every other one, which is deployed and proven gone', async () => {
    const app = withLoad((deployment) => (deployment === 't0001-1' ? 9.5 : 10));
    await deployT1(app);
    const answer = await measure(app, true);
    expect(answer).toMatchObject({ status: 'done', trialId: 't0001', purpose: 'trial' });
    expect(answer.summary).toContain('In turn with it');
    expect(loaded).toEqual(['t0000-2', 't0001-1', 't0001-1', 't0000-2', 't0000-2', 't0001-1']);
    const [baseline, trial] = writer.state().trials;
    const turnsOf = (one: typeof trial): unknown[] =>
      (one?.measurements ?? []).flatMap(({ data }) =>
        data.turn === undefined ? [] : [[data.turn.block, data.turn.place, data.repeat]],
      );
    expect(turnsOf(trial)).toEqual([
      ['b0001-01', 2, 0],
      ['b0001-02', 1, 1],
      ['b0001-03', 2, 2],
    ]);
    expect(turnsOf(baseline)).toEqual([
      ['b0001-01', 1, 0],
      ['b0001-02', 2, 1],
      ['b0001-03', 1, 2],
    ]);
    expect([...deploy.alive]).toEqual([expect.stringMatching(/t0001-1$/)]);
    expect(baseline?.deployments.at(-1)).toMatchObject({
      intended: { purpose: 'anchor' },
      gone: { proof: ['fake: none'] },
    });
  });

  it('is judged by its blocks, so that a machine that slows down costs it nothing', async () => {
    // Every run is 5 % slower than the one before; the trial is 10 % faster than the incumbent.
    const app = withLoad(
      (deployment, number) => (deployment === 't0001-1' ? 9 : 10) * 1.05 ** number,
    );
    await deployT1(app);
    await measure(app, true, 4);
    const { deltas, reasons } = await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    const alone = writer.state().trials[0]?.measurements.slice(0, 3) ?? [];
    expect(alone.every(({ data }) => data.turn === undefined)).toBe(true);
    const tbot = deltas.find(({ metric }) => metric === 'tbotMs.p95');
    expect(tbot?.deltaRatio).toBeCloseTo(-0.1, 2);
    expect(reasons.join('\n')).toContain('4 of 4 repeats');
  });

  it('is asked for at a retest, and the logs of both verify after their trials are closed', async () => {
    await close('t0000');
    const app = withLoad((deployment, number) =>
      deployment === 't0001-1' ? 9.2 + (number % 3) / 2 : 10,
    );
    await deployT1(app);
    await measure(app);
    const { verdict } = await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    expect(verdict).toBe('retest');
    const step = nextStep(writer.state(), test.app.clock.nowMs());
    expect(step).toMatchObject({
      tool: 'benchmark',
      args: { trial_id: 't0001', purpose: 'trial', in_turn: true },
    });
    expect(step.why).toContain('turns with t0000');
    await measure(app, true);
    await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    await stopAll();
    await close('t0001', true);
    expect(await verify(test.app)).toMatchObject({ failed: [] });
  });
});

describe('turns are refused, and the trial can be measured alone,', () => {
  const PLAIN = (): App => withLoad(() => 10);

  it('where the backend holds one deployment, with its reason', async () => {
    await test.close();
    await open({ holds: false, reason: 'there is one GPU' });
    await deployT1(PLAIN());
    await expect(measure(PLAIN(), true)).rejects.toMatchObject({
      code: 'E_NO_TURNS',
      message: expect.stringContaining('there is one GPU'),
    });
    expect(loaded).toEqual([]);
    expect(await measure(PLAIN())).toMatchObject({ status: 'done' });
  });

  it('where the budget does not pay for two at once', async () => {
    const { budget } = writer.state();
    const amended = { budget: { ...budget, maxUsdPerHour: 5 }, was: budget };
    await writer.append({ type: 'budget_amended', data: amended });
    await deployT1(PLAIN());
    await expect(measure(PLAIN(), true)).rejects.toMatchObject({
      code: 'E_NO_TURNS',
      message: expect.stringContaining('$7.20 per hour'),
    });
  });

  it('where what is asked for is never judged', async () => {
    await deployT1(PLAIN());
    const wish = { trial_id: 't0001', purpose: 'probe', in_turn: true, wait_s: 20 } as const;
    await expect(benchmark(PLAIN(), wish, CALL)).rejects.toMatchObject({ code: 'E_NOT_IN_TURN' });
  });
});

describe('an incumbent', () => {
  it('that does not start beside the trial leaves nothing, and the next step is to measure alone', async () => {
    const app = withLoad(() => 10);
    await close('t0000');
    await deployT1(app);
    crashing = 't0000-2';
    await expect(measure(app, true)).rejects.toMatchObject({
      code: 'E_DEPLOY',
      message: expect.stringContaining('did not start beside the trial'),
    });
    expect([...deploy.alive]).toEqual([expect.stringMatching(/t0001-1$/)]);
    expect(nextStep(writer.state(), test.app.clock.nowMs())).toMatchObject({
      tool: 'benchmark',
      args: { trial_id: 't0001', purpose: 'trial' },
    });
  });

  it('is stopped when its turns are cancelled, and the trial goes on serving', async () => {
    let job = '';
    const app = withLoad((_, number) => {
      if (number === 2) void test.app.jobs.cancel(writer, job);
      return 10;
    });
    await deployT1(app);
    const wish = { trial_id: 't0001', purpose: 'trial', in_turn: true, wait_s: 0 } as const;
    job = (await benchmark(app, wish, CALL)).jobId;
    const ended = await test.app.jobs.wait(writer, { jobId: job, waitS: 20 }, CALL);
    expect(ended.status).toBe('cancelled');
    expect([...deploy.alive]).toEqual([expect.stringMatching(/t0001-1$/)]);
  });
});
