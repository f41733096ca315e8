import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../mcp-server/app/app.ts';
import { checkQuality } from '../../mcp-server/app/check-quality.ts';
import type { EventData } from '../../mcp-server/core/ledger/events.ts';
import type { Change } from '../../mcp-server/core/service/change.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { type Damage, modelService } from '../fakes/model-service.ts';
import { CALL, createTestApp, planTestTrial, type TestApp } from '../fakes/test-app.ts';
import { markReady, openCalibrated } from './judged-session.ts';

let test: TestApp;
beforeEach(() => {
  test = createTestApp(createFakeDeploy());
});
afterEach(() => test.close());

const withService = (damage: Damage): App => ({
  ...test.app,
  load: { ...test.app.load, complete: modelService(damage) },
});

interface Wish {
  readonly touchesQuality?: boolean;
  readonly changes?: Change[];
  readonly size?: 'quick' | 'standard';
  readonly skipBaseline?: boolean;
}

type Check = EventData<'quality_checked'>;

/** Checks a sound baseline, then a damaged trial that may alter outputs; what the ledger then says of both. */
async function checkBoth(damage: Damage, wish: Wish = {}): Promise<{ base: Check; trial: Check }> {
  const writer = await openCalibrated(test);
  const { size } = wish;
  const { engine = 'sglang', tells = 'all' } = damage;
  if (wish.skipBaseline !== true)
    await checkQuality(withService({ engine, tells }), { wait_s: 20, size }, CALL);
  await writer.append({
    type: 'deployment_gone',
    data: { deploymentId: 'd0000-1', proof: [], costUsd: 0, idleCostUsd: 0 },
  });
  await planTestTrial(test, writer, {
    trialId: 't0001',
    parentId: 't0000',
    touchesQuality: wish.touchesQuality ?? true,
    ...(wish.changes === undefined ? {} : { changes: wish.changes }),
  });
  await markReady(writer, 't0001');
  await checkQuality(withService({ run: 1, ...damage }), { wait_s: 20 }, CALL);
  const [base, trial] = writer.state().trials.map((one) => one.quality.at(-1));
  if (trial === undefined) throw new Error('the trial was not checked');
  return { base: base ?? trial, trial };
}

const stateOf = (check: Check, tier: string): string | undefined =>
  check.tiers?.find((one) => one.tier === tier)?.state;

describe('the further tiers of the quality gate', () => {
  it('keep the noise of the baseline against itself in the ledger, tier by tier', async () => {
    const { base } = await checkBoth({});
    expect(base.tiers?.map(({ tier, state, at }) => [tier, state, at])).toEqual([
      ['drift', 'floor', 'load'],
      ['drift', 'floor', 'alone'],
      ['greedy', 'floor', 'load'],
      ['greedy', 'floor', 'alone'],
      ['tasks', 'floor', 'load'],
      ['tasks', 'floor', 'alone'],
    ]);
    expect(base).toMatchObject({ armed: true, passed: null });
    expect(base.tiers?.[1]?.text).toContain('concurrency 1;');
    expect(base.tiers?.[4]?.values).toMatchObject({ items: 140, asked: 140, flipRatio: 0 });
    expect(base.tiers?.[5]?.values).toMatchObject({ items: 140, asked: 15, rightRatio: 1 });
    expect(base.tiers?.[0]?.values['meanLossNats']).toBeLessThan(0.001);
  });

  it('pass an equal model and say which loss is excluded', async () => {
    const { trial } = await checkBoth({});
    expect(trial).toMatchObject({ armed: true, passed: true });
    expect(trial.reasons.join(' ')).toContain('a loss above 2.8 % is excluded (margin 3.0 %)');
  });

  it('fail a model that answers one task in seven wrongly, by the task suite', async () => {
    const { trial } = await checkBoth({ wrongRatio: 0.14 });
    expect(stateOf(trial, 'tasks')).toBe('fail');
    expect(trial.passed).toBe(false);
  });

  it('leave a loss near the margin open, and say that more items settle it', async () => {
    const { trial } = await checkBoth({ wrongRatio: 0.02 });
    expect(trial).toMatchObject({ armed: true, passed: null });
    expect(trial.reasons.join(' ')).toContain('more items settle it');
  });

  it('ask more items by themselves where the baseline was asked more', async () => {
    const { trial } = await checkBoth({ wrongRatio: 0.012 }, { size: 'standard' });
    expect(trial.tiers?.find((one) => one.tier === 'tasks')?.values['items']).toBe(420);
  });

  it.each([
    [0.01, 1],
    [0.01, 2],
    [0.01, 3],
    [0.02, 1],
    [0.05, 1],
  ])('catch garbling of a share %d of tokens (run %d)', async (garbleRatio, run) => {
    const { trial } = await checkBoth({ garbleRatio, run });
    expect(trial.passed).toBe(false);
    expect(trial.tiers?.map((one) => one.state)).toContain('fail');
  });

  it.each(['sglang', 'vllm'] as const)('score given texts on the route of %s', async (engine) => {
    const { base, trial } = await checkBoth({ engine, corruptionRate: 0.004 });
    expect(base.tiers?.[0]?.text).toContain('given texts');
    expect(stateOf(trial, 'drift')).toBe('fail');
  });

  it('compare generated tokens where no given text is scored', async () => {
    const { base, trial } = await checkBoth({ tells: 'no-prompt-scores', corruptionRate: 0.004 });
    expect(base.tiers?.[0]?.text).toContain('generated tokens');
    expect(stateOf(trial, 'drift')).toBe('fail');
  });

  it('compare words where no log-probability is told, and still catch garbling', async () => {
    const { base, trial } = await checkBoth({ tells: 'no-logprobs', garbleRatio: 0.02 });
    expect(stateOf(base, 'drift')).toBe('unavailable');
    expect(stateOf(trial, 'greedy')).toBe('fail');
  });

  it('are skipped where a change cannot alter outputs', async () => {
    const { trial } = await checkBoth({}, { touchesQuality: false });
    expect(trial.tiers).toBeUndefined();
    expect(trial.passed).toBe(true);
  });

  it('arm nothing without the noise of the baseline', async () => {
    const { trial } = await checkBoth({}, { skipBaseline: true });
    expect(trial).toMatchObject({ armed: false, passed: null });
    expect(trial.reasons.join(' ')).toContain('E_QUALITY_UNARMED');
  });
});
