import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expectedEventsPerS,
  partOf,
  sliceShare,
  workerCount,
} from '../../../mcp-server/core/workload/worker-share.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';

describe('load workers', () => {
  it.each([
    [100, 2, 1],
    [100_000, 1, 1],
    [8000, 16, 1],
    [8001, 16, 2],
    [30_000, 16, 4],
    [30_000, 4, 2],
    [1_000_000, 64, 8],
    [0, 64, 1],
  ])('for %d events per second on %d cores are %d', (events, cores, workers) => {
    expect(workerCount(events, cores)).toBe(workers);
  });

  it('follow what arrives in an open loop and the lanes of a closed one', () => {
    const workload = WorkloadSpec.parse({
      id: 'x',
      components: [
        { weight: 1, inputTokens: 8, outputTokens: 100 },
        { weight: 3, inputTokens: 8, outputTokens: { min: 100, max: 300 } },
      ],
    });
    const open = { kind: 'open', requestRatePerS: 40, requests: 9, burstiness: 1 } as const;
    expect(expectedEventsPerS(open, workload)).toBe(40 * 175);
    expect(expectedEventsPerS({ kind: 'closed', concurrency: 256, requests: 9 }, workload)).toBe(
      25_600,
    );
  });

  it('split every request and every lane once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 8 }), (count, of) => {
        const items = Array.from({ length: count }, (_, index) => index);
        const shares = Array.from({ length: of }, (_, index) => ({ index, of }));
        const slices = shares.map((share) => sliceShare(items, share));
        expect(slices.flat().toSorted((a, b) => a - b)).toEqual(items);
        expect(slices.map((slice) => slice.length)).toEqual(
          shares.map((share) => partOf(count, share)),
        );
      }),
    );
  });
});
