import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../mcp-server/app/app.ts';
import type { EventData } from '../../mcp-server/core/ledger/events.ts';
import { TOOLS } from '../../mcp-server/tools/index.ts';
import { createFakeDeploy, type FakeDeploy } from '../fakes/fake-deploy.ts';
import { type Damage, modelService } from '../fakes/model-service.ts';
import { CALL, createTestApp, planTestTrial, type TestApp } from '../fakes/test-app.ts';
import {
  fakeLoadRun,
  markReady,
  measureFake,
  measureTrial,
  openCalibrated,
} from './judged-session.ts';

type Writer = Awaited<ReturnType<typeof openCalibrated>>;

let test: TestApp;
let deploy: FakeDeploy;
beforeEach(() => {
  deploy = createFakeDeploy();
  test = createTestApp(deploy);
});
afterEach(() => test.close());

/** A service that is sound, but on a deployment that the backend started anew damaged in this way, and as fast as told. */
function withFresh(damage: Damage, tbotMs: number): App {
  const sound = modelService();
  const fresh = modelService({ run: 2, ...damage });
  const run: App['load']['run'] = async (_request, options) => {
    await options.onMeasureStart?.();
    return fakeLoadRun(50, tbotMs);
  };
  const complete: App['load']['complete'] = (request, signal) =>
    (deploy.alive.size > 0 ? fresh : sound)(request, signal);
  return { ...test.app, load: { ...test.app.load, run, complete } };
}

async function call(app: App, name: string, args: Record<string, unknown> = {}) {
  const reply = await TOOLS.find((tool) => tool.name === name)?.call(app, args, CALL);
  if (reply === undefined || reply.isError) throw new Error(`${name}: ${reply?.text}`);
  return reply;
}

const goneNow = (writer: Writer, deploymentId: string) =>
  writer.append({
    type: 'deployment_gone',
    data: { deploymentId, proof: ['test'], costUsd: 0.1, idleCostUsd: 0 },
  });

const checksOf = (writer: Writer, trial: number): readonly EventData<'quality_checked'>[] =>
  writer.state().trials[trial]?.quality ?? [];

/** A trial that may alter outputs, measured, checked and kept; everything stopped again. */
async function keepSpeculation(app: App): Promise<Writer> {
  const writer = await openCalibrated(test);
  await call(app, 'check_quality');
  await goneNow(writer, 'd0000-1');
  const deploymentId = await measureTrial(test, writer, { touchesQuality: true, tbotMs: 8 });
  await call(app, 'check_quality');
  const judged = await call(app, 'judge_trial', { trial_id: 't0001' });
  expect(judged.structured).toMatchObject({ verdict: 'keep' });
  expect(judged.text).toContain('a loss above 2.8 % is excluded (margin 3.0 %)');
  await goneNow(writer, deploymentId);
  return writer;
}

describe('quality on a fresh deployment of a leader', () => {
  it('is checked once more, and holds where nothing broke', async () => {
    const app = withFresh({}, 8);
    const writer = await keepSpeculation(app);
    await call(app, 'confirm_best');
    expect(checksOf(writer, 1).map((one) => [one.deploymentId, one.passed])).toEqual([
      ['d0001-1', true],
      ['d0001-2', true],
    ]);
    expect(writer.state().confirmed).toMatchObject({ trialId: 't0001', holds: true });
    expect(writer.state().confirmed?.reasons.join()).toContain('is excluded');
    expect(deploy.alive.size).toBe(0);
  });

  it.each([
    ['garbles words', { garbleRatio: 0.02 }],
    ['answers one task in seven wrongly', { wrongRatio: 0.14 }],
    ['drifts', { corruptionRate: 0.01 }],
  ] as const)('fails the confirmation when it %s there and nowhere else', async (_how, damage) => {
    const app = withFresh(damage, 8);
    const writer = await keepSpeculation(app);
    const reply = await call(app, 'confirm_best');
    expect(reply.text).toContain('gate quality');
    expect(checksOf(writer, 1).at(-1)).toMatchObject({ deploymentId: 'd0001-2', passed: false });
    expect(writer.state().confirmed).toMatchObject({ trialId: 't0001', holds: false });
    const promoted = TOOLS.find((tool) => tool.name === 'promote')?.call(app, {}, CALL);
    expect(await promoted).toMatchObject({ isError: true, code: 'E_NOT_CONFIRMED' });
  });

  it('goes by the pass of the search where the fresh check leaves the loss open, and says so', async () => {
    const app = withFresh({ run: 1, wrongRatio: 0.02 }, 8);
    const writer = await keepSpeculation(app);
    await call(app, 'confirm_best');
    expect(checksOf(writer, 1).at(-1)).toMatchObject({ deploymentId: 'd0001-2', passed: null });
    expect(writer.state().confirmed).toMatchObject({ holds: true });
    expect(writer.state().confirmed?.reasons.join()).toContain('not settled on d0001-2');
  });
});

describe('quality where several leaders are confirmed', () => {
  /** A second change of outputs, kept over the first; everything stopped again. */
  async function keepBoth(app: App): Promise<Writer> {
    const writer = await keepSpeculation(app);
    const change = { trialId: 't0002', parentId: 't0001', touchesQuality: true };
    await planTestTrial(test, writer, change);
    const deploymentId = await markReady(writer, 't0002');
    for (const tbotMs of [6.4, 6.5, 6.6])
      await measureFake(test, writer, { ...change, deploymentId, purpose: 'trial', tbotMs });
    await call(app, 'check_quality');
    const judged = await call(app, 'judge_trial', { trial_id: 't0002' });
    expect(judged.structured).toMatchObject({ verdict: 'keep' });
    await goneNow(writer, deploymentId);
    return writer;
  }

  it('asks the chosen one alone, and says that the other was not asked again', async () => {
    const writer = await keepBoth(withFresh({}, 6.5));
    await call(withFresh({}, 6.5), 'confirm_best');
    expect(checksOf(writer, 2).map((one) => one.deploymentId)).toEqual(['d0002-1', 'd0002-2']);
    expect(checksOf(writer, 1).map((one) => one.deploymentId)).toEqual(['d0001-1']);
    expect(writer.state().confirmed).toMatchObject({ trialId: 't0002', holds: true });
  });

  it('asks the next one where the best fails there, which then takes its place', async () => {
    const writer = await keepBoth(withFresh({}, 6.5));
    const sound = withFresh({}, 6.5);
    const broken = withFresh({ garbleRatio: 0.05 }, 6.5);
    const complete: App['load']['complete'] = (request, signal) =>
      (deploy.started.length === 1 ? broken : sound).load.complete(request, signal);
    await call({ ...sound, load: { ...sound.load, complete } }, 'confirm_best');
    expect(checksOf(writer, 2).at(-1)).toMatchObject({ deploymentId: 'd0002-2', passed: false });
    expect(checksOf(writer, 1).at(-1)).toMatchObject({ deploymentId: 'd0001-2', passed: true });
    expect(writer.state()).toMatchObject({ bestId: 't0001', confirmed: { holds: true } });
  });
});

describe('quality on the redeployed baseline', () => {
  async function redeploy(damage: Damage): Promise<Writer> {
    const app = withFresh(damage, 10);
    const writer = await openCalibrated(test);
    await call(app, 'check_quality');
    await goneNow(writer, 'd0000-1');
    await call(app, 'benchmark', { trial_id: 't0000', purpose: 'calibrate' });
    return writer;
  }

  it('is a noise floor of every tier, in the ledger beside those of the first deployment', async () => {
    const writer = await redeploy({});
    const floors = checksOf(writer, 0).map((check) =>
      check.tiers?.map(({ tier, state, at }) => `${tier} ${state} ${at}`),
    );
    expect(floors).toEqual([
      ['drift', 'greedy', 'tasks'].flatMap((tier) => [`${tier} floor load`, `${tier} floor alone`]),
      ['drift', 'greedy', 'tasks'].map((tier) => `${tier} floor redeploy`),
    ]);
    expect(checksOf(writer, 0).at(-1)).toMatchObject({ armed: true, passed: null });
    expect(deploy.alive.size).toBe(0);
  });

  it.each([
    [0.004, 'pass'],
    [0, 'fail'],
  ] as const)(
    'widens the noise by what the redeploy changes (%d: a trial like it is a %s)',
    async (rate, state) => {
      const writer = await redeploy({ corruptionRate: rate });
      await measureTrial(test, writer, { touchesQuality: true });
      const complete = modelService({ run: 5, corruptionRate: 0.004 });
      const app = { ...test.app, load: { ...test.app.load, complete } };
      await call(app, 'check_quality');
      const drift = checksOf(writer, 1)[0]?.tiers?.find((one) => one.tier === 'drift');
      expect(drift?.state).toBe(state);
    },
  );

  it('takes canaries out of the reference that the baseline fails there', async () => {
    const writer = await redeploy({ garbleRatio: 0.3 });
    const [first, second] = checksOf(writer, 0);
    expect(first?.comparable).toBe(20);
    expect(second?.comparable).toBeLessThan(12);
    expect(second?.reasons[0]).toContain('E_QUALITY_UNARMED: redeployed, the baseline passes');
  });

  it('is not asked where the baseline was never checked', async () => {
    const app = withFresh({}, 10);
    const writer = await openCalibrated(test);
    await goneNow(writer, 'd0000-1');
    await call(app, 'benchmark', { trial_id: 't0000', purpose: 'calibrate' });
    expect(checksOf(writer, 0)).toEqual([]);
  });
});
