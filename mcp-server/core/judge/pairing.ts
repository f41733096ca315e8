import type { MetricId, Quantile } from '../metrics/metric.ts';
import { type JudgedRun, readRun } from './sides.ts';

/** One run's value of a metric, and its share in the mean of its side. */
export interface WeighedRun {
  readonly deploymentId: string;
  /** Runs with the same key had the same prompts, seeds and arrivals. */
  readonly key: string;
  readonly value: number;
  readonly weight: number;
}

/** The runs of two sides that are compared. Weights of a side add up to 1. */
export interface Weighed {
  readonly trial: readonly WeighedRun[];
  readonly reference: readonly WeighedRun[];
  /** Repeats that both sides share and that alone are compared. Null when: the sides are compared as they are. */
  readonly pairs: readonly string[] | null;
}

/** One repeat alone says nothing about how pairs differ. */
const MIN_PAIRS = 2;

type Valued = Omit<WeighedRun, 'weight'>;

/**
 * Pairs the runs by repeat index where the reference ran every repeat of the trial, so that both means are over the same prompts
 * and arrivals; else each side is its plain mean. Pairs that point the other way than all runs do are not trusted.
 * Source: docs/verdicts.md.
 */
export function weighRuns(
  sides: { readonly trial: readonly JudgedRun[]; readonly reference: readonly JudgedRun[] },
  metric: { readonly id: MetricId; readonly quantile: Quantile },
): Weighed {
  const trial = valuesOf(sides.trial, metric);
  const reference = valuesOf(sides.reference, metric);
  const plain: Weighed = { trial: evenly(trial), reference: evenly(reference), pairs: null };
  const keys = [...new Set(trial.map((run) => run.key))];
  const known = new Set(reference.map((run) => run.key));
  if (keys.length < MIN_PAIRS || keys.some((key) => !known.has(key))) return plain;
  const paired: Weighed = {
    trial: perKey(trial, keys),
    reference: perKey(reference, keys),
    pairs: keys,
  };
  return isSameWay(plain, paired) ? paired : plain;
}

/** Mean of a side by its weights. Null when: it has no runs. */
export function weighedMean(runs: readonly WeighedRun[]): number | null {
  return runs.length === 0 ? null : runs.reduce((sum, run) => sum + run.weight * run.value, 0);
}

function valuesOf(
  runs: readonly JudgedRun[],
  metric: { readonly id: MetricId; readonly quantile: Quantile },
): readonly Valued[] {
  return runs.flatMap((run) => {
    const value = readRun(run, metric);
    const { deploymentId, seed, repeat } = run.measurement;
    return value === null ? [] : [{ deploymentId, value, key: `${seed} ${repeat}` }];
  });
}

const evenly = (runs: readonly Valued[]): readonly WeighedRun[] =>
  runs.map((run) => ({ ...run, weight: 1 / runs.length }));

/** Every repeat weighs the same, however many runs it has. */
function perKey(runs: readonly Valued[], keys: readonly string[]): readonly WeighedRun[] {
  const counts = new Map<string, number>();
  for (const { key } of runs) counts.set(key, (counts.get(key) ?? 0) + 1);
  return runs
    .filter(({ key }) => keys.includes(key))
    .map((run) => ({ ...run, weight: 1 / (keys.length * (counts.get(run.key) ?? 1)) }));
}

function isSameWay(plain: Weighed, paired: Weighed): boolean {
  const way = ({ trial, reference }: Weighed): number =>
    Math.sign((weighedMean(trial) ?? 0) - (weighedMean(reference) ?? 0));
  return way(plain) === way(paired);
}

/** Values of the pairs, side by side. Shape: one entry a repeat, with the values of its runs. */
export function pairValues({ trial, reference, pairs }: Weighed): readonly {
  readonly trial: readonly number[];
  readonly reference: readonly number[];
}[] {
  const at = (runs: readonly WeighedRun[], key: string): readonly number[] =>
    runs.filter((run) => run.key === key).map((run) => run.value);
  return (pairs ?? []).map((key) => ({ trial: at(trial, key), reference: at(reference, key) }));
}
