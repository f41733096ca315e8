import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  estimateOf,
  excess,
  ratioEstimate,
  relative,
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
});
