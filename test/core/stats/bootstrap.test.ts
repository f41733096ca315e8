import { describe, expect, it } from 'vitest';
import { bootstrapLogRatio } from '../../../mcp-server/core/stats/bootstrap.ts';
import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';

function runsOf(key: string, runSd: number, requestSd: number): number[][] {
  const random = keyedRandom(['bootstrap', key]);
  return Array.from({ length: 6 }, () => {
    const level = Math.exp(runSd * random.normal());
    return Array.from({ length: 40 }, () => 100 * level * Math.exp(requestSd * random.normal()));
  });
}

describe('the two-level bootstrap', () => {
  it('gives the same answer for the same seed, and another for another', () => {
    const sides = [runsOf('a', 0.02, 0.3), runsOf('b', 0.02, 0.3)] as const;
    const first = bootstrapLogRatio(...sides, { seed: 7, resamples: 300 });
    expect(bootstrapLogRatio(...sides, { seed: 7, resamples: 300 })).toEqual(first);
    expect(bootstrapLogRatio(...sides, { seed: 8, resamples: 300 })).not.toEqual(first);
  });

  it('finds the standard error of run values by hand where a run has one value', () => {
    // Population variance of 99, 101 over 2 runs each: 1; of a mean of two: 0.5; relative to 100, both sides: √1 % = 1 %
    const side = [[99], [101]];
    const found = bootstrapLogRatio(side, side, { seed: 1, resamples: 8000 });
    expect(found?.se).toBeCloseTo(0.01, 3);
  });

  it('sees the noise of runs, which pooling requests would hide', () => {
    const noisy = bootstrapLogRatio(runsOf('a', 0.1, 0.01), runsOf('b', 0.1, 0.01), { seed: 3 });
    // Six runs a side of sd 10 %: about 0.1 × √(2/6) = 5.8 %, where 240 pooled requests a side would say 0.9 %.
    expect(noisy?.se).toBeGreaterThan(0.03);
  });

  it('is not given for one run a side or values that have no logarithm', () => {
    expect(bootstrapLogRatio([[1, 2]], [[1], [2]], { seed: 1 })).toBeNull();
    expect(bootstrapLogRatio([[0], [0]], [[1], [2]], { seed: 1, resamples: 10 })).toBeNull();
  });
});
