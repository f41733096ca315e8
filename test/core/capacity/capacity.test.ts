import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateCapacity } from '../../../mcp-server/core/capacity/estimate.ts';
import { crossingOf, fitRising } from '../../../mcp-server/core/capacity/pool-adjacent.ts';
import { pressureOf } from '../../../mcp-server/core/capacity/pressure.ts';
import {
  type CapacityGoal,
  type CapacityProbe,
  nextCapacityStep,
} from '../../../mcp-server/core/capacity/search.ts';
import { summarise } from '../../../mcp-server/core/metrics/summarise.ts';
import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import { steadyRecords } from '../metrics/records.ts';

const RATE: CapacityGoal = { find: 'max_rate', startLevel: 1, maxLevel: 1000 };
const LANES: CapacityGoal = { find: 'max_concurrency', startLevel: 8, maxLevel: 4096 };

interface Searched {
  readonly probes: readonly CapacityProbe[];
  readonly reason: string;
}

function search(goal: CapacityGoal, pressure: (level: number) => number): Searched {
  const probes: CapacityProbe[] = [];
  for (;;) {
    const step = nextCapacityStep(goal, probes);
    if (step.kind === 'done') return { probes, reason: step.reason };
    probes.push({ level: step.level, pressure: pressure(step.level) });
  }
}

describe('the rising fit', () => {
  it('pools what violates the order and keeps the mean', () => {
    const fit = fitRising([
      { x: 1, y: 1 },
      { x: 2, y: 5 },
      { x: 3, y: 3 },
      { x: 3, y: 1 },
      { x: 4, y: 9 },
    ]);
    expect(fit).toEqual([
      { x: 1, y: 1 },
      { x: 2, y: 3 },
      { x: 3, y: 3 },
      { x: 4, y: 9 },
    ]);
    expect(crossingOf(fit, 2)).toBeCloseTo(1.5, 9);
    expect(crossingOf(fit, 10)).toBeNull();
  });

  it('never falls, keeps every x once and the sum', () => {
    const point = fc.record({
      x: fc.integer({ min: 0, max: 8 }),
      y: fc.double({ min: -5, max: 5, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 30 }), (points) => {
        const fit = fitRising(points);
        expect(fit.map(({ x }) => x)).toEqual(
          [...new Set(points.map(({ x }) => x))].toSorted((a, b) => a - b),
        );
        expect(fit.every(({ y }, at) => y >= (fit[at - 1]?.y ?? -Infinity) - 1e-9)).toBe(true);
        const count = (x: number): number => points.filter((one) => one.x === x).length;
        const sum = fit.reduce((total, { x, y }) => total + y * count(x), 0);
        expect(sum).toBeCloseTo(
          points.reduce((total, { y }) => total + y, 0),
          6,
        );
      }),
    );
  });
});

describe('the search for the most load', () => {
  it('finds a sharp limit within 5 %, wherever it lies', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 900, noNaN: true }), (limit) => {
        const { probes, reason } = search(RATE, (level) => (level / limit) ** 2);
        const { level, interval } = estimateCapacity(probes, 1);
        expect(reason).toBe('found');
        expect(Math.abs((level ?? 0) / limit - 1)).toBeLessThan(0.05);
        expect(interval?.[0]).toBeLessThanOrEqual(limit);
        expect(interval?.[1]).toBeGreaterThanOrEqual(limit);
        expect(probes.length).toBeLessThan(30);
      }),
      { numRuns: 60 },
    );
  });

  it('finds the last whole number of requests in flight that passes', () => {
    for (const limit of [1, 2, 7, 63, 300]) {
      const { probes } = search(LANES, (level) => (level <= limit ? 0.9 : 1.2));
      expect(estimateCapacity(probes, 1).highestPassing).toBeGreaterThan(limit / 1.06);
      expect(estimateCapacity(probes, 1).highestPassing).toBeLessThanOrEqual(limit);
    }
  });

  it('says so when nothing passes, and when nothing fails', () => {
    expect(search(RATE, () => 3).reason).toBe('below_min');
    const open = search(RATE, () => 0.5);
    expect(open.reason).toBe('above_max');
    expect(estimateCapacity(open.probes, 1)).toMatchObject({
      level: null,
      interval: null,
      highestPassing: 1000,
    });
  });

  it('gives an interval that holds the truth at 10 % noise in nine of ten searches', () => {
    let held = 0;
    const searches = 100;
    for (let seed = 0; seed < searches; seed += 1) {
      const random = keyedRandom(['noise', seed]);
      const { probes } = search(RATE, (level) => (level / 40) * Math.exp(0.1 * random.normal()));
      const { interval } = estimateCapacity(probes, seed);
      if (interval !== null && interval[0] <= 40 && interval[1] >= 40) held += 1;
    }
    expect(held).toBeGreaterThanOrEqual(90);
  });

  it('repeats three times on both sides of the limit', () => {
    const { probes } = search(RATE, (level) => level / 10);
    const counts = estimateCapacity(probes, 1).curve.filter(({ runs }) => runs >= 3);
    expect(counts).toHaveLength(2);
  });
});

describe('pressure on a service level', () => {
  const clause = { metric: 'ttftMs', quantile: 'p95', max: 200 } as const;
  const at = (failed: number) => {
    const records = steadyRecords(4, 25).map((record, index) =>
      index < failed
        ? { ...record, failure: 'http_server_error' as const, firstTokenAtMs: null }
        : record,
    );
    return summarise(records, {
      loadPoint: { kind: 'closed', concurrency: 4, requests: 100 },
      slo: [],
    });
  };

  it('is what was measured over what is allowed, of the worst clause', () => {
    const slow = { metric: 'ttltMs', quantile: 'p50', max: 100 } as const;
    expect(pressureOf(at(0), [clause])).toEqual({ ratio: 0.5, clause: 'ttftMs.p95' });
    expect(pressureOf(at(0), [clause, slow])).toEqual({ ratio: 2, clause: 'ttltMs.p50' });
    expect(pressureOf(at(0), [])).toBeNull();
  });

  it('counts what failed as infinitely slow', () => {
    expect(pressureOf(at(3), [clause])?.ratio).toBe(0.5);
    expect(pressureOf(at(6), [clause])?.ratio).toBe(10);
    const errors = { metric: 'errorRatio', quantile: 'p95', max: 0.01 } as const;
    expect(pressureOf(at(2), [errors])).toEqual({ ratio: 2, clause: 'errorRatio' });
  });
});
