import { describe, expect, it } from 'vitest';
import { engineLatency, histogramQuantile } from '../../../mcp-server/core/report/engine-view.ts';

const scrape = (counts: readonly number[], sum: number): string =>
  [
    '# TYPE x:ttft_seconds histogram',
    `x:ttft_seconds_bucket{le="0.1"} ${counts[0]}`,
    `x:ttft_seconds_bucket{le="0.2"} ${counts[1]}`,
    `x:ttft_seconds_bucket{le="+Inf"} ${counts[2]}`,
    `x:ttft_seconds_sum ${sum}`,
    `x:ttft_seconds_count ${counts[2]}`,
  ].join('\n');

describe('what the engine saw', () => {
  it('is the difference of two scrapes, interpolated inside a bucket', () => {
    const seen = engineLatency(
      { before: scrape([10, 10, 10], 1), after: scrape([20, 30, 30], 4) },
      ['y:absent', 'x:ttft_seconds'],
    );
    // 10 of 20 below 0.1 s: the median stands at its edge; 95 % = 19 of 20: 0.1 + 0.1 × 9 / 10
    expect(seen.p50).toBeCloseTo(100, 9);
    expect(seen.p95).toBeCloseTo(190, 9);
    expect(seen.mean).toBeCloseTo(150, 9); // 3 s over 20 requests
  });

  it('is null for a histogram that the engine has not, and beyond the last closed bucket', () => {
    const scrapes = { before: '', after: scrape([0, 0, 5], 9) };
    expect(engineLatency(scrapes, ['x:none'])).toEqual({ p50: null, p95: null, mean: null });
    expect(engineLatency(scrapes, ['x:ttft_seconds']).p95).toBeNull();
    expect(histogramQuantile([], 0.5)).toBeNull();
  });
});
