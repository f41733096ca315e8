import { describe, expect, it } from 'vitest';
import { binomialCdf, incompleteBeta, logGamma } from '../../../mcp-server/core/stats/beta.ts';
import { normalCdf, normalQuantile } from '../../../mcp-server/core/stats/normal.ts';
import { studentCdf, studentQuantile } from '../../../mcp-server/core/stats/student-t.ts';

describe('the normal distribution', () => {
  it.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.95, 1.6448536269514722],
    [0.001, -3.090232306167813],
    [1e-10, -6.361340902404056],
  ])('has its %d quantile at %d', (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 9);
    expect(normalCdf(z)).toBeCloseTo(p, 12);
  });

  it('is infinite at the ends', () => {
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  });
});

describe('Student’s t', () => {
  // Closed forms: t(1) is tan(π(p − ½)); t(2) is (2p − 1)·√(2 / (4p(1 − p))). The others from the usual table.
  it.each([
    [0.975, 1, Math.tan(Math.PI * 0.475)],
    [0.975, 2, 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025))],
    [0.975, 4, 2.776445],
    [0.975, 10, 2.228139],
    [0.995, 30, 2.749996],
    [0.025, 10, -2.228139],
    [0.975, Infinity, 1.959964],
  ])('has its %d quantile at %d degrees of freedom where the table has it', (p, df, t) => {
    expect(studentQuantile(p, df)).toBeCloseTo(t, 5);
    expect(studentCdf(t, df)).toBeCloseTo(p, 6);
  });

  it('takes fractional degrees of freedom between their neighbours', () => {
    const value = studentQuantile(0.975, 4.5);
    expect(value).toBeLessThan(studentQuantile(0.975, 4));
    expect(value).toBeGreaterThan(studentQuantile(0.975, 5));
  });
});

describe('the binomial and beta distributions', () => {
  it('agree with sums by hand', () => {
    expect(binomialCdf(3, 10, 0.5)).toBeCloseTo((1 + 10 + 45 + 120) / 1024, 12);
    expect(binomialCdf(0, 59, 0.05)).toBeCloseTo(0.95 ** 59, 12);
    expect([binomialCdf(-1, 5, 0.5), binomialCdf(5, 5, 0.5)]).toEqual([0, 1]);
    expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 12); // the uniform distribution
    expect(logGamma(6)).toBeCloseTo(Math.log(120), 12);
  });
});
