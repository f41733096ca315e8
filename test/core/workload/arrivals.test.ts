import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrivalTimesMs } from '../../../mcp-server/core/workload/arrivals.ts';

const times = (burstiness: number, seed = 1, count = 2000): readonly number[] =>
  arrivalTimesMs({ count, ratePerS: 100, burstiness, seed, repeat: 0 });

const gapsOf = (values: readonly number[]): number[] =>
  values.map((value, index) => value - (values[index - 1] ?? 0));

/** sd / mean of the gaps; a gamma of shape b has 1 / sqrt(b). */
function variation(values: readonly number[]): number {
  const gaps = gapsOf(values);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  return Math.sqrt(variance) / mean;
}

describe('arrival times', () => {
  it('ascend and end exactly at count over rate, whatever the seed', () => {
    fc.assert(
      fc.property(
        fc.record({
          count: fc.integer({ min: 1, max: 200 }),
          ratePerS: fc.double({ min: 0.1, max: 1000, noNaN: true }),
          burstiness: fc.double({ min: 0.05, max: 50, noNaN: true }),
          seed: fc.integer({ min: 0, max: 2 ** 31 }),
        }),
        (options) => {
          const all = arrivalTimesMs({ ...options, repeat: 0 });
          expect(all).toHaveLength(options.count);
          expect(all.every((time, index) => time >= (all[index - 1] ?? 0))).toBe(true);
          expect(all.at(-1)).toBeCloseTo((options.count / options.ratePerS) * 1000, 5);
        },
      ),
    );
  });

  it('are Poisson at burstiness 1, bursty below, regular above', () => {
    expect(variation(times(1))).toBeGreaterThan(0.92);
    expect(variation(times(1))).toBeLessThan(1.08);
    expect(variation(times(0.25))).toBeGreaterThan(1.7);
    expect(variation(times(25))).toBeLessThan(0.25);
  });

  it('have exponential gaps at burstiness 1', () => {
    // Kolmogorov-Smirnov against 1 − e^(−t/10); critical value at 1 % for n = 2000 is 1.63 / sqrt(2000) = 0.0364
    const gaps = gapsOf(times(1)).toSorted((a, b) => a - b);
    const distance = gaps.reduce((max, gap, index) => {
      const expected = 1 - Math.exp(-gap / 10);
      return Math.max(max, Math.abs(expected - (index + 0.5) / gaps.length));
    }, 0);
    expect(distance).toBeLessThan(0.0364);
  });

  it('differ between seeds and repeat for one', () => {
    expect(times(1, 1, 10)).toEqual(times(1, 1, 10));
    expect(times(1, 1, 10)).not.toEqual(times(1, 2, 10));
  });
});
