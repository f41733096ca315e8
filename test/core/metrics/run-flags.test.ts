import { describe, expect, it } from 'vitest';
import { flagRun, type RunFacts } from '../../../mcp-server/core/metrics/run-flags.ts';
import { summarise } from '../../../mcp-server/core/metrics/summarise.ts';
import { requestRecord, steadyRecords } from './records.ts';

const loadPoint = { kind: 'closed', concurrency: 2, requests: 10 } as const;

function flags(change: Partial<RunFacts> = {}): readonly string[] {
  const records = change.records ?? steadyRecords(2, 5);
  const flagged = flagRun({
    records,
    summary: summarise(records, { loadPoint, slo: [] }),
    loadPoint,
    cancelled: false,
    client: { loopUtilisation: 0.2, loopLagP99Ms: 1, sendLagP99Ms: null, eventsPerRead: 1 },
    sharedPromptRatio: 0.2,
    engineHitRatio: null,
    ...change,
  });
  expect(flagged.notes).toHaveLength(flagged.flags.length);
  return flagged.flags;
}

const client = (change: Partial<RunFacts['client']>): RunFacts['client'] => ({
  loopUtilisation: 0.2,
  loopLagP99Ms: 1,
  sendLagP99Ms: null,
  eventsPerRead: 1,
  ...change,
});

describe('flags of a run', () => {
  it('are none for a clean one', () => {
    expect(flags()).toEqual([]);
    // warm-up and probes before it are no part of the load
    const before = [requestRecord({ phase: 'warmup', sentAtMs: -900 })];
    expect(flags({ records: [...before, ...steadyRecords(2, 5)] })).toEqual([]);
  });

  it('mark a cache that gave more than the workload shares', () => {
    const cached = (tokens: number) =>
      steadyRecords(2, 5).map((record) => ({ ...record, cachedTokens: tokens }));
    // 50 prompt tokens, 20 % shared: 10 or 11 are within two points, 12 are not
    expect(flags({ records: cached(11) })).toEqual([]);
    expect(flags({ records: cached(12) })).toEqual(['CACHE_CONTAMINATED']);
    expect(flags({ engineHitRatio: 0.97 })).toEqual(['CACHE_CONTAMINATED']);
    expect(flags({ engineHitRatio: 0.1, sharedPromptRatio: null })).toEqual(['CACHE_CONTAMINATED']);
  });

  it('mark a run that ended early', () => {
    expect(flags({ records: steadyRecords(2, 4) })).toEqual(['INTERRUPTED']);
    expect(flags({ cancelled: true })).toEqual(['INTERRUPTED']);
  });

  it('mark a load that was not reached', () => {
    const lazy = [0, 400, 800, 1200, 1600].flatMap((sentAtMs) => [
      requestRecord({ sentAtMs }),
      requestRecord({ sentAtMs }),
    ]);
    expect(flags({ records: lazy })).toEqual(['UNDER_DRIVEN']);
    // 40 ms requests, 4 ms apart: the round trip alone
    const quick = [0, 44, 88, 132, 176].flatMap((sentAtMs) => {
      const short = { sentAtMs, firstTokenAtMs: sentAtMs + 20, gapsMs: Array<number>(10).fill(2) };
      return [requestRecord(short), requestRecord(short)];
    });
    expect(flags({ records: quick })).toEqual([]);
  });

  it('mark a client that was too busy or too late to be trusted', () => {
    expect(flags({ client: client({ loopUtilisation: 0.8 }) })).toEqual(['CLIENT_LIMITED']);
    expect(flags({ client: client({ loopLagP99Ms: 19 }) })).toEqual([]);
    expect(flags({ client: client({ loopLagP99Ms: 21 }) })).toEqual(['CLIENT_LIMITED']);
    expect(flags({ client: client({ sendLagP99Ms: 30 }) })).toEqual(['CLIENT_LIMITED']);
  });

  it('mark a path that holds events back', () => {
    expect(flags({ client: client({ eventsPerRead: 8 }) })).toEqual(['BUFFERED_PATH']);
    const bursts = steadyRecords(2, 5).map((record) => ({
      ...record,
      gapsMs: [...Array<number>(9).fill(0.1), 99.1],
    }));
    expect(flags({ records: bursts })).toEqual(['BUFFERED_PATH']);
  });

  /** Arrivals at a rate at a service of one lane that needs 200 ms a request: it keeps up with 5 a second. */
  const arriving = (requestRatePerS: number, requests = 60) => {
    let freeAtMs = 0;
    return Array.from({ length: requests }, (_, index) => {
      const sentAtMs = (index * 1000) / requestRatePerS;
      freeAtMs = Math.max(freeAtMs, sentAtMs) + 200;
      return requestRecord({ index, sentAtMs, firstTokenAtMs: freeAtMs - 100 });
    });
  };
  const at = (requestRatePerS: number, requests = 60) => ({
    records: arriving(requestRatePerS, requests),
    loadPoint: { kind: 'open', requestRatePerS, requests, burstiness: 1 } as const,
  });

  it('mark an open loop whose queue grows to the end', () => {
    expect(flags(at(10))).toEqual(['SATURATED']);
    expect(flags(at(4))).toEqual([]);
    // the client itself ended it for that reason
    expect(flags({ ...at(4), overSaturated: true })).toEqual(['SATURATED']);
  });

  it('leave an open loop alone that is too short, or whose rate itself moves', () => {
    expect(flags(at(10, 29))).toEqual([]);
    const { records, loadPoint } = at(10);
    const pattern = { kind: 'ramp', from: 1, to: 10, curve: 'linear' } as const;
    expect(flags({ records, loadPoint: { ...loadPoint, pattern } })).toEqual([]);
  });
});
