import { describe, expect, it } from 'vitest';
import { pocockLevel } from '../../../mcp-server/core/stats/group-sequential.ts';
import { normalQuantile } from '../../../mcp-server/core/stats/normal.ts';
import {
  isQuantileProven,
  minimumCount,
  mostAbove,
  quantileUpperBound,
} from '../../../mcp-server/core/stats/quantile-bound.ts';
import { wilsonInterval } from '../../../mcp-server/core/stats/wilson.ts';
import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';

describe('distribution-free bounds of a quantile', () => {
  it('need 72 values for p95 and 368 for p99 two-sided, 59 and 299 one-sided', () => {
    expect([minimumCount(0.95, 'two-sided'), minimumCount(0.99, 'two-sided')]).toEqual([72, 368]);
    expect([minimumCount(0.95, 'one-sided'), minimumCount(0.99, 'one-sided')]).toEqual([59, 299]);
  });

  it('are refused below that count and the largest value at it', () => {
    const values = Array.from({ length: 59 }, (_, index) => index + 1);
    expect(quantileUpperBound(values.slice(1), 0.95)).toBeNull();
    expect(quantileUpperBound(values, 0.95)).toBe(59);
  });

  it('leave out one value from 93 on: 0.95^93 + 93 × 0.05 × 0.95^92 = 0.0500', () => {
    expect([mostAbove(92, 0.95), mostAbove(93, 0.95)]).toEqual([0, 1]);
    expect(isQuantileProven({ n: 93, above: 1 }, 0.95)).toBe(true);
    expect(isQuantileProven({ n: 92, above: 1 }, 0.95)).toBe(false);
    expect(isQuantileProven({ n: 20, above: 0 }, 0.95)).toBeNull();
  });

  it('count a failure as slower than any bound', () => {
    const values = [...Array.from({ length: 92 }, () => 10), Infinity, Infinity];
    expect(quantileUpperBound(values, 0.95)).toBe(Infinity);
    expect(quantileUpperBound([...values.slice(1), 10], 0.95)).toBe(Infinity);
    expect(quantileUpperBound([...values.slice(0, 93), 10], 0.95)).toBe(10);
  });

  it('lie above the true quantile in at least 95 % of samples', () => {
    const random = keyedRandom(['quantile bound']);
    const covered = Array.from({ length: 400 }, () => {
      const values = Array.from({ length: 120 }, () => random.unit());
      return (quantileUpperBound(values, 0.95) ?? 0) >= 0.95;
    }).filter(Boolean).length;
    expect(covered / 400).toBeGreaterThanOrEqual(0.93);
  });
});

describe('group-sequential levels', () => {
  it('are Pocock’s: five looks at 1.58 % each, three at z = 2.289', () => {
    expect(pocockLevel(5, 'two-sided')).toBe(0.0158);
    expect(normalQuantile(1 - pocockLevel(3, 'two-sided') / 2)).toBeCloseTo(2.289, 2);
    expect(normalQuantile(1 - pocockLevel(3, 'one-sided'))).toBeCloseTo(1.992, 2);
  });

  it.each([
    [3, 'two-sided', 0.05],
    [5, 'two-sided', 0.05],
    [3, 'one-sided', 0.05],
  ] as const)('of %i looks, %s, err in 5 % of sequences together', (looks, sides, whole) => {
    const random = keyedRandom(['pocock', looks, sides]);
    const level = pocockLevel(looks, sides);
    const limit = normalQuantile(1 - (sides === 'two-sided' ? level / 2 : level));
    const runs = 20_000;
    let crossed = 0;
    for (let run = 0; run < runs; run += 1) {
      let sum = 0;
      for (let look = 1; look <= looks; look += 1) {
        sum += random.normal();
        const z = sum / Math.sqrt(look);
        if ((sides === 'two-sided' ? Math.abs(z) : z) <= limit) continue;
        crossed += 1;
        break;
      }
    }
    expect(crossed / runs).toBeCloseTo(whole, 1.9); // within 0.6 %
  });
});

describe('Wilson’s interval', () => {
  it('agrees with the published example of 8 in 10', () => {
    // (0.8 + 1.92073 / 10 ± 1.95996 √(0.016 + 0.0096036)) / 1.384146
    const [low, high] = wilsonInterval(8, 10) ?? [0, 0];
    expect([low, high]).toEqual([expect.closeTo(0.4901625, 6), expect.closeTo(0.9433178, 6)]);
    expect(wilsonInterval(0, 20)?.[0]).toBe(0);
    expect(wilsonInterval(0, 0)).toBeNull();
  });
});
