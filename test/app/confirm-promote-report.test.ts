import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../mcp-server/app/app.ts';
import { confirmBest } from '../../mcp-server/app/confirm-best.ts';
import { exportReport, writeReport } from '../../mcp-server/app/export-report.ts';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import { promote } from '../../mcp-server/app/promote.ts';
import { renderTrialTable } from '../../mcp-server/core/report/table.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy, type FakeDeploy, type FakeDeployScript } from '../fakes/fake-deploy.ts';
import { refusal } from '../fakes/refusal.ts';
import { CALL, createTestApp, SESSION_ID, type TestApp } from '../fakes/test-app.ts';
import { fakeLoadRun, measureTrial, openCalibrated } from './judged-session.ts';

let test: TestApp;
let deploy: FakeDeploy;
function open(script: FakeDeployScript = {}): void {
  deploy = createFakeDeploy(script);
  test = createTestApp(deploy);
}
beforeEach(() => open());
afterEach(() => test.close());

/** The kernel with a load generator that answers with this time per token, whatever is sent. */
function withLoad(tbotMs: number): { readonly app: App; readonly seeds: number[] } {
  const seeds: number[] = [];
  const run: App['load']['run'] = async (request, options) => {
    seeds.push(request.seed);
    await options.onMeasureStart?.();
    return fakeLoadRun(50, tbotMs);
  };
  return { app: { ...test.app, load: { ...test.app.load, run } }, seeds };
}

async function goneBaseline(writer: LedgerWriter, ...ids: readonly string[]): Promise<void> {
  for (const deploymentId of ids) {
    await writer.append({
      type: 'deployment_gone',
      data: { deploymentId, proof: ['test'], costUsd: 0.1, idleCostUsd: 0 },
    });
  }
}

async function keepTrial(): Promise<LedgerWriter> {
  const writer = await openCalibrated(test);
  const deploymentId = await measureTrial(test, writer, { tbotMs: 8 });
  await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
  await goneBaseline(writer, 'd0000-1', deploymentId);
  return writer;
}

describe('confirming the best', () => {
  it('measures it on a fresh deployment with the held-out seed and stops that again', async () => {
    const writer = await keepTrial();
    const { app, seeds } = withLoad(8);
    const answer = await confirmBest(app, { wait_s: 20 }, CALL);
    expect(answer).toMatchObject({ status: 'done', trialId: 't0001', result: { holds: true } });
    // seeds.confirm of the contract, then the health sample with prompts of its own
    expect(new Set(seeds.slice(0, -1))).toEqual(new Set([2]));
    expect(deploy.alive.size).toBe(0);
    const { confirmed } = writer.state();
    expect(confirmed).toMatchObject({ trialId: 't0001', holds: true });
    expect(confirmed?.deltas[0]?.deltaRatio).toBeGreaterThan(0.1);
    expect(confirmed?.reasons.join()).toContain('in the search');
  });

  it('says honestly when the gain does not hold', async () => {
    const writer = await keepTrial();
    const answer = await confirmBest(withLoad(10).app, { wait_s: 20 }, CALL);
    expect(answer.result).toMatchObject({ holds: false });
    expect(answer.summary).toContain('did not hold');
    expect(writer.state().confirmed?.holds).toBe(false);
    await expect(promote(test.app, {}, CALL)).rejects.toMatchObject({ code: 'E_NOT_CONFIRMED' });
  });

  it('says that the best is the baseline when nothing beat it, and deploys nothing', async () => {
    await openCalibrated(test);
    const answer = await confirmBest(test.app, { wait_s: 20 }, CALL);
    expect(answer.summary).toContain('baseline itself');
    expect(deploy.started).toEqual([]);
  });

  it('is a failed confirmation when the engine does not start again', async () => {
    await test.close();
    open({
      statuses: [
        { kind: 'failed', phase: 'start', reason: 'exited', exitCode: 1, message: 'boom' },
      ],
      log: 'torch.OutOfMemoryError: CUDA out of memory.\n',
    });
    const writer = await keepTrial();
    const answer = await confirmBest(test.app, { wait_s: 20 }, CALL);
    expect(answer.result).toMatchObject({ holds: false, verdict: 'discard' });
    expect(writer.state().confirmed?.reasons[0]).toContain('did not serve');
    expect(deploy.alive.size).toBe(0);
  });
});

describe('promoting', () => {
  it('refuses what was never confirmed', async () => {
    await keepTrial();
    await expect(promote(test.app, {}, CALL)).rejects.toMatchObject({ code: 'E_NOT_CONFIRMED' });
  });

  it('writes the file of the winner and tells the command, deploying nothing', async () => {
    await keepTrial();
    await confirmBest(withLoad(8).app, { wait_s: 20 }, CALL);
    const before = deploy.started.length;
    const answer = await promote(test.app, {}, CALL);
    expect(answer.command).toBe(`dstack apply -f ${answer.file}`);
    expect(readFileSync(answer.file, 'utf8')).toContain('type: service');
    expect(deploy.started.length).toBe(before);
  });

  it('refuses where the file of the winner is gone, and hands nothing over', async () => {
    const writer = await keepTrial();
    await confirmBest(withLoad(8).app, { wait_s: 20 }, CALL);
    rmSync(join(test.dir, 'sessions', 'dstack-t0001.yml'));
    await expect(promote(test.app, {}, CALL)).rejects.toThrow(
      refusal('E_NO_FILE', 'dstack-t0001.yml is gone', 'Put the file back'),
    );
    expect(writer.state().promoted).toBeNull();
  });
});

describe('exporting the report', () => {
  it('writes Markdown and one HTML file without any outside part', async () => {
    await keepTrial();
    const { files, simulated } = await exportReport(test.app, {}, CALL);
    expect(simulated).toBe(true);
    const [markdown = '', html = ''] = files.map((file) => readFileSync(file, 'utf8'));
    for (const text of [markdown, html]) {
      expect(text).toContain('SIMULATED');
      expect(text).toContain('--max-running-requests 64');
      expect(text).toContain('t0001');
    }
    expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import/);
    expect(html).toContain('<svg');
  });

  it('escapes what trials say', async () => {
    const writer = await openCalibrated(test);
    const planned = writer.state().trials[0]?.planned;
    if (planned === undefined) throw new Error('no baseline');
    await writer.append({
      type: 'trial_planned',
      data: {
        ...planned,
        trialId: 't0001',
        parentId: 't0000',
        diff: '+<script>alert(1)</script>',
        hypothesis: { ...planned.hypothesis, change: '<img src=x onerror=alert(1)>' },
      },
    });
    const { files } = await exportReport(test.app, {}, CALL);
    const html = readFileSync(files[1] ?? '', 'utf8');
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;script&gt;');
  });

  it('refuses when something with the shape of a credential would leave, and writes nothing', async () => {
    const state = (await openCalibrated(test)).state();
    const secret = `hf_${'a'.repeat(30)}`;
    // Our own ledger is redacted as it is written; one from elsewhere may not be.
    const trials = state.trials.map((trial) => ({
      ...trial,
      planned: { ...trial.planned, diff: `+  - HF_TOKEN=${secret}` },
    }));
    const refused = writeReport(test.app, { ...state, trials });
    await expect(refused).rejects.toMatchObject({ code: 'E_SECRET' });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining(secret) });
    expect(existsSync(join(test.dir, 'sessions', SESSION_ID, 'report.html'))).toBe(false);
  });
});

describe('the table of trials', () => {
  it('fits 80 columns and says what it is', async () => {
    const writer = await keepTrial();
    const text = renderTrialTable(writer.state(), { columns: 80 });
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text).toMatch(/^SIMULATED/);
    expect(text).toMatch(/t0001\* +--max-running-.*keep/);
  });
});
