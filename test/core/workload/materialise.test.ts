import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  longestContextTokens,
  type MaterialiseOptions,
  materialise,
  sharedPromptRatio,
} from '../../../mcp-server/core/workload/materialise.ts';
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
