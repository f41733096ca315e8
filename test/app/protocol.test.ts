import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../mcp-server/app/app.ts';
import { benchmark } from '../../mcp-server/app/benchmark.ts';
import { confirmBest } from '../../mcp-server/app/confirm-best.ts';
import { exportReport } from '../../mcp-server/app/export-report.ts';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy, type FakeDeploy } from '../fakes/fake-deploy.ts';
import { refusal } from '../fakes/refusal.ts';
import { CALL, createTestApp, planTestTrial, type TestApp } from '../fakes/test-app.ts';
import { fakeLoadRun, markReady, measureFake, openCalibrated } from './judged-session.ts';

let test: TestApp;
let deploy: FakeDeploy;
beforeEach(() => {
  deploy = createFakeDeploy();
  test = createTestApp(deploy);
});
afterEach(() => test.close());

/** The kernel with a load generator that takes this time per token for the trial that was deployed last. */
function withLoad(tbotMsOf: (trialId: string) => number): App {
  const run: App['load']['run'] = async (_request, options) => {
    await options.onMeasureStart?.();
    return fakeLoadRun(50, tbotMsOf(deploy.started.at(-1)?.trialId ?? ''));
  };
  return { ...test.app, load: { ...test.app.load, run } };
}

async function gone(writer: LedgerWriter, deploymentId: string): Promise<void> {
  await writer.append({
    type: 'deployment_gone',
    data: { deploymentId, proof: ['test'], costUsd: 0.1, idleCostUsd: 0 },
  });
}

/** Plans, measures and judges a trial in the ledger alone. */
async function addTrial(writer: LedgerWriter, number: number, tbotMs: number): Promise<void> {
  const trialId = `t000${number}`;
  await planTestTrial(test, writer, {
    trialId,
    parentId: 't0000',
    changes: [{ kind: 'set_flag', flag: '--max-running-requests', value: String(60 + number) }],
  });
  const deploymentId = await markReady(writer, trialId);
  for (let repeat = 0; repeat < 3; repeat += 1) {
    await measureFake(test, writer, { trialId, deploymentId, purpose: 'trial', tbotMs });
  }
  await judgeTrial(test.app, { trial_id: trialId }, CALL);
  await gone(writer, deploymentId);
}

describe('a measurement that brings its own deployment', () => {
  it('redeploys the baseline, writes the noise between deployments down, and stops it again', async () => {
    const writer = await openCalibrated(test);
    await gone(writer, 'd0000-1');
    const app = withLoad(() => 10.4);
    const wish = { trial_id: 't0000', purpose: 'calibrate', wait_s: 20 } as const;
    const answer = await benchmark(app, wish, CALL);
    expect(answer).toMatchObject({ status: 'done', purpose: 'calibrate' });
    const { calibration, jobs } = writer.state();
    expect(calibration?.deployments).toEqual(['d0000-1', 'd0000-2']);
    expect(calibration?.spreads['tbotMs.p50@0']?.between).toMatchObject({ df: 1 });
    expect(calibration?.spreads['tbotMs.p50@0']?.between?.sdRatio).toBeGreaterThan(0.02);
    expect(jobs.at(-1)?.started.args).toMatchObject({ fresh: true });
    expect(deploy.alive.size).toBe(0);
  });

  it('runs the baseline without its profiler, whose file stays as it is', async () => {
    const writer = await openCalibrated(test);
    await gone(writer, 'd0000-1');
    const { file } = writer.state().trials[0]?.planned ?? { file: '' };
    const text = (await test.app.files.readOutput(file)) ?? '';
    await test.app.files.writeOutput(
      file,
      text.replace('- python -m', '- graphsignal-run python -m'),
    );
    const wish = { trial_id: 't0000', purpose: 'no_profiler', wait_s: 20 } as const;
    const answer = await benchmark(
      withLoad(() => 9),
      wish,
      CALL,
    );
    expect(answer.status).toBe('done');
    expect(deploy.started.at(-1)?.serviceYaml).not.toContain('graphsignal-run');
    expect(writer.state().calibration?.deployments).toEqual([]); // not a calibration
    const [baseline] = writer.state().trials;
    expect(baseline?.measurements.at(-1)?.data).toMatchObject({
      purpose: 'no_profiler',
      repeat: 2,
    });
    expect(await test.app.files.readOutput(file)).toContain('graphsignal-run');
  });

  it('measures the incumbent again, and the report says how far it drifted', async () => {
    const writer = await openCalibrated(test);
    await gone(writer, 'd0000-1');
    const wish = { trial_id: 't0000', purpose: 'anchor', wait_s: 20 } as const;
    await benchmark(
      withLoad(() => 11),
      wish,
      CALL,
    );
    const { files } = await exportReport(test.app, {}, CALL);
    for (const file of files) {
      const text = readFileSync(file, 'utf8');
      expect(text).toContain('Anchor: t0000 measured again on d0000-2');
      expect(text).toContain('no profiler in the launch command');
      expect(text).toMatch(/between deployments is [\d.]+ %: [\d.]+ % over one redeploy/);
    }
  });

  it('is refused as a calibration of a trial, and when it is cancelled counts for nothing and leaves nothing', async () => {
    const writer = await openCalibrated(test);
    await gone(writer, 'd0000-1');
    await planTestTrial(test, writer, { trialId: 't0001', parentId: 't0000' });
    const deploymentId = await markReady(writer, 't0001');
    const wish = { trial_id: 't0001', purpose: 'calibrate', wait_s: 20 } as const;
    await expect(benchmark(test.app, wish, CALL)).rejects.toThrow(
      refusal('E_NOT_BASELINE', 't0001 is none', 'purpose "trial"'),
    );
    expect(writer.state().jobs).toEqual([]);
    await gone(writer, deploymentId);
    const app = withLoad(() => {
      void test.app.jobs.cancel(writer, 'j0001');
      return 10;
    });
    const anchor = { trial_id: 't0000', purpose: 'anchor', wait_s: 20 } as const;
    expect(await benchmark(app, anchor, CALL)).toMatchObject({ status: 'cancelled' });
    expect(writer.state().jobs[0]?.ended).toMatchObject({ errorCode: 'E_CANCELLED' });
    expect(deploy.alive.size).toBe(0);
  });

  it('tells of an engine that does not start, and leaves nothing', async () => {
    await test.close();
    deploy = createFakeDeploy({
      statuses: [{ kind: 'failed', phase: 'start', reason: 'exited', exitCode: 1, message: 'x' }],
      log: 'torch.OutOfMemoryError: CUDA out of memory.\n',
    });
    test = createTestApp(deploy);
    const writer = await openCalibrated(test);
    await gone(writer, 'd0000-1');
    const wish = { trial_id: 't0000', purpose: 'anchor', wait_s: 20 } as const;
    const answer = await benchmark(
      withLoad(() => 10),
      wish,
      CALL,
    );
    expect(answer.result).toMatchObject({ kind: 'failed' });
    expect(deploy.alive.size).toBe(0);
  });
});

describe('the confirmation of the leaders', () => {
  it('measures three afresh, the best first, and writes down what each lost', async () => {
    const writer = await openCalibrated(test);
    await gone(writer, 'd0000-1');
    await addTrial(writer, 1, 9);
    await addTrial(writer, 2, 8.9);
    await addTrial(writer, 3, 7);
    await addTrial(writer, 4, 12);
    expect(writer.state().bestId).toBe('t0003');
    const answer = await confirmBest(
      withLoad((id) => ({ t0003: 7.5, t0001: 9, t0002: 9 })[id] ?? 10),
      { wait_s: 20 },
      CALL,
    );
    expect(answer.result).toMatchObject({ holds: true });
    const { confirmed, bestId } = writer.state();
    expect(bestId).toBe('t0003');
    expect(confirmed?.candidates?.map((one) => one.trialId)).toEqual(['t0003', 't0002', 't0001']);
    const [best] = confirmed?.candidates ?? [];
    expect(best?.searchGainRatio).toBeGreaterThan(best?.confirmedGainRatio ?? 1);
    expect(best?.shrinkageRatio).toBeCloseTo(
      (best?.searchGainRatio ?? 0) - (best?.confirmedGainRatio ?? 0),
      10,
    );
    expect(confirmed?.deltas[0]?.deltaRatio).toBeCloseTo(best?.confirmedGainRatio ?? 0, 10);
    expect(confirmed?.reasons.join('\n')).toMatch(/t0001 on d0001-2: keep; gain in the search/);
    expect(deploy.alive.size).toBe(0);
  });

  it('takes the next leader that holds where the best does not', async () => {
    const writer = await openCalibrated(test);
    await gone(writer, 'd0000-1');
    await addTrial(writer, 1, 9);
    await addTrial(writer, 2, 7);
    await confirmBest(
      withLoad((id) => (id === 't0002' ? 10 : 9)),
      { wait_s: 20 },
      CALL,
    );
    const { confirmed, bestId } = writer.state();
    expect(bestId).toBe('t0001');
    expect(confirmed).toMatchObject({ trialId: 't0001', holds: true });
  });
});
