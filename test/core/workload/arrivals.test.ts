import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArrivalOptions,
  arrivalTimesMs,
  rampMeanRatePerS,
  traceRatePerS,
} from '../../../mcp-server/core/workload/arrivals.ts';
import {
  ArrivalPattern,
  describeLoadPoint,
  LoadPoint,
} from '../../../mcp-server/core/workload/workload.ts';

const times = (burstiness: number, seed = 1, count = 2000): readonly number[] =>
  arrivalTimesMs({ count, ratePerS: 100, burstiness, seed, repeat: 0 });

const gapsOf = (values: readonly number[]): number[] =>
  values.map((value, index) => value - (values[index - 1] ?? 0));

/** sd / mean of the gaps; a gamma of shape b has 1 / sqrt(b). */
function variation(values: readonly number[]): number {
  const gaps = gapsOf(values);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  return Math.sqrt(variance) / mean;
}

describe('arrival times', () => {
  it('ascend and end exactly at count over rate, whatever the seed', () => {
    fc.assert(
      fc.property(
        fc.record({
          count: fc.integer({ min: 1, max: 200 }),
          ratePerS: fc.double({ min: 0.1, max: 1000, noNaN: true }),
          burstiness: fc.double({ min: 0.05, max: 50, noNaN: true }),
          seed: fc.integer({ min: 0, max: 2 ** 31 }),
        }),
        (options) => {
          const all = arrivalTimesMs({ ...options, repeat: 0 });
          expect(all).toHaveLength(options.count);
          expect(all.every((time, index) => time >= (all[index - 1] ?? 0))).toBe(true);
          expect(all.at(-1)).toBeCloseTo((options.count / options.ratePerS) * 1000, 5);
        },
      ),
    );
  });

  it('are Poisson at burstiness 1, bursty below, regular above', () => {
    expect(variation(times(1))).toBeGreaterThan(0.92);
    expect(variation(times(1))).toBeLessThan(1.08);
    expect(variation(times(0.25))).toBeGreaterThan(1.7);
    expect(variation(times(25))).toBeLessThan(0.25);
  });

  it('have exponential gaps at burstiness 1', () => {
    // Kolmogorov-Smirnov against 1 − e^(−t/10); critical value at 1 % for n = 2000 is 1.63 / sqrt(2000) = 0.0364
    const gaps = gapsOf(times(1)).toSorted((a, b) => a - b);
    const distance = gaps.reduce((max, gap, index) => {
      const expected = 1 - Math.exp(-gap / 10);
      return Math.max(max, Math.abs(expected - (index + 0.5) / gaps.length));
    }, 0);
    expect(distance).toBeLessThan(0.0364);
  });

  it('differ between seeds and repeat for one', () => {
    expect(times(1, 1, 10)).toEqual(times(1, 1, 10));
    expect(times(1, 1, 10)).not.toEqual(times(1, 2, 10));
  });
});

const open = (pattern: ArrivalPattern, change: Partial<ArrivalOptions> = {}): readonly number[] =>
  arrivalTimesMs({
    count: 2000,
    ratePerS: 100,
    burstiness: 1,
    seed: 1,
    repeat: 0,
    pattern,
    ...change,
  });

/** Kolmogorov-Smirnov distance from a unit exponential. */
function distanceFromExponential(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sorted = values.map((value) => value / mean).toSorted((a, b) => a - b);
  return sorted.reduce((max, value, index) => {
    const expected = 1 - Math.exp(-value);
    return Math.max(max, Math.abs(expected - (index + 0.5) / sorted.length));
  }, 0);
}

const PATTERNS: readonly ArrivalPattern[] = [
  { kind: 'constant' },
  { kind: 'ramp', from: 1, to: 9, curve: 'linear' },
  { kind: 'ramp', from: 9, to: 1, curve: 'exponential' },
  {
    kind: 'steps',
    stages: [
      { rate: 1, share: 2 },
      { rate: 10, share: 1 },
    ],
  },
  { kind: 'bursts', size: 8 },
  { kind: 'trace', timesMs: Array.from({ length: 200 }, (_, index) => index ** 1.5 + 7) },
];

describe('arrival patterns', () => {
  it.each(PATTERNS)('ascend and end exactly at count over rate: %j', (pattern) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        (count, ratePerS) => {
          const all = open(pattern, { count, ratePerS });
          expect(all).toHaveLength(count);
          expect(all.every((time, index) => time >= (all[index - 1] ?? 0))).toBe(true);
          expect(all.at(-1)).toBeCloseTo((count / ratePerS) * 1000, 5);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('constant: every gap is the same', () => {
    const gaps = gapsOf(open({ kind: 'constant' }));
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThan(1e-6);
  });

  it.each(['linear', 'exponential'] as const)(
    'ramp, %s: gaps are exponential around the rate of their place',
    (curve) => {
      const gaps = gapsOf(open({ kind: 'ramp', from: 2, to: 20, curve }));
      const rate = (place: number): number =>
        curve === 'linear' ? 2 + 18 * place : 2 * 10 ** place;
      // critical value at 1 % for n = 2000 is 0.0364
      const unit = gaps.map((gap, index) => gap * rate(index / gaps.length));
      expect(distanceFromExponential(unit)).toBeLessThan(0.0364);
      expect(distanceFromExponential(gaps)).toBeGreaterThan(0.0364);
    },
  );

  it('steps: each stage lasts its share of the time at its rate', () => {
    const stages = [
      { rate: 1, share: 2 },
      { rate: 10, share: 1 },
    ];
    const all = open({ kind: 'steps', stages }, { burstiness: 100 });
    const totalMs = all.at(-1) ?? 0;
    const early = all.filter((time) => time <= (totalMs * 2) / 3).length;
    expect(early / all.length).toBeCloseTo(2 / 12, 1);
  });

  it('bursts: as many as asked for at one moment, bursts evenly apart', () => {
    const all = open({ kind: 'bursts', size: 8 }, { count: 80, ratePerS: 8 });
    expect(new Set(all).size).toBe(10);
    expect(all[8]).toBe(2000);
    expect(all[7]).toBe(1000);
  });

  it('trace: keeps the proportions of the recorded times, and its own speed where the rate says so', () => {
    const timesMs = [500, 100, 1100, 300];
    const ratePerS = traceRatePerS(timesMs, 4, 2) ?? 0;
    const all = open({ kind: 'trace', timesMs }, { count: 4, ratePerS });
    expect(all.map(Math.round)).toEqual([0, 400, 800, 2000]);
    expect(() => open({ kind: 'trace', timesMs }, { count: 5 })).toThrow('4 arrivals');
    expect(traceRatePerS([3, 3], 2, 1)).toBeNull();
  });

  it('a ramp between two rates has the mean rate that its times need', () => {
    for (const curve of ['linear', 'exponential'] as const) {
      const ramp = { from: 2, to: 20, curve };
      const count = 200_000;
      let seconds = 0;
      for (let index = 0; index < count; index += 1) {
        const place = index / count;
        seconds += 1 / (curve === 'linear' ? 2 + 18 * place : 2 * 10 ** place);
      }
      expect(rampMeanRatePerS(ramp)).toBeCloseTo(count / seconds, 2);
    }
    expect(rampMeanRatePerS({ from: 3, to: 3, curve: 'linear' })).toBe(3);
  });

  it('shows in the name of a load point, so that two forms never share a row', () => {
    const names = PATTERNS.map((pattern) =>
      describeLoadPoint({ kind: 'open', requestRatePerS: 1, requests: 9, burstiness: 1, pattern }),
    );
    expect(new Set(names).size).toBe(PATTERNS.length);
  });
});

describe('each process of arrival', () => {
  const PATTERNS: Readonly<Record<ArrivalPattern['kind'], ArrivalPattern>> = {
    constant: { kind: 'constant' },
    ramp: { kind: 'ramp', from: 1, to: 4, curve: 'exponential' },
    steps: {
      kind: 'steps',
      stages: [
        { rate: 1, share: 1 },
        { rate: 3, share: 1 },
      ],
    },
    bursts: { kind: 'bursts', size: 5 },
    trace: { kind: 'trace', timesMs: Array.from({ length: 100 }, (_, place) => place ** 1.5) },
  };
  const PROCESSES: readonly (readonly [string, number, ArrivalPattern | undefined])[] = [
    ['Poisson', 1, undefined],
    ['gamma, bursty', 0.3, undefined],
    ...Object.entries(PATTERNS).map(([kind, pattern]) => [kind, 1, pattern] as const),
  ];

  it.each(PROCESSES)(
    '%s: ascends, sends all, and keeps its mean rate',
    (_name, burstiness, pattern) => {
      const made = arrivalTimesMs({
        count: 100,
        ratePerS: 20,
        burstiness,
        seed: 3,
        repeat: 0,
        pattern,
      });
      expect(made).toHaveLength(100);
      expect(made).toEqual(made.toSorted((a, b) => a - b));
      expect(made.at(-1)).toBeCloseTo(5000, 6);
    },
  );

  it('is one of those that a load point may name, and each of those is here', () => {
    const kinds = ArrivalPattern.options.map((option) => option.shape.kind.value);
    expect(Object.keys(PATTERNS).toSorted()).toEqual(kinds.toSorted());
  });

  it('has a rate above 0: a load point of rate 0 is refused', () => {
    const point = { kind: 'open', requestRatePerS: 0, requests: 10 };
    expect(LoadPoint.safeParse(point).success).toBe(false);
  });
});
