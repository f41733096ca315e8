import { describe, expect, it } from 'vitest';
import { judge } from '../../../mcp-server/core/judge/judge.ts';
import type { JudgeInput } from '../../../mcp-server/core/judge/sides.ts';
import { countAgainstSlo } from '../../../mcp-server/core/metrics/slo-counts.ts';
import { RequestRecord } from '../../../mcp-server/core/workload/request-record.ts';
import { requestRecord } from '../interchange/result-files.ts';
import { inputOf, type RunFacts, sideOf } from './builders.ts';

const P95 = { metric: 'ttftMs', quantile: 'p95', max: 200 } as const;
const P99 = { ...P95, quantile: 'p99' } as const;

/** A fast run whose requests exceed the limit this often. */
const counted = (n: number, above: number, quantile: 'p95' | 'p99' = 'p95'): RunFacts => ({
  tokensPerS: 1200,
  summary: { sloCounts: [{ metric: 'ttftMs', quantile, maxMs: 200, n, above }] },
});
const judged = (runs: readonly RunFacts[], change: Partial<JudgeInput> = {}) =>
  judge(inputOf(sideOf(1, runs), change));

describe('an SLO clause on a quantile', () => {
  it('is proven by the requests of all runs together', () => {
    // 192 requests: 0.95 needs at most 4 above, P(Binomial(192, 5 %) ≤ 4) = 3.6 %
    expect(judged([counted(64, 1), counted(64, 2), counted(64, 1)]).verdict).toBe('keep');
  });

  it('is measured again, and then fails, where its upper bound exceeds the limit', () => {
    const runs = [counted(64, 2), counted(64, 2), counted(64, 2)];
    const first = judged(runs);
    expect(first.verdict).toBe('retest');
    expect(first.reasons[0]).toContain(
      'the upper 95 % bound of ttftMs.p95 exceeds 200 at closed c=16 n=64: 6 of 192 requests do',
    );
    expect(judged(runs, { retests: 2 })).toMatchObject({ verdict: 'discard', gate: 'slo' });
  });

  it('below the count of its percentile is said and left to the estimate', () => {
    const input = inputOf(sideOf(1, [counted(64, 0, 'p99'), counted(64, 0, 'p99')]));
    const result = judge({ ...input, ruler: { ...input.ruler, slo: [P99] } });
    expect(result.verdict).toBe('keep');
    expect(result.reasons.join(' ')).toContain(
      'ttftMs.p99 cannot be proven by 128 requests at closed c=16 n=64: its upper bound needs 299',
    );
  });

  it('does not hold up a trial that is not kept anyway', () => {
    const slow = [1, 2, 3].map(() => ({ ...counted(64, 3), tokensPerS: 900 }));
    expect(judged(slow)).toMatchObject({ verdict: 'discard', gate: null });
  });

  it('of measurements that were not counted has no proof', () => {
    expect(judged([{ tokensPerS: 1200 }, { tokensPerS: 1200 }]).verdict).toBe('keep');
  });
});

describe('counts against a clause', () => {
  const record = (ttftMs: number, change: Partial<RequestRecord> = {}): RequestRecord => ({
    ...RequestRecord.parse(requestRecord(0, ttftMs)),
    ...change,
  });

  it('take a failure for slower than any limit', () => {
    const failed = record(10, { failure: 'timed_out' });
    const records = [record(100), record(300), failed];
    expect(countAgainstSlo(records, [P95])).toEqual([
      { metric: 'ttftMs', quantile: 'p95', maxMs: 200, n: 3, above: 2 },
    ]);
  });

  it('leave out an answer that has no such value, and clauses on means', () => {
    const single = record(100, { outputTokens: 1 });
    const tbot = { metric: 'tbotMs', quantile: 'p95', max: 5 } as const;
    expect(countAgainstSlo([single, record(100)], [tbot])).toMatchObject([{ n: 1, above: 1 }]);
    expect(countAgainstSlo([single], [{ ...P95, quantile: 'mean' }])).toEqual([]);
  });
});
