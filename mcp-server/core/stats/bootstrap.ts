import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { meanOf, sampleSd } from './mean-sd.ts';
import { quantile } from './quantile.ts';

/** Runs of one side; each run is its request values (or a single run value). */
export type RunValues = readonly (readonly number[])[];

export interface BootstrapOptions {
  readonly seed: number;
  readonly resamples?: number;
  /** Value of one run from its requests; default: the mean. */
  readonly statistic?: (values: readonly number[]) => number | null;
}

export interface BootstrapResult {
  /** Standard error of ln(candidate / baseline). */
  readonly se: number;
  /** Percentile interval at 95 % of ln(candidate / baseline). */
  readonly interval: [number, number];
  readonly resamples: number;
}

/** Source: docs/verdicts.md; 2,000 resamples give the ends of a 95 % interval within about 0.05 sd. */
const RESAMPLES = 2000;

/**
 * Two-level bootstrap of ln(mean of candidate runs / mean of baseline runs): runs are drawn with replacement, then the
 * requests inside each drawn run. The same seed gives the same answer.
 * Null when: a side has fewer than two runs, or a run value is not positive.
 * Source: docs/verdicts.md; Davison and Hinkley 1997, §3.8 (nested resampling).
 */
export function bootstrapLogRatio(
  baseline: RunValues,
  candidate: RunValues,
  options: BootstrapOptions,
): BootstrapResult | null {
  if (baseline.length < 2 || candidate.length < 2) return null;
  const pick = createPicker(options.seed);
  const statistic = options.statistic ?? meanOf;
  const resamples = options.resamples ?? RESAMPLES;
  const logs: number[] = [];
  for (let index = 0; index < resamples; index += 1) {
    const below = resampledMean(baseline, statistic, pick);
    const log = logRatioOf(resampledMean(candidate, statistic, pick), below);
    if (log === null) return null;
    logs.push(log);
  }
  return { se: sampleSd(logs) ?? 0, interval: middleOf(logs), resamples };
}

/**
 * Standard error of ln(mean of trial / mean of reference) over pairs of runs with the same prompts: pairs are drawn with
 * replacement, then the runs of each side inside each drawn pair. The same seed gives the same answer.
 * Null when: there are fewer than two pairs, or a value is not positive. Source: docs/verdicts.md; as above.
 */
export function bootstrapPairs(
  pairs: readonly { readonly trial: readonly number[]; readonly reference: readonly number[] }[],
  options: Pick<BootstrapOptions, 'seed' | 'resamples'>,
): number | null {
  if (pairs.length < 2) return null;
  const pick = createPicker(options.seed);
  const logs: number[] = [];
  for (let index = 0; index < (options.resamples ?? RESAMPLES); index += 1) {
    const drawn = pairs.map(() => pairs[pick(pairs.length)] ?? { trial: [], reference: [] });
    const above = meanOf(drawn.map(({ trial }) => redrawnMean(trial, pick)));
    const below = meanOf(drawn.map(({ reference }) => redrawnMean(reference, pick)));
    const log = logRatioOf(above, below);
    if (log === null) return null;
    logs.push(log);
  }
  return sampleSd(logs);
}

const redrawnMean = (values: readonly number[], pick: Picker): number =>
  meanOf(values.map(() => values[pick(values.length)] ?? 0)) ?? 0;

function logRatioOf(above: number | null, below: number | null): number | null {
  return above === null || below === null || above <= 0 || below <= 0
    ? null
    : Math.log(above / below);
}

const middleOf = (logs: readonly number[]): [number, number] => [
  quantile(logs, 0.025) ?? Number.NEGATIVE_INFINITY,
  quantile(logs, 0.975) ?? Number.POSITIVE_INFINITY,
];

type Picker = (count: number) => number;

function createPicker(seed: number): Picker {
  const generator = xoroshiro128plus(seed);
  return (count) => uniformInt(generator, 0, count - 1);
}

function resampledMean(
  runs: RunValues,
  statistic: (values: readonly number[]) => number | null,
  pick: Picker,
): number | null {
  let sum = 0;
  for (let index = 0; index < runs.length; index += 1) {
    const run = runs[pick(runs.length)] ?? [];
    const values = run.length < 2 ? run : run.map(() => run[pick(run.length)] ?? 0);
    const value = statistic(values);
    if (value === null) return null;
    sum += value;
  }
  return sum / runs.length;
}
