import { describe, expect, it } from 'vitest';
import { renderBenchTable, toBenchReport } from '../../../mcp-server/core/metrics/bench-report.ts';
import {
  describeMissing,
  requestsNeeded,
  supported,
  unprovableClauses,
} from '../../../mcp-server/core/metrics/counts-needed.ts';
import { distributionOf } from '../../../mcp-server/core/metrics/distribution.ts';
import { summarise } from '../../../mcp-server/core/metrics/summarise.ts';

const of = (n: number) => distributionOf(Array.from({ length: n }, (_, place) => place));

describe('the requests behind a percentile', () => {
  it('are 72 for p95 and 368 for p99, and one less shows nothing', () => {
    expect([requestsNeeded('p95'), requestsNeeded('p99')]).toEqual([72, 368]);
    expect(supported(of(71), 'p95')).toBeNull();
    expect(supported(of(72), 'p95')).not.toBeNull();
    expect(supported(of(367), 'p99')).toBeNull();
    expect(supported(of(368), 'p99')).not.toBeNull();
  });

  it('are said where they are too few', () => {
    expect(describeMissing(100, ['p95', 'p99'])).toEqual(['p99 needs ≥ 368 requests, had 100']);
    expect(describeMissing(400, ['p95', 'p99'])).toEqual([]);
  });

  it('keep the bench command from printing a percentile that nothing carries', () => {
    const empty = summarise([], {
      loadPoint: { kind: 'closed', concurrency: 1, requests: 1 },
      slo: [],
    });
    const summary = { ...empty, ttftMs: of(100), tbotMs: of(100), ttltMs: of(100) };
    expect(renderBenchTable(summary)).toMatch(/TTFT ms +49\.50 +49\.50 +94\.05 +-\n/);
    expect(renderBenchTable(summary)).toContain('p99 needs ≥ 368 requests, had 100');
    expect(toBenchReport(summary).ttftMs).toMatchObject({ p95: 94.05, p99: null });
  });

  it('warn of an SLO quantile that a load point cannot prove over its repeats', () => {
    const slo = [
      { metric: 'ttftMs', quantile: 'p99', max: 500 },
      { metric: 'tbotMs', quantile: 'p95', max: 50 },
      { metric: 'ttltMs', quantile: 'mean', max: 9000 },
    ] as const;
    const point = (requests: number) => ({ kind: 'closed', concurrency: 4, requests }) as const;
    expect(unprovableClauses({ slo, loadPoints: [point(30), point(100)], repeats: 3 })).toEqual([
      'The SLO on p99 cannot be proven at closed c=4 n=30: it needs 299 requests, 3 repeats make 90; the estimate is judged instead.',
    ]);
    expect(unprovableClauses({ slo, loadPoints: [point(10)], repeats: 3 })).toHaveLength(2);
  });
});
