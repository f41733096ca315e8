import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { planBaseline, planTrial } from '../../mcp-server/app/plan-trial.ts';
import { suggestTrials } from '../../mcp-server/app/suggest-trials.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { aContract, opened } from '../fakes/ledger-events.ts';
import { CALL, createTestApp, type TestApp } from '../fakes/test-app.ts';

const SGLANG = readFileSync('dstack-baseline.yml', 'utf8');
const VLLM = SGLANG.replace(
  /python -m sglang\.launch_server[\s\S]*?--enable-cache-report/,
  'vllm serve meta-llama/Llama-3.1-8B-Instruct --max-model-len 8192',
).replace('lmsysorg/sglang:v0.5.9', 'vllm/vllm-openai:v0.11.0');
const LLAMA = readFileSync('examples/llamacpp-cpu/dstack-baseline.yml', 'utf8');

let test: TestApp;
let writer: LedgerWriter;

async function open(service: string, terms: Record<string, unknown> = {}): Promise<void> {
  test = createTestApp(createFakeDeploy());
  writeFileSync(join(test.dir, 'dstack-baseline.yml'), service);
  const event = opened(aContract({ backend: 'simulated', ...terms }, { maxTrials: 500 }));
  if (event.type !== 'session_opened') throw new Error('unreachable');
  writer = await test.app.sessions.create({ ...event.data, baseDir: test.dir });
  await planBaseline(test.app, writer);
}

afterEach(() => test.close());

describe.each([
  ['SGLang', SGLANG, {}],
  ['vLLM', VLLM, {}],
  [
    'llama.cpp',
    LLAMA,
    {
      allowedHardware: [{ gpu: 'cpu', count: 0 }],
      minContextTokens: 256,
      model: { id: 'gemma-3-270m' },
    },
  ],
])('suggestTrials for %s', (_, service, terms) => {
  it('proposes only what plan_trial takes', async () => {
    await open(service, terms);
    const { proposals, next } = await suggestTrials(test.app, { limit: 20 });
    expect(proposals.length).toBeGreaterThanOrEqual(8);
    expect(next).toMatchObject({ tool: 'plan_trial', args: { changes: proposals[0]?.changes } });
    for (const { hypothesis, changes } of proposals) {
      const planned = await planTrial(test.app, { hypothesis, changes, force: [] }, CALL);
      expect(planned.forced).toEqual([]);
    }
    const again = await suggestTrials(test.app, { limit: 20 });
    const texts = proposals.map((one) => JSON.stringify(one.changes));
    for (const one of again.proposals) expect(texts).not.toContain(JSON.stringify(one.changes));
  });
});

describe('suggestTrials', () => {
  it('keeps to the guaranteed context when it shares it over slots', async () => {
    await open(LLAMA, {
      allowedHardware: [{ gpu: 'cpu', count: 0 }],
      minContextTokens: 2048,
      model: { id: 'gemma-3-270m' },
    });
    const { proposals } = await suggestTrials(test.app, { limit: 20 });
    const slots = proposals.find((one) => one.id.startsWith('parallel-slots'));
    expect(slots?.changes.map((change) => ('flag' in change ? change.flag : ''))).toContain(
      '--ctx-size',
    );
  });

  it('ends with an empty list and hands back to the next step', async () => {
    await open(SGLANG);
    for (let round = 0; round < 30; round += 1) {
      const { proposals } = await suggestTrials(test.app, { limit: 20 });
      if (proposals.length === 0) break;
      for (const { hypothesis, changes } of proposals)
        await planTrial(test.app, { hypothesis, changes, force: [] }, CALL);
    }
    const end = await suggestTrials(test.app, { limit: 20 });
    expect(end.proposals).toEqual([]);
    expect(end.summary).toContain('Nothing is left');
  });
});
