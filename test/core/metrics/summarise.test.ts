import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SloClause } from '../../../mcp-server/core/contract/contract.ts';
import { summarise } from '../../../mcp-server/core/metrics/summarise.ts';
import { MeasurementSummary } from '../../../mcp-server/core/metrics/summary.ts';
import {
  FAILURE_CLASSES,
  type RequestRecord,
} from '../../../mcp-server/core/workload/request-record.ts';
import type { LoadPoint } from '../../../mcp-server/core/workload/workload.ts';
import { requestRecord, steadyRecords } from './records.ts';

const loadPoint: LoadPoint = { kind: 'closed', concurrency: 2, requests: 10 };
const sum = (records: readonly RequestRecord[], slo: readonly SloClause[] = []) =>
  summarise(records, { loadPoint, slo });

describe('the summary of a run', () => {
  it('takes latencies from send to first and last token, and time per token after the first', () => {
    const { ttftMs, ttltMs, tbotMs, iclMs } = sum([requestRecord()]);
    expect([ttftMs.p50, ttltMs.p50, tbotMs.p50, iclMs.p50]).toEqual([100, 200, 10, 10]);
  });

  it('leaves the tokens of the first event out of the time per token', () => {
    // 11 tokens, 5 of them in the first event: 100 ms / 6
    const { tbotMs } = sum([requestRecord({ firstEventTokens: 5 })]);
    expect(tbotMs.p50).toBeCloseTo(100 / 6, 10);
  });

  it('has no time per token for a single token, and does not call that a breach', () => {
    const single = requestRecord({ outputTokens: 1, gapsMs: [] });
    const slo: SloClause[] = [{ metric: 'tbotMs', quantile: 'p95', max: 1 }];
    const summary = sum([single], slo);
    expect(summary.tbotMs.n).toBe(0);
    expect(summary.tbotMs.p50).toBeNull();
    expect(summary.sloAttainmentRatio).toBe(1);
  });

  it('counts rates inside the steady window', () => {
    // 2 in flight, each 11 tokens in 200 ms: 110 tok/s; 5 rounds = 1 s
    const summary = sum(steadyRecords(2, 5));
    expect(summary.steady).toBe(true);
    expect(summary.steadyWindowMs).toBe(1000);
    expect(summary.outputTokensPerS).toBeCloseTo(110, 6);
    expect(summary.decodeTokensPerS).toBeCloseTo(100, 6);
    expect(summary.requestsPerS).toBeCloseTo(10, 6);
    // 50 prompt tokens ten times in a second
    expect(summary.prefillTokensPerS).toBeCloseTo(500, 6);
    expect(summary.totalTokensPerS).toBeCloseTo(610, 6);
    expect(summary.concurrencyMean).toBeCloseTo(2, 6);
  });

  it('does not count cached prompt tokens as prefill', () => {
    const cached = steadyRecords(2, 5).map((record) => ({ ...record, cachedTokens: 40 }));
    const summary = sum(cached);
    expect(summary.prefillTokensPerS).toBeCloseTo(100, 6);
    expect(summary.prefixCacheHitRatio).toBeCloseTo(0.8, 10);
    expect(summary.cachedTokens).toBe(400);
  });

  it('counts every failure against attainment and none into latencies', () => {
    const records = [
      ...steadyRecords(2, 4),
      requestRecord({ failure: 'timed_out', firstTokenAtMs: null, outputTokens: null }),
      requestRecord({ failure: 'http_server_error', firstTokenAtMs: null, outputTokens: null }),
    ];
    const summary = sum(records, [{ metric: 'ttftMs', quantile: 'p95', max: 100 }]);
    expect(summary).toMatchObject({ attempted: 10, completed: 8, failed: 2 });
    expect(summary.failures).toEqual({ timed_out: 1, http_server_error: 1 });
    expect(summary.errorRatio).toBe(0.2);
    expect(summary.sloAttainmentRatio).toBe(0.8);
    expect(summary.ttftMs.max).toBe(100);
  });

  it('takes what we cancelled neither for good nor for bad', () => {
    const records = [...steadyRecords(2, 4), requestRecord({ failure: 'cancelled' })];
    const summary = sum(records, [{ metric: 'ttftMs', quantile: 'p95', max: 100 }]);
    expect(summary).toMatchObject({ attempted: 8, failed: 0, sloAttainmentRatio: 1 });
    expect(summary.failures).toEqual({ cancelled: 1 });
  });

  it('counts as good only what meets every clause at once', () => {
    const slow = requestRecord({ firstTokenAtMs: 150 });
    const stuttering = requestRecord({ gapsMs: Array<number>(10).fill(30) });
    const slo: SloClause[] = [
      { metric: 'ttftMs', quantile: 'p95', max: 120 },
      { metric: 'tbotMs', quantile: 'p95', max: 20 },
    ];
    expect(sum([requestRecord(), slow, stuttering], slo).sloAttainmentRatio).toBeCloseTo(1 / 3, 10);
  });

  it('tells time from schedule in open loop only', () => {
    const open = requestRecord({ intendedAtMs: -40 });
    expect(sum([open]).scheduledTtftMs.p50).toBe(140);
    expect(sum([requestRecord()]).scheduledTtftMs.n).toBe(0);
  });

  it('leaves warm-up and probes out', () => {
    const warm = [
      requestRecord({ phase: 'warmup', firstTokenAtMs: 5000 }),
      requestRecord({ phase: 'probe', firstTokenAtMs: 5000 }),
    ];
    expect(sum([...warm, requestRecord()]).ttftMs).toMatchObject({ n: 1, max: 100 });
  });

  it('is null, not zero, where nothing was produced', () => {
    const summary = sum([]);
    expect(summary).toMatchObject({
      outputTokensPerS: null,
      requestsPerS: null,
      concurrencyMean: null,
      prefixCacheHitRatio: null,
      goodputRps: null,
      sloAttainmentRatio: null,
      attempted: 0,
      durationMs: 0,
    });
  });

  it('fits its own schema and never says NaN, whatever happened', () => {
    const anyRecord = fc
      .record({
        sentAtMs: fc.double({ min: 0, max: 1e5, noNaN: true }),
        wait: fc.double({ min: 0, max: 1e4, noNaN: true }),
        gapsMs: fc.array(fc.double({ min: 0, max: 1e3, noNaN: true }), { maxLength: 5 }),
        tokens: fc.option(fc.integer({ min: 0, max: 10 })),
        failure: fc.option(fc.constantFrom(...FAILURE_CLASSES)),
      })
      .map(({ sentAtMs, wait, gapsMs, tokens, failure }) =>
        requestRecord({
          sentAtMs,
          firstTokenAtMs: failure === null ? sentAtMs + wait : null,
          gapsMs,
          outputTokens: tokens,
          failure,
        }),
      );
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 20 }), (records) => {
        const summary = sum(records, [{ metric: 'iclMs', quantile: 'p95', max: 5 }]);
        expect(MeasurementSummary.parse(summary)).toEqual(summary);
        expect(summary.completed + summary.failed).toBe(summary.attempted);
      }),
    );
  });
});
