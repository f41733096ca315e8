import { afterEach, describe, expect, it } from 'vitest';
import { runLoad } from '../../../mcp-server/adapters/load/run-load.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';
import {
  type CalibratedConfig,
  type CalibratedServer,
  startCalibratedServer,
} from '../../fakes/calibrated-server.ts';
import { byteLevel, fourLetters, wholeLines } from '../../fakes/tokenizers.ts';
import { loadRequest, runOptions } from './support.ts';

let server: CalibratedServer;
const start = async (config: CalibratedConfig): Promise<CalibratedServer> => {
  server = await startCalibratedServer({ overheadTokens: 23, ...config });
  return server;
};

afterEach(() => server.close());

const workload = (component: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
  WorkloadSpec.parse({
    id: 'sized',
    components: [{ inputTokens: { min: 60, max: 400 }, outputTokens: 8, ...component }],
    ...rest,
  });

const asks = (bodies: readonly Record<string, unknown>[]): number =>
  bodies.filter((body) => body['stream'] === false).length;

describe('prompts for a service with a tokenizer of its own', () => {
  const cases = [
    ['random words', workload({})],
    ['natural text', workload({}, { text: 'natural' })],
    ['plain completions', workload({}, { api: 'completions' })],
    ['a shared prefix', workload({ sharedPrefixTokens: 50, prefixGroups: 2 })],
    ['a conversation', workload({ turns: 3 })],
  ] as const;
  for (const [name, sized] of cases) {
    it(`have exactly the length asked for, template included: ${name}`, async () => {
      const { url } = await start({ tokenize: fourLetters() });
      const loadPoint = { kind: 'closed', concurrency: 4, requests: 24 } as const;
      const run = await runLoad(
        loadRequest(url, { workload: sized, loadPoint, traps: name === 'random words' }),
        runOptions(),
      );
      expect(run.notes).toEqual([]);
      expect(run.records.map((record) => record.inputTokens)).toEqual(
        run.records.map((record) => record.requestedInputTokens),
      );
      expect(new Set(run.records.map((record) => record.inputTokens)).size).toBeGreaterThan(5);
    });
  }

  it('cost one question to the tokenizer and two completions, whatever the number of lengths', async () => {
    const { url, bodies } = await start({ tokenize: byteLevel });
    const run = await runLoad(loadRequest(url, { workload: workload({}) }), runOptions());
    expect(asks(bodies)).toBe(2);
    expect(run.calibration.words?.counts).toHaveLength(1500);
  });

  it('are sized by counted words where the tokenizer joins words, and where its counts are not those of usage', async () => {
    const joining = await start({ tokenize: wholeLines() });
    const joined = await runLoad(loadRequest(joining.url), runOptions());
    expect(joined.calibration.words).toBeUndefined();
    await joining.close();
    // the tokenizer that answers is not the one that counts
    const honest = fourLetters();
    const { url } = await start({
      tokenize: (text) => (text.startsWith('zebra') ? byteLevel(text) : honest(text)),
    });
    const run = await runLoad(loadRequest(url, { workload: workload({}) }), runOptions());
    expect(run.calibration.words).toBeUndefined();
    expect(run.calibration.tokensPerWord).toBeGreaterThan(1);
  });

  it('are said to be off when the service counts other lengths than its tokenizer', async () => {
    const tokenize = fourLetters();
    const { url } = await start({ tokenize });
    const first = await runLoad(loadRequest(url), runOptions());
    await server.close();
    const other = await start({ tokenize, overheadTokens: 24 });
    const run = await runLoad(
      loadRequest(other.url),
      runOptions({ calibration: first.calibration }),
    );
    expect(run.notes.join()).toContain('6 of 6 prompts differ from the length');
  });

  it('are token ids of whole words where the workload asks for it', async () => {
    const { url, bodies } = await start({ tokenize: fourLetters(), overheadTokens: 0 });
    const asIds = workload({}, { api: 'completions', tokenIds: true });
    const run = await runLoad(
      loadRequest(url, { workload: asIds, warmup: true, traps: true }),
      runOptions(),
    );
    expect(run.notes.join()).not.toContain('differ');
    const measured = bodies.slice(-6).map((body) => body['prompt']);
    const lengths = run.records.slice(-6).map((record) => record.requestedInputTokens);
    const sent = measured.map((ids) => (Array.isArray(ids) ? ids.length : 0));
    // two at a time: they end in another order than they were sent
    expect(sent.toSorted((a, b) => a - b)).toEqual(lengths.toSorted((a, b) => a - b));
    expect(bodies.every((body) => Array.isArray(body['prompt']))).toBe(true);
    expect(run.records.map((record) => record.inputTokens)).toEqual(
      run.records.map((record) => record.requestedInputTokens),
    );
    expect(run.prompts).toMatchObject({ sizing: 'token_ids', count: 6 });
  });

  it('are refused as token ids before any load where the service has no tokenizer', async () => {
    const { url, bodies } = await start({});
    const asIds = workload({}, { api: 'completions', tokenIds: true });
    const run = runLoad(loadRequest(url, { workload: asIds }), runOptions());
    await expect(run).rejects.toMatchObject({ code: 'E_WORKLOAD' });
    expect(bodies).toEqual([]);
  });
});
