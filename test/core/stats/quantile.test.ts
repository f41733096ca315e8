import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantile } from '../../../mcp-server/core/stats/quantile.ts';

describe('a quantile', () => {
  it('interpolates between neighbours as NumPy does by default', () => {
    // numpy.quantile([1, 2, 3, 4], [0.25, 0.5, 0.9]) = [1.75, 2.5, 3.7]
    expect([0.25, 0.5, 0.9].map((q) => quantile([4, 1, 3, 2], q))).toEqual([
      1.75,
      2.5,
      expect.closeTo(3.7, 10),
    ]);
    expect(quantile([7], 0.99)).toBe(7);
    expect(quantile([], 0.5)).toBeNull();
  });

  it('lies between the extremes, and grows with its share', () => {
    const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (all, a, b) => {
        const low = quantile(all, Math.min(a, b)) ?? Number.NaN;
        const high = quantile(all, Math.max(a, b)) ?? Number.NaN;
        expect(low).toBeGreaterThanOrEqual(Math.min(...all));
        expect(high).toBeLessThanOrEqual(Math.max(...all));
        expect(high).toBeGreaterThanOrEqual(low - 1e-9);
      }),
    );
  });
});
