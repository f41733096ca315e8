import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDataset } from '../../../mcp-server/core/dataset/parse-dataset.ts';
import {
  longestContextTokens,
  type MaterialiseOptions,
  materialise,
  sharedPromptRatio,
} from '../../../mcp-server/core/workload/materialise.ts';
import { requestUnits } from '../../../mcp-server/core/workload/planned-request.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';

const spec = (component: Record<string, unknown>, rest: Record<string, unknown> = {}) =>
  WorkloadSpec.parse({
    id: 'x',
    components: [{ inputTokens: 64, outputTokens: 8, ...component }],
    ...rest,
  });

const plan = (change: Partial<MaterialiseOptions> = {}) =>
  materialise({
    workload: spec({}),
    seed: 1,
    repeat: 0,
    count: 20,
    phase: 'measure',
    calibration: { tokensPerWord: 1, overheadTokens: 10 },
    ...change,
  });

const opening = (prompt: string): string => prompt.split(' ').slice(0, 6).join(' ');

describe('planned requests', () => {
  it('give the same prompts for the same seed, repeat and phase', () => {
    expect(plan()).toEqual(plan());
  });

  it('share no opening with each other, another repeat, another seed or another phase', () => {
    const all = [
      ...plan(),
      ...plan({ repeat: 1 }),
      ...plan({ seed: 2 }),
      ...plan({ phase: 'warmup' }),
      ...plan({ phase: 'probe' }),
    ];
    expect(new Set(all.map((one) => opening(one.prompt))).size).toBe(100);
  });

  it('do the same work in every repeat', () => {
    const workload = spec({ inputTokens: { median: 200, sigma: 0.5 } });
    const lengths = (repeat: number) =>
      plan({ workload, repeat }).map((one) => [one.inputTokens, one.outputTokens]);
    expect(lengths(0)).toEqual(lengths(5));
    expect(new Set(lengths(0).map(([input]) => input)).size).toBeGreaterThan(5);
  });

  it('count words so that template and text together have the length asked for', () => {
    // 64 tokens = 10 of the template + 54 words of one token, or 36 words of one and a half
    expect(plan()[0]?.prompt.split(' ')).toHaveLength(54);
    const calibration = { tokensPerWord: 1.5, overheadTokens: 10 };
    expect(plan({ calibration })[0]?.prompt.split(' ')).toHaveLength(36);
  });

  it('share a prefix within a group and nothing before its first request', () => {
    const workload = spec({ sharedPrefixTokens: 40, prefixGroups: 2 });
    const requests = plan({ workload, count: 6 });
    const prefixes = requests.map((one) => one.prompt.split(' ').slice(0, 40).join(' '));
    expect(new Set(prefixes).size).toBe(2);
    // the template alone for the first of each group, template and prefix afterwards
    expect(requests.map((one) => one.sharedTokens)).toEqual([10, 10, 50, 50, 50, 50]);
    expect(new Set(requests.map((one) => one.prompt)).size).toBe(6);
  });

  it('send a prompt several times in a row where the workload says so', () => {
    const requests = plan({ workload: spec({ repeatsOfEachPrompt: 3 }), count: 7 });
    expect(requests.map((one) => one.prompt === requests[0]?.prompt)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(requests.map((one) => one.sharedTokens)).toEqual([10, 64, 64, 10, 64, 64, 10]);
    expect(sharedPromptRatio(requests)).toBeCloseTo((10 * 3 + 64 * 4) / (64 * 7), 10);
  });

  it('mix components by their weights', () => {
    const workload = WorkloadSpec.parse({
      id: 'x',
      components: [
        { weight: 3, inputTokens: 10, outputTokens: 1 },
        { weight: 1, inputTokens: 99, outputTokens: 1 },
      ],
    });
    const short = plan({ workload, count: 1000 }).filter((one) => one.inputTokens === 10).length;
    // 750 expected, sd = sqrt(1000 × 0.75 × 0.25) = 13.7
    expect(Math.abs(short - 750)).toBeLessThan(55);
  });

  it('stay within the bounds of their lengths', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const workload = spec({
          inputTokens: { min: 20, max: 30 },
          outputTokens: { median: 10, sigma: 1 },
        });
        for (const one of plan({ workload, seed, count: 5 })) {
          expect(one.inputTokens).toBeGreaterThanOrEqual(20);
          expect(one.inputTokens).toBeLessThanOrEqual(30);
          expect(one.outputTokens).toBeGreaterThanOrEqual(1);
          // 10 × e^3 = 200.9
          expect(one.outputTokens).toBeLessThanOrEqual(201);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('use natural sentences after a random opening, without repeating one before all were used', () => {
    const workload = spec({ inputTokens: 300 }, { text: 'natural' });
    const [one, two] = plan({ workload });
    expect(opening(one?.prompt ?? '')).not.toBe(opening(two?.prompt ?? ''));
    const sentences = (one?.prompt ?? '').split(' ').slice(8).join(' ').split('. ');
    expect(new Set(sentences).size).toBe(sentences.length);
  });

  it('tell the longest context that they need', () => {
    expect(longestContextTokens(plan())).toBe(72);
    expect(longestContextTokens([])).toBe(0);
    expect(sharedPromptRatio([])).toBeNull();
  });
});

describe('planned conversations', () => {
  const workload = spec({ inputTokens: 40, outputTokens: 20, turns: 3, thinkTimeMs: 5 });

  it('carry every turn before them, with replies whose length is recorded', () => {
    const turns = plan({ workload, count: 7 });
    expect(turns.map(({ messages }) => messages?.length)).toEqual([1, 3, 5, 1, 3, 5, 1]);
    expect(turns.map(({ turn }) => turn?.conversation)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    const [first, second, third] = turns;
    expect(second?.messages?.slice(0, 1)).toEqual(first?.messages);
    expect(third?.messages?.slice(0, 3)).toEqual(second?.messages);
    expect(String(second?.messages?.[1]?.content).split(' ')).toHaveLength(20);
    expect(turns.map((one) => one.inputTokens).slice(0, 3)).toEqual([40, 100, 160]);
    expect(turns.map((one) => one.sharedTokens).slice(0, 3)).toEqual([10, 40, 100]);
    expect(requestUnits(turns)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  });

  it('do the same work in every repeat, with words of their own', () => {
    const lengths = (repeat: number) =>
      plan({ workload, repeat, count: 6 }).map((one) => one.inputTokens);
    expect(lengths(1)).toEqual(lengths(0));
    expect(plan({ workload, repeat: 1 })[2]?.prompt).not.toBe(plan({ workload })[2]?.prompt);
  });
});

describe('planned rows of a dataset', () => {
  const rows = parseDataset(
    [
      { timestamp: 0, input_length: 1000, output_length: 3, hash_ids: [7, 8] },
      { timestamp: 9, input_length: 1100, output_length: 4, hash_ids: [7, 8, 9] },
      { timestamp: 10, input_length: 600, output_length: 5, hash_ids: [1, 8] },
    ]
      .map((row) => JSON.stringify(row))
      .join('\n'),
    { format: 'mooncake', name: 'f' },
  );

  it('turn equal blocks into equal words, and no more than those', () => {
    const [first, second, third] = plan({ rows, count: 3 });
    const words = (prompt: string | undefined) => prompt?.split(' ') ?? [];
    expect(words(first?.prompt)).toHaveLength(990);
    expect(words(second?.prompt).slice(0, 990)).toEqual(words(first?.prompt));
    expect(words(third?.prompt).slice(0, 16)).not.toEqual(words(first?.prompt).slice(0, 16));
    expect([first, second, third].map((one) => one?.sharedTokens)).toEqual([0, 1024, 0]);
    expect([first, second, third].map((one) => one?.outputTokens)).toEqual([3, 4, 5]);
  });

  it('are measured as they are, and never used for the warm-up', () => {
    const warmup = plan({ rows, count: 3, phase: 'warmup' });
    const measured = new Set(plan({ rows, count: 3 }).map((one) => one.prompt));
    expect(warmup.filter((one) => measured.has(one.prompt))).toEqual([]);
  });
});
