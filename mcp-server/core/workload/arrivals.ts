import { InvalidInputError } from '../errors.ts';
import { keyedRandom } from './keyed-random.ts';
import type { ArrivalPattern } from './workload.ts';

export interface ArrivalOptions {
  readonly count: number;
  readonly ratePerS: number;
  /** Gamma shape of the gaps: 1 Poisson, below 1 bursty. */
  readonly burstiness: number;
  readonly seed: number;
  readonly repeat: number;
  readonly pattern?: ArrivalPattern | undefined;
}

/**
 * Arrival times of an open loop, precomputed: gaps of the wanted form, rescaled so that the last arrival is exactly
 * `count / rate` and the rate does not differ between seeds.
 * Units: ms since the start. Shape: ascending, length `count`.
 * Throws: InvalidInputError `E_WORKLOAD` when a trace has fewer arrivals than requests.
 * Source: vLLM's serving benchmark (docs/load.md).
 */
export function arrivalTimesMs(options: ArrivalOptions): readonly number[] {
  const times: number[] = [];
  let sum = 0;
  for (const gap of gapsOf(options)) {
    sum += gap;
    times.push(sum);
  }
  const lastMs = (options.count / options.ratePerS) * 1000;
  return sum === 0 ? times.map(() => lastMs) : times.map((time) => (time / sum) * lastMs);
}

/** Gaps before each arrival in any one unit. */
function gapsOf(options: ArrivalOptions): readonly number[] {
  const { pattern, count } = options;
  switch (pattern?.kind) {
    case undefined:
      return gammaGaps(options);
    case 'constant':
      return Array<number>(count).fill(1);
    case 'ramp':
      return gammaGaps(options).map((gap, index) => gap / rampRate(pattern, index / count));
    case 'steps':
      return gammaGaps(options).map((gap, index) => gap / stepRate(pattern.stages, index / count));
    case 'bursts':
      return Array.from({ length: count }, (_, index) => (index % pattern.size === 0 ? 1 : 0));
    case 'trace':
      return traceGaps(pattern.timesMs, count);
  }
}

function gammaGaps(options: ArrivalOptions): readonly number[] {
  const random = keyedRandom(['arrivals', options.seed, options.repeat]);
  return Array.from({ length: options.count }, () => random.gamma(options.burstiness));
}

type Ramp = Extract<ArrivalPattern, { readonly kind: 'ramp' }>;

/** Relative rate at a place 0..1 of the arrivals. Source: vLLM's ramp-up, linear or exponential in the request index. */
function rampRate({ from, to, curve }: Ramp, place: number): number {
  return curve === 'linear' ? from + (to - from) * place : from * (to / from) ** place;
}

type Stages = Extract<ArrivalPattern, { readonly kind: 'steps' }>['stages'];

/** Relative rate at a place 0..1 of the arrivals: a stage holds `rate × share` of them. */
function stepRate(stages: Stages, place: number): number {
  const total = stages.reduce((sum, stage) => sum + stage.rate * stage.share, 0);
  let left = place * total;
  let rate = stages.at(-1)?.rate ?? 1;
  for (const stage of stages) {
    rate = stage.rate;
    left -= stage.rate * stage.share;
    if (left < 0) break;
  }
  return rate;
}

/** Gaps of the first arrivals of a trace, in order of time; the first is sent at once. */
function traceGaps(timesMs: readonly number[], count: number): readonly number[] {
  if (timesMs.length < count) {
    throw new InvalidInputError(
      `The trace has ${timesMs.length} arrivals, ${count} requests are asked for.`,
      { code: 'E_WORKLOAD', fix: `Ask for at most ${timesMs.length} requests.` },
    );
  }
  const sorted = timesMs.toSorted((a, b) => a - b).slice(0, count);
  return sorted.map((time, index) => time - (sorted[index - 1] ?? sorted[0] ?? 0));
}

/**
 * Mean rate that plays recorded times at their own speed, `slowdown` times slower.
 * Units: requests per second. Null when: all came at one moment.
 */
export function traceRatePerS(
  timesMs: readonly number[],
  count: number,
  slowdown: number,
): number | null {
  const sorted = timesMs.toSorted((a, b) => a - b).slice(0, count);
  const spanMs = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
  return spanMs <= 0 ? null : (sorted.length * 1000) / (spanMs * slowdown);
}

/**
 * Mean rate of a ramp between two rates per second in the request index.
 * Units: requests per second. Source: count over the sum of 1 / rate, in the limit of many requests.
 */
export function rampMeanRatePerS(ramp: Omit<Ramp, 'kind'>): number {
  const { from, to, curve } = ramp;
  if (from === to) return from;
  return curve === 'linear'
    ? (to - from) / Math.log(to / from)
    : Math.log(to / from) / (1 / from - 1 / to);
}
