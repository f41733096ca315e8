import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalDeploy } from '../../mcp-server/adapters/deploy/local.ts';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import { createProcessRunner } from '../../mcp-server/adapters/process/run.ts';
import { findFreePort } from '../../mcp-server/adapters/process/tcp-ports.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import { WorkloadSpec } from '../../mcp-server/core/workload/workload.ts';
import { CALL, createTestApp, openTestSession, type TestApp } from '../fakes/test-app.ts';
import { ensureLlamaCpp } from './llamacpp.ts';

const EXAMPLE = readFileSync(
  fileURLToPath(new URL('../../examples/llamacpp-cpu/dstack-baseline.yml', import.meta.url)),
  'utf8',
);
let tested: TestApp | null = null;
let baseUrl = '';

beforeAll(async () => {
  baseUrl = await startServer();
});

afterAll(async () => {
  if (tested === null) return;
  await stopDeployments(tested.app, { final: true, wait_s: 50 }, CALL).catch(() => undefined);
  await tested.close();
});

async function startServer(): Promise<string> {
  const { environment } = ensureLlamaCpp();
  const deploy = createLocalDeploy({ environment, runner: createProcessRunner() });
  tested = createTestApp(deploy);
  const port = await findFreePort();
  await openTestSession(
    tested,
    { maxTotalUsd: 0, maxUsdPerHour: 0, maxUsdPerTrial: 0, maxMinutesToReady: 2 },
    { service: EXAMPLE.replaceAll('8117', String(port)), engine: 'llamacpp' },
  );
  expect(await deployTrial(tested.app, { wait_s: 50 }, CALL)).toMatchObject({ status: 'ready' });
  return `http://127.0.0.1:${port}`;
}

/** The server's own counters of tokens. */
async function counters(baseUrl: string): Promise<{ prompt: number; output: number }> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  const value = (name: string): number =>
    Number(new RegExp(`^llamacpp:${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { prompt: value('prompt_tokens_total'), output: value('tokens_predicted_total') };
}

const generator = createLoadGenerator();

function run(
  seed: number,
  workload: Readonly<Record<string, unknown>> = {},
): ReturnType<typeof generator.run> {
  return generator.run(
    {
      baseUrl,
      model: 'gemma-3-270m',
      headers: {},
      workload: WorkloadSpec.parse({
        id: 'counted',
        components: [{ inputTokens: { min: 50, max: 90 }, outputTokens: 24 }],
        ...workload,
      }),
      loadPoint: { kind: 'closed', concurrency: 2, requests: 12 },
      seed,
      repeat: 0,
      sampling: { temperature: 0 },
      extraBody: {},
      deadlineMs: 240_000,
      stallMs: 120_000,
      warmup: false,
    },
    { signal: CALL.signal },
  );
}

test('tokens that the client counts are those of a real llama.cpp server’s own counters, within 1 %', async () => {
  await run(1); // learns the tokens of a word, by requests that no record tells of
  const before = await counters(baseUrl);
  const { records } = await run(2);
  const after = await counters(baseUrl);
  expect(records.map((record) => record.failure)).toEqual(Array(12).fill(null));
  const sum = (of: (record: (typeof records)[number]) => number): number =>
    records.reduce((total, record) => total + of(record), 0);
  const output = sum((record) => record.outputTokens ?? 0);
  const computed = sum((record) => (record.inputTokens ?? 0) - (record.cachedTokens ?? 0));
  expect(output).toBe(12 * 24);
  expect(Math.abs(output / (after.output - before.output) - 1)).toBeLessThanOrEqual(0.01);
  expect(Math.abs(computed / (after.prompt - before.prompt) - 1)).toBeLessThanOrEqual(0.01);
});

const SHORT = { inputTokens: { min: 50, max: 150 }, outputTokens: 2 };
test.each([
  ['server_tokenizer', 'chat', { components: [SHORT] }],
  ['server_tokenizer', 'natural text', { text: 'natural', components: [SHORT] }],
  ['server_tokenizer', 'completions', { api: 'completions', components: [SHORT] }],
  ['server_tokenizer', 'a conversation', { components: [{ ...SHORT, turns: 3 }] }],
  ['token_ids', 'token ids', { api: 'completions', tokenIds: true, components: [SHORT] }],
])(
  'every prompt has the length asked for by a real llama.cpp server’s usage (%s: %s)',
  async (sizing, _, workload) => {
    const { records, prompts, notes } = await run(4, workload);
    expect(prompts?.sizing).toBe(sizing);
    expect(notes).toEqual([]);
    expect(records.map((record) => record.inputTokens)).toEqual(
      records.map((record) => record.requestedInputTokens),
    );
    expect(new Set(records.map((record) => record.inputTokens)).size).toBeGreaterThan(5);
  },
);
