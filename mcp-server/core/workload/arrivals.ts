import { keyedRandom } from './keyed-random.ts';

/**
 * Arrival times of an open loop, precomputed: gamma gaps of the given shape, rescaled so that the last arrival is
 * exactly `count / rate` and the rate does not differ between seeds.
 * Units: ms since the start. Shape: ascending, length `count`.
 * Source: vLLM's serving benchmark (docs/measuring.md).
 */
export function arrivalTimesMs(options: {
  readonly count: number;
  readonly ratePerS: number;
  readonly burstiness: number;
  readonly seed: number;
  readonly repeat: number;
}): readonly number[] {
  const random = keyedRandom(['arrivals', options.seed, options.repeat]);
  const times: number[] = [];
  let sum = 0;
  for (let index = 0; index < options.count; index += 1) {
    sum += random.gamma(options.burstiness);
    times.push(sum);
  }
  const lastMs = (options.count / options.ratePerS) * 1000;
  return sum === 0 ? times.map(() => lastMs) : times.map((time) => (time / sum) * lastMs);
}
