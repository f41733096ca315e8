import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measureOnce } from '../../mcp-server/app/measure.ts';
import { resolveWorkload } from '../../mcp-server/app/resolve-workload.ts';
import { verify } from '../../mcp-server/app/verify.ts';
import { verifyPrompts } from '../../mcp-server/app/verify-prompts.ts';
import { canonicalJson } from '../../mcp-server/core/contract/canonical-json.ts';
import { materialise } from '../../mcp-server/core/workload/materialise.ts';
import { describePrompts } from '../../mcp-server/core/workload/prompts-sent.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import type { LoadRequest, LoadRun } from '../../mcp-server/ports/load-generator.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { CALL, createTestApp, openTestSession, type TestApp } from '../fakes/test-app.ts';
import { fakeLoadRun, markReady } from './judged-session.ts';

const calibration = { tokensPerWord: 1, overheadTokens: 17 };
let test: TestApp;
let writer: LedgerWriter;

/** A load generator that sends nothing but says what it would have sent. */
function planned(request: LoadRequest): LoadRun {
  const plan = materialise({
    ...request,
    count: request.loadPoint.requests,
    phase: 'measure',
    calibration,
  });
  const prompts = describePrompts(plan, { calibration, isImported: false, hash: test.app.hash });
  return { ...fakeLoadRun(50, 10), prompts, calibration };
}

beforeEach(async () => {
  test = createTestApp(createFakeDeploy());
  writer = await openTestSession(test);
  const deploymentId = await markReady(writer, 't0000', 'calibrate');
  const app = {
    ...test.app,
    load: {
      ...test.app.load,
      run: (request: LoadRequest) => Promise.resolve(planned(request)),
    },
  };
  const { terms } = writer.state().contract;
  const workload = await resolveWorkload(app, terms.workload);
  const loadPoint = terms.loadPoints[0];
  if (loadPoint === undefined) throw new Error('no load point');
  for (const repeat of [0, 1]) {
    await measureOnce(app, writer, {
      deploymentId,
      purpose: 'calibrate',
      workload,
      workloadHash: app.hash(canonicalJson(workload)),
      loadPoint,
      loadPointIndex: 0,
      seed: 1,
      repeat,
      label: 'run',
      call: CALL,
    });
  }
});
afterEach(() => test.close());

describe('the prompts of a measurement', () => {
  it('stand in the ledger with their count, lengths and hash, another for each repeat', () => {
    const runs = writer.state().trials.flatMap((trial) => trial.measurements);
    const prompts = runs.map(({ data }) => data.prompts);
    expect(prompts[0]).toMatchObject({
      sizing: 'calibrated_words',
      count: 8,
      lengths: { min: 1024, p50: 1024, max: 1024 },
    });
    expect(new Set(prompts.map((one) => one?.sha256)).size).toBe(2);
  });

  it('follow again from the plan', async () => {
    expect(await verifyPrompts(test.app, writer.state())).toEqual({ checked: 2, faults: [] });
    expect(await verify(test.app)).toMatchObject({ failed: [] });
  });

  it('are said to differ where the ledger tells another hash or another seed', async () => {
    const state = writer.state();
    const changed = (change: Record<string, unknown>) => ({
      ...state,
      trials: state.trials.map((trial) => ({
        ...trial,
        measurements: trial.measurements.map((one) => ({
          ...one,
          data: { ...one.data, ...change },
        })),
      })),
    });
    const { faults } = await verifyPrompts(test.app, changed({ seed: 2 }));
    expect(faults.map(({ name }) => name)).toEqual(['prompts.sha256', 'prompts.sha256']);
    const first = state.trials[0]?.measurements[0]?.data.prompts;
    const counted = await verifyPrompts(
      test.app,
      changed({ prompts: { ...first, sizing: 'token_ids' } }),
    );
    expect(counted.faults.map(({ name }) => name)).toContain('prompts.sizing');
  });

  it('are not looked at where an older record tells none', async () => {
    const state = writer.state();
    const older = {
      ...state,
      trials: state.trials.map((trial) => ({
        ...trial,
        measurements: trial.measurements.map((one) => {
          const { prompts: _, ...data } = one.data;
          return { ...one, data };
        }),
      })),
    };
    expect(await verifyPrompts(test.app, older)).toEqual({ checked: 0, faults: [] });
  });
});
