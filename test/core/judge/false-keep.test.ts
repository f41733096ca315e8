import { describe, expect, it } from 'vitest';
import { judge, MAX_RETESTS } from '../../../mcp-server/core/judge/judge.ts';
import { createDraw } from '../../../mcp-server/core/quality/draw.ts';
import { inputOf, rates, sideOf } from './builders.ts';

/** Normal deviates by sums of twelve uniforms, seeded: near enough to normal for rates of a few percent. */
function createNoise(seed: number): () => number {
  const draw = createDraw(seed);
  return () => {
    let sum = 0;
    for (let index = 0; index < 12; index += 1) sum += draw.integer(0, 1_000_000) / 1_000_000;
    return sum - 6;
  };
}

/** Judges a trial whose true gain is `gain`, three runs a round, measuring again as often as the verdict asks. */
function judgeWithRetests(noise: () => number, sd: number, gain: number): string {
  const runs = (count: number, mean: number): number[] =>
    Array.from({ length: count }, () => mean * (1 + sd * noise()));
  const reference = sideOf(0, rates(...runs(3, 1000)));
  const trial: number[] = [];
  for (let retests = 0; ; retests += 1) {
    trial.push(...runs(3, 1000 * (1 + gain)));
    const input = inputOf(sideOf(1, rates(...trial)), { reference, retests });
    const { verdict } = judge(input);
    if (verdict !== 'retest' || retests >= MAX_RETESTS) return verdict;
  }
}

function shareKept(seed: number, sd: number, gain: number): number {
  const noise = createNoise(seed);
  const pairs = 600;
  let kept = 0;
  for (let pair = 0; pair < pairs; pair += 1) {
    if (judgeWithRetests(noise, sd, gain) === 'keep') kept += 1;
  }
  return kept / pairs;
}

describe('two equal configurations', () => {
  it.each([
    [1, 0.01],
    [2, 0.03],
    [3, 0.1],
  ])(
    'are kept in at most one of twenty times, retests included (seed %i, run sd %d)',
    (seed, sd) => {
      expect(shareKept(seed, sd, 0)).toBeLessThanOrEqual(0.05);
    },
  );
});

describe('a real gain', () => {
  it('of 10 % is kept in at least 80 % of sessions at 2 % run noise', () => {
    expect(shareKept(4, 0.02, 0.1)).toBeGreaterThanOrEqual(0.8);
  });

  it('of −10 % is never kept', () => {
    expect(shareKept(5, 0.02, -0.1)).toBe(0);
  });
});
