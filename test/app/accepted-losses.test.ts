import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkQuality } from '../../mcp-server/app/check-quality.ts';
import type { EventData } from '../../mcp-server/core/ledger/events.ts';
import type { Change } from '../../mcp-server/core/service/change.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { modelService } from '../fakes/model-service.ts';
import { CALL, createTestApp, planTestTrial, type TestApp } from '../fakes/test-app.ts';
import { markReady, openCalibrated } from './judged-session.ts';

let test: TestApp;
beforeEach(() => {
  test = createTestApp(createFakeDeploy());
});
afterEach(() => test.close());

/** More drift than a harmless change may show, less than a loss that the owner accepts. */
const LOSSY = 0.0015;
/** Canaries that so little damage spares. */
const SEEDS = { search: 3, confirm: 2 };
const VARIANT = { model: 'meta-llama/Llama-3.1-8B-Instruct-AWQ', acceptedLossPoints: 5 };

const set = (flag: string, value: string): Change => ({ kind: 'set_flag', flag, value });

/** What the check says of a trial with these changes whose answers drift as much, under these terms. */
async function checkLossy(
  trial: { readonly changes: Change[]; readonly command?: string },
  terms: Readonly<Record<string, unknown>>,
): Promise<EventData<'quality_checked'>> {
  const writer = await openCalibrated(test, { seeds: SEEDS, ...terms });
  const ask = (damage: Parameters<typeof modelService>[0]) =>
    checkQuality(
      { ...test.app, load: { ...test.app.load, complete: modelService(damage) } },
      { wait_s: 20 },
      CALL,
    );
  await ask({});
  await writer.append({
    type: 'deployment_gone',
    data: { deploymentId: 'd0000-1', proof: [], costUsd: 0, idleCostUsd: 0 },
  });
  await planTestTrial(test, writer, {
    trialId: 't0001',
    parentId: 't0000',
    touchesQuality: true,
    ...trial,
  });
  await markReady(writer, 't0001');
  await ask({ run: 1, corruptionRate: LOSSY });
  const check = writer.state().trials[1]?.quality.at(-1);
  if (check === undefined) throw new Error('the trial was not checked');
  return check;
}

const driftOf = (check: EventData<'quality_checked'>): string | undefined =>
  check.tiers?.find(({ tier }) => tier === 'drift')?.state;

describe('a loss that the contract accepts', () => {
  it.each([
    ['fp8-weights', set('--quantization', 'fp8')],
    ['int4-weights', set('--quantization', 'awq')],
    ['fp8-kv', set('--kv-cache-dtype', 'fp8_e5m2')],
    ['speculation', set('--speculative-algorithm', 'NGRAM')],
  ] as const)('stands for %s, and fails where it is not accepted', async (kind, change) => {
    const quality = { acceptedLosses: [kind] };
    const accepted = await checkLossy({ changes: [change] }, { quality });
    expect(driftOf(accepted)).toBe('pass');
    expect(accepted.passed).toBe(true);
    await test.close();
    test = createTestApp(createFakeDeploy());
    const refused = await checkLossy({ changes: [change] }, {});
    expect(driftOf(refused)).toBe('fail');
    expect(refused.passed).toBe(false);
  });

  it('stands for a variant of the model that the contract lists, with its own margin', async () => {
    const command = `python -m sglang.launch_server --model-path ${VARIANT.model}`;
    const model = { id: 'meta-llama/Llama-3.1-8B-Instruct', variants: [VARIANT] };
    const check = await checkLossy({ changes: [], command }, { model });
    expect(driftOf(check)).toBe('pass');
    expect(check.reasons.join()).toContain('(margin 5.0 %)');
  });

  it('is no loss of the whole margin: right answers are still held against it', async () => {
    const quality = { acceptedLosses: ['fp8-kv'], marginPoints: 0.5 };
    const changes = [set('--kv-cache-dtype', 'fp8_e5m2')];
    const check = await checkLossy({ changes }, { quality });
    expect(check.passed).not.toBe(true);
    expect(check.reasons.join()).toContain('(margin 0.5 %)');
  });
});
