import { describe, expect, it } from 'vitest';
import { meanOf, sampleSd } from '../../../mcp-server/core/stats/mean-sd.ts';
import {
  findSpread,
  relativeSd,
  spreadKey,
  spreadOf,
  spreadsOf,
} from '../../../mcp-server/core/stats/spread.ts';
import { tFactor95 } from '../../../mcp-server/core/stats/student-t.ts';
import { rates, sideOf } from '../judge/builders.ts';

describe('mean and sample sd', () => {
  it('agree with arithmetic by hand', () => {
    expect(meanOf([2, 4, 9])).toBe(5);
    expect(sampleSd([2, 4, 9])).toBeCloseTo(Math.sqrt((9 + 1 + 16) / 2), 12);
  });

  it('are null where they are undefined', () => {
    expect([meanOf([]), sampleSd([]), sampleSd([1])]).toEqual([null, null, null]);
  });
});

describe('the t factor', () => {
  it.each([
    [1, 12.706],
    [2, 4.303],
    [4, 2.776],
    [9, 2.262],
    [10, 2.228],
    [30, 2.042],
    [1000, 1.962],
  ])('of %i degrees of freedom is %d', (df, expected) => {
    expect(tFactor95(df)).toBeCloseTo(expected, 3);
  });

  it('does not exist without a degree of freedom', () => {
    expect(tFactor95(0)).toBeNull();
  });
});

describe('spreads of A/A runs', () => {
  const runs = sideOf(0, rates(990, 1000, 1010)).runs.map((run) => run.measurement);

  it('are keyed by metric, quantile and load point', () => {
    const spreads = spreadsOf(runs, 2.4);
    expect(spreads['outputTokensPerS@0']).toEqual({ mean: 1000, sd: 10, n: 3 });
    expect(spreads[spreadKey('ttftMs', 'p95', 0)]).toMatchObject({ mean: 100, sd: 0 });
    expect(spreads['costUsdPerMillionTokens@0']?.n).toBe(3);
    expect(spreads['scheduledTtftMs.p95@0']).toBeUndefined(); // closed loop has none
  });

  it('serve cost by throughput where cost was not calibrated', () => {
    const spreads = spreadsOf(runs, null);
    const cost = findSpread(spreads, { id: 'costUsdPerMillionTokens', quantile: 'mean' }, 0);
    expect(cost === null ? null : relativeSd(cost)).toBeCloseTo(0.01, 12);
  });

  it('do not exist of one run, and are relative to nothing at a mean of 0', () => {
    expect(spreadOf([5])).toBeNull();
    expect(relativeSd({ mean: 0, sd: 1, n: 3 })).toBeNull();
  });
});
