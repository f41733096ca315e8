import { describe, expect, it } from 'vitest';
import { isUsual, usualFaults } from '../../../mcp-server/core/gates/usual-faults.ts';

const run = (size: number | null) => ({
  found: size === null ? [] : [{ name: 'repetition', size }],
  requests: 1000,
});
const fault = (size: number) => ({ name: 'repetition', size });

describe('a fault that the baseline shows as well', () => {
  // sd 0.01, times the root of 1 + 1 / 3, four times: 0.046 above the mean of 0.2; a quarter of it is 0.05
  const usual = usualFaults([run(0.19), run(0.2), run(0.21)]);

  it('is excused up to the size that it has there and a quarter', () => {
    expect(isUsual(fault(0.2), usual)).toBe(true);
    expect(isUsual(fault(0.249), usual)).toBe(true);
  });

  it('is a finding where it is larger', () => {
    expect(isUsual(fault(0.26), usual)).toBe(false);
    expect(isUsual(fault(1), usual)).toBe(false);
  });

  it('is excused further where the runs of the baseline differ more', () => {
    // sd 0.1 over three runs: 0.2 + 4 · 0.1 · 1.155 = 0.66
    const wide = usualFaults([run(0.1), run(0.2), run(0.3)]);
    expect(isUsual(fault(0.6), wide)).toBe(true);
    expect(isUsual(fault(0.7), wide)).toBe(false);
  });

  it('varies by its few requests at least, however alike the runs were', () => {
    // a share of 0.1 over 40 requests: sd 0.047, four times and the root: 0.1 + 0.219
    const few = usualFaults([0.1, 0.1, 0.1].map((size) => ({ ...run(size), requests: 40 })));
    expect(isUsual(fault(0.3), few)).toBe(true);
    expect(isUsual(fault(0.35), few)).toBe(false);
  });

  it('is a finding where only some runs of the baseline show it', () => {
    const rare = usualFaults([run(0.2), run(null), run(null)]);
    expect(isUsual(fault(0.1), rare)).toBe(false);
  });

  it('excuses no other fault', () => {
    expect(isUsual({ name: 'echoes_prompt', size: 0.01 }, usual)).toBe(false);
  });
});
