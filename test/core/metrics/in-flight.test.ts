import { describe, expect, it } from 'vitest';
import { drivenRatio, isSaturated } from '../../../mcp-server/core/metrics/driving.ts';
import {
  flightSpans,
  meanInFlight,
  steadyWindow,
} from '../../../mcp-server/core/metrics/in-flight.ts';
import { requestRecord, steadyRecords } from './records.ts';

describe('requests in flight', () => {
  it('are counted between sends and ends', () => {
    const records = [requestRecord(), requestRecord({ sentAtMs: 100 })];
    // 1 until 100 ms, 2 until 200 ms, 1 until 300 ms
    expect(flightSpans(records).map((span) => span.active)).toEqual([1, 2, 1]);
    expect(meanInFlight(flightSpans(records), 0, 300)).toBeCloseTo(4 / 3, 10);
    expect(meanInFlight(flightSpans(records), 5, 5)).toBeNull();
  });

  it('leave ramp and drain out of the steady window', () => {
    const ramp = Array.from({ length: 10 }, (_, lane) => requestRecord({ sentAtMs: lane * 20 }));
    const middle = Array.from({ length: 10 }, (_, lane) =>
      Array.from({ length: 4 }, (_, round) =>
        requestRecord({ sentAtMs: lane * 20 + 200 * (round + 1) }),
      ),
    ).flat();
    const window = steadyWindow([...ramp, ...middle]);
    // nine of ten are in flight from 160 ms on, until the first two have ended at 1,020 ms
    expect(window).toMatchObject({ steady: true, startMs: 160, endMs: 1020 });
  });

  it('bridge the moment in which a whole batch changes', () => {
    const first = Array.from({ length: 4 }, () => requestRecord());
    const second = Array.from({ length: 4 }, () => requestRecord({ sentAtMs: 203 }));
    expect(steadyWindow([...first, ...second])).toMatchObject({ startMs: 0, endMs: 403 });
  });

  it('make the whole run the window when it was never long at its peak', () => {
    const burst = Array.from({ length: 8 }, () => requestRecord());
    const long = requestRecord({ gapsMs: Array<number>(10).fill(100) });
    expect(steadyWindow([...burst, long])).toMatchObject({
      startMs: 0,
      endMs: 1100,
      steady: false,
    });
    expect(steadyWindow([])).toBeNull();
  });
});

describe('the load that was reached', () => {
  const closed = { kind: 'closed', concurrency: 2, requests: 10 } as const;
  const open = { kind: 'open', requestRatePerS: 10, requests: 30, burstiness: 1 } as const;

  it('is full when the loop refills at once', () => {
    expect(drivenRatio(steadyRecords(2, 5), closed)).toBeCloseTo(1, 6);
  });

  it('is what was in flight on average when it does not', () => {
    // each lane pauses for as long as a request takes: half of the load
    const lazy = [0, 400, 800, 1200].flatMap((sentAtMs) => [
      requestRecord({ sentAtMs }),
      requestRecord({ sentAtMs }),
    ]);
    expect(drivenRatio(lazy, closed)).toBeCloseTo(0.5, 6);
  });

  it('is unknown when fewer requests were sent than the concurrency', () => {
    expect(drivenRatio([requestRecord()], closed)).toBeNull();
  });

  it('compares sends with the table of an open loop', () => {
    const at = (delay: number) =>
      Array.from({ length: 30 }, (_, index) =>
        requestRecord({
          intendedAtMs: (index + 1) * 100,
          sentAtMs: (index + 1) * 100 * delay,
        }),
      );
    expect(drivenRatio(at(1), open)).toBeCloseTo(1, 6);
    expect(drivenRatio(at(1.25), open)).toBeCloseTo(0.8, 6);
  });

  it('is beyond what the service can do when the queue grows to the end', () => {
    const queue = Array.from({ length: 60 }, (_, index) =>
      requestRecord({ sentAtMs: index * 10, firstTokenAtMs: index * 40 + 100 }),
    );
    const even = Array.from({ length: 60 }, (_, index) => requestRecord({ sentAtMs: index * 10 }));
    expect(isSaturated(queue, open)).toBe(true);
    expect(isSaturated(even, open)).toBe(false);
    expect(isSaturated(queue, closed)).toBe(false);
  });
});
