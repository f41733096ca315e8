import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import { recordEvidence } from '../../mcp-server/app/record-evidence.ts';
import { verify } from '../../mcp-server/app/verify.ts';
import { type WriteSessionArgs, writeSession } from '../../mcp-server/app/write-session.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { refusal } from '../fakes/refusal.ts';
import {
  CALL,
  createTestApp,
  openTestSession,
  planTestTrial,
  type TestApp,
} from '../fakes/test-app.ts';
import { markReady, measureFake, measureTrial, openCalibrated } from './judged-session.ts';

let test: TestApp;
beforeEach(() => {
  test = createTestApp(createFakeDeploy());
});
afterEach(() => test.close());

const log = (trial_id: string, change: Partial<WriteSessionArgs> = {}): WriteSessionArgs => ({
  trial_id,
  analysis: [],
  findings: [],
  planned_changes: [],
  abandon: false,
  ...change,
});
const sessionFile = (name: string): string => join(test.dir, 'sessions', name);

describe('judging a trial', () => {
  it('keeps a real gain and moves the best', async () => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, { tbotMs: 8 });
    const answer = await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    expect(answer).toMatchObject({ verdict: 'keep', gate: null, bestId: 't0001' });
    expect(answer.deltas[0]).toMatchObject({ metric: 'outputTokensPerS' });
    expect(writer.state().bestId).toBe('t0001');
  });

  it('leaves the best alone on any other verdict', async () => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, { tbotMs: 10 });
    expect((await judgeTrial(test.app, { trial_id: 't0001' }, CALL)).verdict).toBe('tie');
    expect(writer.state().bestId).toBe('t0000');
  });

  it('refuses before calibration', async () => {
    const writer = await openTestSession(test);
    await planTestTrial(test, writer, { trialId: 't0001', parentId: 't0000' });
    await expect(judgeTrial(test.app, { trial_id: 't0001' }, CALL)).rejects.toMatchObject({
      code: 'E_NOT_CALIBRATED',
    });
  });

  it('refuses what was measured under other terms, and what was not measured', async () => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, { workloadHash: 'another' });
    await planTestTrial(test, writer, { trialId: 't0002', parentId: 't0000' });
    await expect(judgeTrial(test.app, { trial_id: 't0001' }, CALL)).rejects.toMatchObject({
      code: 'E_UNEQUAL_CONTRACTS',
    });
    await expect(judgeTrial(test.app, { trial_id: 't0002' }, CALL)).rejects.toMatchObject({
      code: 'E_NOT_MEASURED',
    });
    await expect(judgeTrial(test.app, { trial_id: 't0000' }, CALL)).rejects.toMatchObject({
      code: 'E_IS_REFERENCE',
    });
  });

  it('marks a contaminated trial invalid and keeps nothing', async () => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, { tbotMs: 1, flags: ['CACHE_CONTAMINATED'] });
    const answer = await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    expect(answer.verdict).toBe('invalid');
    expect(answer.reasons.join()).toContain('CACHE_CONTAMINATED');
  });

  it('asks for a quality check where outputs can change, and discards while the gate is unarmed', async () => {
    const writer = await openCalibrated(test);
    const deploymentId = await measureTrial(test, writer, { touchesQuality: true });
    await expect(judgeTrial(test.app, { trial_id: 't0001' }, CALL)).rejects.toMatchObject({
      code: 'E_QUALITY_REQUIRED',
    });
    const data = {
      trialId: 't0001',
      deploymentId,
      armed: false,
      passed: null,
      canaries: [],
      comparable: 3,
      reasons: [],
      evidenceId: 'e000001',
    };
    await writer.append({ type: 'quality_checked', data });
    const answer = await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    expect(answer).toMatchObject({ verdict: 'discard', gate: 'quality' });
  });

  it('discards a crashed trial by its class, without any measurement', async () => {
    const writer = await openCalibrated(test);
    await planTestTrial(test, writer, { trialId: 't0001', parentId: 't0000' });
    await crash(writer);
    const answer = await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    expect(answer).toMatchObject({ verdict: 'discard', gate: 'start' });
  });
});

async function crash(writer: Awaited<ReturnType<typeof openCalibrated>>): Promise<string> {
  const evidenceId = await recordEvidence(test.app, writer, {
    kind: 'engine_log',
    trialId: 't0001',
    deploymentId: 'd0001-1',
    measurementId: null,
    name: 'engine.log',
    text: 'Loading weights\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.20 GiB. GPU 0 has 0.4 GiB free\n',
    source: 'test',
    windowStartMs: null,
    windowEndMs: null,
  });
  await writer.append(
    {
      type: 'deploy_intended',
      data: {
        deploymentId: 'd0001-1',
        trialId: 't0001',
        backend: 'simulated',
        runName: 'r',
        deadlineAt: '2099-01-01T00:00:00Z',
        maxUsdPerHour: 5,
        purpose: 'trial',
      },
    },
    {
      type: 'deploy_failed',
      data: {
        deploymentId: 'd0001-1',
        phase: 'start',
        crashClass: 'oom_under_load',
        message: 'out of memory',
        evidenceId,
      },
    },
  );
  return evidenceId;
}

describe('writing the session log', () => {
  it('has the form that people read, and verifies', async () => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, { tbotMs: 8 });
    await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    const answer = await writeSession(
      test.app,
      log('t0001', {
        analysis: [
          'TBOT fell to 8 ms [m0001-01 tbotMs.p50=8], that is 0.8 of before [m0001-01 tbotMs.p50=8 / m0000-02 tbotMs.p50=10 = 0.8]',
        ],
        findings: ['Fewer requests at once help.'],
        planned_changes: ['Try half of that.'],
      }),
      CALL,
    );
    expect(answer).toMatchObject({ outcome: 'closed', drafted: false, citations: 2 });
    const lines = readFileSync(sessionFile(answer.file), 'utf8').split('\n');
    expect(lines[0]).toMatch(/^# debug-\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    expect(lines[2]).toBe('**Metrics**: TTFT=0.05s, TBOT=0.008s, TTLT=0.122s, Errors=0');
    expect(lines[4]).toContain('SIMULATED');
    for (const heading of [
      '**Hypothesis and verdict**',
      '**Analysis**',
      '**Findings**',
      '**Planned changes**',
    ]) {
      expect(lines).toContain(heading);
    }
    expect(lines.join('\n')).toContain('Errors 0/24');
    expect(await verify(test.app)).toMatchObject({ failed: [] });
  });

  it.each([
    ['TBOT is 7 ms [m0001-01 tbotMs.p50=8]', '"7 ms"'],
    ['TBOT is small [m0001-01 tbotMs.p50=7]', 'found 8'],
    ['TBOT is small', 'no citation'],
    ['A queue [e009999 x=1]', 'no such evidence'],
  ])('refuses a bullet that cannot be defended: %s', async (bullet, why) => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, { tbotMs: 8 });
    await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    await expect(
      writeSession(test.app, log('t0001', { analysis: [bullet] }), CALL),
    ).rejects.toMatchObject({
      code: 'E_CITATION',
      message: expect.stringContaining(why),
    });
    expect(readdirSync(sessionFile('.')).filter((name) => name.startsWith('debug-'))).toEqual([]);
  });

  it('drafts an honest analysis where none is given', async () => {
    const writer = await openCalibrated(test);
    const baseline = await writeSession(test.app, log('t0000'), CALL);
    await measureTrial(test, writer, { tbotMs: 8 });
    await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    const answer = await writeSession(test.app, log('t0001'), CALL);
    expect(answer.drafted).toBe(true);
    expect(answer.citations).toBeGreaterThan(4);
    expect(answer.file).not.toBe(baseline.file); // a taken second adds one
    const text = readFileSync(sessionFile(answer.file), 'utf8');
    expect(text).toContain('times that of t0000');
    expect(await verify(test.app)).toMatchObject({ failed: [] });
  });

  it('closes a crashed trial with its log line cited', async () => {
    const writer = await openCalibrated(test);
    await planTestTrial(test, writer, { trialId: 't0001', parentId: 't0000' });
    const evidenceId = await crash(writer);
    await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
    const answer = await writeSession(test.app, log('t0001'), CALL);
    expect(answer.outcome).toBe('crashed');
    const text = readFileSync(sessionFile(answer.file), 'utf8');
    expect(text).toContain('**Metrics**: TTFT=n/a, TBOT=n/a, TTLT=n/a, Errors=n/a');
    expect(text).toContain(`[${evidenceId} `);
    expect(text).toContain('launch.model_path=meta-llama/Llama-3.1-8B-Instruct]');
    expect(text).toMatch(/memory\.fits=yes\] \[e\d{6} memory\.figures\.weightsGib=15\]/);
    const { failed, logs } = await verify(test.app);
    expect(failed).toEqual([]);
    expect(logs).toEqual([{ file: answer.file, families: ['log', 'attribute', 'plan'] }]);
  });

  it('refuses where no name is free for the log, and leaves the trial open', async () => {
    const writer = await openCalibrated(test);
    const files = { ...test.app.files, createOutput: async () => false };
    await expect(writeSession({ ...test.app, files }, log('t0000'), CALL)).rejects.toThrow(
      refusal('E_FILE', /debug-\S+\.md and the 119 seconds after it are taken/, 'Move old'),
    );
    expect(writer.state().trials[0]?.closed).toBeNull();
  });

  it('refuses what has no verdict, unless it is abandoned, and what is closed', async () => {
    const writer = await openCalibrated(test);
    await measureTrial(test, writer, {});
    await expect(writeSession(test.app, log('t0001'), CALL)).rejects.toMatchObject({
      code: 'E_NOT_JUDGED',
    });
    expect((await writeSession(test.app, log('t0001', { abandon: true }), CALL)).outcome).toBe(
      'aborted',
    );
    await expect(writeSession(test.app, log('t0001'), CALL)).rejects.toMatchObject({
      code: 'E_TRIAL_CLOSED',
    });
    expect(writer.state().trials[1]?.phase).toBe('aborted');
  });
});

describe('verifying later', () => {
  async function closeBaseline(): Promise<string> {
    await openCalibrated(test);
    return (await writeSession(test.app, log('t0000'), CALL)).file;
  }

  it('finds a changed number in the analysis and names it', async () => {
    const file = await closeBaseline();
    const text = readFileSync(sessionFile(file), 'utf8');
    writeFileSync(
      sessionFile(file),
      text.replace('[m0000-01 ttftMs.p95=50]', '[m0000-01 ttftMs.p95=40]'),
    );
    const { failed } = await verify(test.app);
    expect(failed[0]).toMatchObject({
      file,
      evidence: 'm0000-01',
      name: 'ttftMs.p95',
      said: '40',
      found: '50',
    });
  });

  it('finds a changed number above the analysis', async () => {
    const file = await closeBaseline();
    const text = readFileSync(sessionFile(file), 'utf8');
    writeFileSync(sessionFile(file), text.replace('TTFT=0.05s', 'TTFT=0.04s'));
    const { failed } = await verify(test.app);
    expect(failed).toEqual([expect.objectContaining({ file, line: 3, name: 'derived line' })]);
  });

  it('finds changed evidence', async () => {
    await closeBaseline();
    const folder = sessionFile('s260322-k3f9qa/evidence/t0000');
    const name = readdirSync(folder).find((one) => one.includes('e000001')) ?? '';
    writeFileSync(join(folder, name), gzipSync('{}'));
    const { failed } = await verify(test.app);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]?.found).toContain('changed');
  });

  it('finds a log that no ledger knows, and one that is gone', async () => {
    const file = await closeBaseline();
    const text = readFileSync(sessionFile(file), 'utf8');
    writeFileSync(sessionFile('debug-2020-01-01T00:00:00Z.md'), text);
    const { failed } = await verify(test.app);
    expect(failed[0]?.found).toContain('no ledger');
  });
});

it('judges again after a retest with the new measurements', async () => {
  const writer = await openTestSession(test);
  const base = await markReady(writer, 't0000', 'calibrate');
  for (const tbotMs of [9, 10, 11])
    await measureFake(test, writer, {
      trialId: 't0000',
      deploymentId: base,
      purpose: 'calibrate',
      tbotMs,
    });
  const { spreadsOf } = await import('../../mcp-server/core/stats/spread.ts');
  const runs = writer.state().trials[0]?.measurements.map((one) => one.data) ?? [];
  await writer.append({
    type: 'calibrated',
    data: {
      trialId: 't0000',
      measurements: runs.map((run) => run.measurementId),
      spreads: spreadsOf(runs, 3.6),
    },
  });
  const deploymentId = await measureTrial(test, writer, { tbotMs: 9.3 });
  expect((await judgeTrial(test.app, { trial_id: 't0001' }, CALL)).verdict).toBe('retest');
  for (let i = 0; i < 3; i += 1)
    await measureFake(test, writer, {
      trialId: 't0001',
      deploymentId,
      purpose: 'trial',
      tbotMs: 9.3,
    });
  expect((await judgeTrial(test.app, { trial_id: 't0001' }, CALL)).verdict).toBe('retest');
  const last = await judgeTrial(test.app, { trial_id: 't0001' }, CALL);
  expect(last.verdict).toBe('tie');
  expect(last.measurements.filter((id) => id.startsWith('m0001'))).toHaveLength(6);
});
