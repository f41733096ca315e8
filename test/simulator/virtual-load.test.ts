import { describe, expect, it } from 'vitest';
import type { SimConfig } from '../../mcp-server/simulator/core/config.ts';
import {
  simulateLoad,
  type VirtualLoad,
  type VirtualResult,
} from '../../mcp-server/simulator/core/simulate-load.ts';
import { baselineConfig, serviceConfig, VLLM_8B } from './configs.ts';

function closed(
  concurrency: number,
  count: number,
  shape: Partial<VirtualLoad['requests'][number]> = {},
): VirtualLoad {
  const request = { inputTokens: 512, outputTokens: 64, ...shape };
  return { concurrency, requests: Array.from({ length: count }, () => request) };
}

function run(
  config: SimConfig,
  load: VirtualLoad,
  seeds = { seed: 1, launchSeed: 1 },
): VirtualResult {
  const result = simulateLoad(config, load, seeds);
  if (result === null) throw new Error('does not start');
  return result;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, one) => sum + one, 0) / values.length;
const tbot = (result: VirtualResult): number =>
  mean(result.records.flatMap((record) => record.tbotMs ?? []));

describe('a load in virtual time', () => {
  it('the same seeds give the same records, another launch gives others', () => {
    const config = baselineConfig();
    const load = closed(8, 32);
    expect(run(config, load).records).toEqual(run(config, load).records);
    expect(run(config, load, { seed: 1, launchSeed: 2 }).records).not.toEqual(
      run(config, load).records,
    );
  });

  it('launches of one configuration differ by a percent or so, not more', () => {
    const config = baselineConfig();
    const base = tbot(run(config, closed(8, 64)));
    for (const launchSeed of [2, 3, 4, 5])
      expect(
        Math.abs(tbot(run(config, closed(8, 64), { seed: 1, launchSeed })) / base - 1),
      ).toBeLessThan(0.12);
  });

  it('every request gets all its tokens', () => {
    const result = run(baselineConfig(), closed(16, 64));
    expect(result.records).toHaveLength(64);
    expect(result.records.every((record) => record.finished && record.outputTokens === 64)).toBe(
      true,
    );
    expect(result.counters.generationTokens).toBe(64 * 64);
  });

  it('no-op flags change nothing at all', () => {
    const load = closed(8, 24);
    expect(run(baselineConfig('--num-continuous-decode-steps 8'), load).records).toEqual(
      run(baselineConfig(), load).records,
    );
  });
});

describe('memory pressure', () => {
  it('SGLang retracts when outputs outgrow a small pool, and still finishes', () => {
    const config = baselineConfig('--max-total-tokens 6000 --schedule-conservativeness 0.1');
    const result = run(config, closed(16, 32, { inputTokens: 100, outputTokens: 900 }));
    expect(result.counters.retractions).toBeGreaterThan(0);
    expect(result.records.every((record) => record.outputTokens === 900)).toBe(true);
  });

  it('a more careful admission retracts less', () => {
    const load = closed(32, 96, { inputTokens: 100, outputTokens: 200 });
    const at = (value: string): number =>
      run(baselineConfig(`--max-total-tokens 3000 --schedule-conservativeness ${value}`), load)
        .counters.retractions;
    expect(at('1.4')).toBeLessThan(at('0.1'));
  });

  it('vLLM preempts by recompute', () => {
    const config = serviceConfig(`${VLLM_8B} --num-gpu-blocks-override 300 --max-model-len 4096`);
    const result = run(config, closed(16, 32, { inputTokens: 100, outputTokens: 900 }));
    expect(result.counters.retractions).toBeGreaterThan(0);
    expect(result.records.every((record) => record.finished && record.outputTokens === 900)).toBe(
      true,
    );
  });

  it('a request larger than the whole pool is aborted, not waited for', () => {
    const config = baselineConfig('--max-total-tokens 1000');
    const [record] = run(config, closed(1, 1, { inputTokens: 2000, outputTokens: 10 })).records;
    expect(record?.finished).toBe(false);
  });

  it('a prefill that its activations have no room for kills the engine', () => {
    const result = run(
      baselineConfig('--mem-fraction-static 0.97'),
      closed(32, 32, { inputTokens: 1024 }),
    );
    expect(result.crashed).toBe(true);
  });
});

describe('settings with an effect', () => {
  const chat = closed(32, 96, { inputTokens: 512, outputTokens: 128, acceptance: 0.6 });
  const base = (): number => tbot(run(baselineConfig(), chat));

  it('8-bit weights decode faster', () => {
    expect(tbot(run(baselineConfig('--quantization fp8'), chat))).toBeLessThan(base() * 0.9);
  });

  it('a batch above the graph ceiling decodes eagerly and slowly', () => {
    const result = run(baselineConfig('--cuda-graph-max-bs 16'), chat);
    expect(result.counters.decodeEagerPasses).toBeGreaterThan(0);
    expect(tbot(result)).toBeGreaterThan(base() * 1.3);
  });

  it('drafts pay off on natural text and cost on random text', () => {
    const flags = '--speculative-algorithm EAGLE3 --speculative-draft-model-path a/b';
    const random = {
      ...chat,
      requests: chat.requests.map((one) => ({ ...one, acceptance: 0.02 })),
    };
    expect(tbot(run(baselineConfig(flags), chat))).toBeLessThan(base());
    expect(tbot(run(baselineConfig(flags), random))).toBeGreaterThan(base());
  });

  it('a cap on running requests trades TTFT for TBOT', () => {
    const capped = run(baselineConfig('--max-running-requests 8'), chat);
    const free = run(baselineConfig(), chat);
    expect(tbot(capped)).toBeLessThan(tbot(free));
    expect(mean(capped.records.map((one) => one.ttftMs))).toBeGreaterThan(
      mean(free.records.map((one) => one.ttftMs)),
    );
  });
});

describe('prefix cache', () => {
  it('a prompt sent again is cached but for its last token (SGLang), or its last block (vLLM)', () => {
    const twice = {
      concurrency: 1,
      requests: [1, 2].map(() => ({ inputTokens: 320, sharedPrefixTokens: 320, outputTokens: 4 })),
    };
    expect(run(baselineConfig(), twice).records[1]?.cachedTokens).toBe(319);
    // floor((320 - 1) / 16) * 16 = 304
    expect(run(serviceConfig(VLLM_8B), twice).records[1]?.cachedTokens).toBe(304);
    expect(run(baselineConfig('--disable-radix-cache'), twice).records[1]?.cachedTokens).toBe(0);
  });

  it('shared prefixes are hit and unique prompts are not', () => {
    const shared = closed(4, 40, { sharedPrefixTokens: 400 });
    expect(run(baselineConfig(), shared).counters.cachedTokens).toBeGreaterThan(400 * 30);
    expect(run(baselineConfig(), closed(4, 40)).counters.cachedTokens).toBe(0);
  });

  it('old prefixes are evicted when memory is short', () => {
    const requests = Array.from({ length: 60 }, (_, index) => ({
      inputTokens: 500,
      sharedPrefixTokens: 480,
      prefixGroup: index % 20,
      outputTokens: 4,
    }));
    const hits = (flags: string): number =>
      run(baselineConfig(flags), { concurrency: 1, requests }).counters.cachedTokens;
    expect(hits('')).toBeGreaterThan(0);
    expect(hits('--max-total-tokens 3000')).toBeLessThan(hits(''));
  });
});

describe('open loop', () => {
  it('beyond capacity the wait grows with every request', () => {
    const requests = Array.from({ length: 400 }, (_, index) => ({
      inputTokens: 1024,
      outputTokens: 32,
      atMs: index * 5,
    }));
    const { records } = run(baselineConfig(), { concurrency: null, requests });
    const early = mean(records.slice(20, 60).map((one) => one.ttftMs));
    const late = mean(records.slice(360).map((one) => one.ttftMs));
    expect(late).toBeGreaterThan(early * 2);
  });
});
