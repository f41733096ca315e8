import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chanceOf,
  estimateOf,
  excess,
  ratioEstimate,
  relative,
  shareExcess,
  UNITY,
} from '../../../mcp-server/core/gates/shares.ts';

describe('estimates of the gates', () => {
  it('say nothing from fewer than five requests', () => {
    expect(estimateOf([1, 1, 1, 1])).toBeNull();
    expect(estimateOf([1, null, 1, undefined, 1, 1])).toBeNull();
    expect(ratioEstimate([{ over: 1, under: 0 }])).toBeNull();
  });

  it('of a ratio is exact where every request has the same one', () => {
    const same = Array.from({ length: 8 }, (_, at) => ({ over: at + 1, under: 2 * (at + 1) }));
    expect(ratioEstimate(same)).toMatchObject({ mean: 0.5, error: 0, n: 8 });
  });

  it('never find anything between a side and itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5 }),
        (values) => {
          const one = estimateOf(values);
          if (one === null) return;
          expect(excess(one, one, 0)).toBeLessThanOrEqual(0);
        },
      ),
    );
  });

  it('find what both the tolerance and chance leave over', () => {
    const before = estimateOf(Array.from({ length: 400 }, () => 0));
    const now = estimateOf(Array.from({ length: 400 }, (_, at) => (at % 10 === 0 ? 1 : 0)));
    if (before === null || now === null) throw new Error('enough requests');
    expect(excess(now, before, 0.02)).toBeGreaterThan(0);
    expect(excess(now, before, 0.2)).toBeLessThan(0);
  });

  it('of one side over another keep the errors of both', () => {
    const now = { mean: 2, error: 0.1, n: 50 };
    const before = { mean: 1, error: 0.05, n: 80 };
    expect(relative(now, before)?.error).toBeCloseTo(Math.hypot(0.1, 0.1));
    expect(relative(now, { ...before, mean: 0 })).toBeNull();
    expect(excess(UNITY, UNITY, 0)).toBeCloseTo(0);
  });

  it('ask more standard errors of few requests: Student’s t instead of the normal table', () => {
    const few = { mean: 0, error: 1, n: 16 };
    const many = { mean: 0, error: 0, n: 1000 };
    // t with 15 degrees of freedom, one-sided 3.2e-5: 5.4
    expect(chanceOf(few, many)).toBeCloseTo(5.4, 1);
    expect(chanceOf({ ...few, n: 100_000 }, many)).toBeCloseTo(4, 2);
    expect(chanceOf(many, many)).toBe(4);
  });

  it('take a share for more once it stands above its limit as the limit itself varies', () => {
    const none = { mean: 0, error: 0, n: 1000 };
    // at a tolerance of 0.1 and 100 requests: three times 0.03
    expect(shareExcess({ mean: 0.11, error: 0.03, n: 100 }, none, 0.1)).toBeGreaterThan(0);
    expect(shareExcess({ mean: 0.09, error: 0.03, n: 100 }, none, 0.1)).toBeLessThan(0);
    // 16 requests: three times 0.075
    expect(shareExcess({ mean: 0.2, error: 0.1, n: 16 }, none, 0.1)).toBeLessThan(0);
  });
});
