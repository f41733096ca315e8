import type { MetricId, Quantile } from '../metrics/metric.ts';
import { otherPrompts } from './other-prompts.ts';
import { type JudgedRun, readRun } from './sides.ts';

/** One run's value of a metric, and its share in the mean of its side. */
export interface WeighedRun {
  readonly deploymentId: string;
  /** Runs with the same key ran in one block, or had the same prompts, seeds and arrivals. */
  readonly key: string;
  readonly value: number;
  readonly weight: number;
}

/** The runs of two sides that are compared. Weights of a side add up to 1. */
export interface Weighed {
  readonly trial: readonly WeighedRun[];
  readonly reference: readonly WeighedRun[];
  /** Blocks and repeats that both sides share and that alone are compared. Null when: the sides are compared as they are. */
  readonly pairs: readonly string[] | null;
  /** Keys of the blocks among them: runs that took turns. */
  readonly blocks: readonly string[];
}

/** One repeat alone says nothing about how pairs differ. */
const MIN_PAIRS = 2;

type Valued = Omit<WeighedRun, 'weight'> & { readonly block: string | null };

interface Sides {
  readonly trial: readonly Valued[];
  readonly reference: readonly Valued[];
}

/**
 * Runs of a block are set against each other: the same weight on both sides, so that what the machine did meanwhile falls out.
 * The other runs are paired by repeat index where the reference ran every repeat of the trial, so that both means are over the same
 * prompts and arrivals; else, and where other prompts were sent at the same repeat, each side is its plain mean. Pairs that point the other way than all runs do are not trusted.
 * Blocks and repeats weigh alike. Source: docs/verdicts.md.
 */
export function weighRuns(
  sides: { readonly trial: readonly JudgedRun[]; readonly reference: readonly JudgedRun[] },
  metric: { readonly id: MetricId; readonly quantile: Quantile },
): Weighed {
  const trial = valuesOf(sides.trial, metric);
  const reference = valuesOf(sides.reference, metric);
  const blocks = sharedBlocks(sides);
  const mayPair = otherPrompts(sides) === null;
  if (blocks.length === 0) return weighApart({ trial, reference }, mayPair);
  const isInTurn = ({ block }: Valued): boolean => block !== null && blocks.includes(block);
  const inTurn: Weighed = {
    trial: perKey(trial.filter(isInTurn).map(byBlock), blocks),
    reference: perKey(reference.filter(isInTurn).map(byBlock), blocks),
    pairs: blocks,
    blocks,
  };
  const rest = {
    trial: trial.filter((run) => !isInTurn(run)),
    reference: reference.filter((run) => !isInTurn(run)),
  };
  if (rest.trial.length === 0 || rest.reference.length === 0) return inTurn;
  return together(inTurn, weighApart(rest, mayPair), {
    blocks: blocks.length,
    repeats: new Set(rest.trial.map((run) => run.key)).size,
  });
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
    const { deploymentId, seed, repeat, turn } = run.measurement;
    const block = turn?.block ?? null;
    return value === null ? [] : [{ deploymentId, value, block, key: `${seed} ${repeat}` }];
  });
}

/** Blocks in which both sides have a run; half a block is compared like any other run. */
export function sharedBlocks(sides: {
  readonly trial: readonly JudgedRun[];
  readonly reference: readonly JudgedRun[];
}): readonly string[] {
  const blocksOf = (runs: readonly JudgedRun[]): readonly string[] =>
    runs.flatMap(({ measurement }) => measurement.turn?.block ?? []);
  const known = new Set(blocksOf(sides.reference));
  return [...new Set(blocksOf(sides.trial).filter((block) => known.has(block)))];
}

const byBlock = (run: Valued): Valued => ({ ...run, key: run.block ?? run.key });

function weighApart({ trial, reference }: Sides, mayPair: boolean): Weighed {
  const plain: Weighed = {
    trial: evenly(trial),
    reference: evenly(reference),
    pairs: null,
    blocks: [],
  };
  const keys = [...new Set(trial.map((run) => run.key))];
  const known = new Set(reference.map((run) => run.key));
  if (!mayPair || keys.length < MIN_PAIRS || keys.some((key) => !known.has(key))) return plain;
  const paired: Weighed = {
    trial: perKey(trial, keys),
    reference: perKey(reference, keys),
    pairs: keys,
    blocks: [],
  };
  return isSameWay(plain, paired) ? paired : plain;
}

/** Both kinds of comparison as one, each by how many blocks or repeats it has. */
function together(
  inTurn: Weighed,
  apart: Weighed,
  counts: { readonly blocks: number; readonly repeats: number },
): Weighed {
  const share = counts.blocks / (counts.blocks + counts.repeats);
  const scaled = (runs: readonly WeighedRun[], by: number): readonly WeighedRun[] =>
    runs.map((run) => ({ ...run, weight: run.weight * by }));
  return {
    trial: [...scaled(inTurn.trial, share), ...scaled(apart.trial, 1 - share)],
    reference: [...scaled(inTurn.reference, share), ...scaled(apart.reference, 1 - share)],
    pairs: apart.pairs === null ? null : [...inTurn.blocks, ...apart.pairs],
    blocks: inTurn.blocks,
  };
}

const weigh = ({ deploymentId, key, value }: Valued, weight: number): WeighedRun => ({
  deploymentId,
  key,
  value,
  weight,
});

const evenly = (runs: readonly Valued[]): readonly WeighedRun[] =>
  runs.map((run) => weigh(run, 1 / runs.length));

/** Every key weighs the same, however many runs it has. */
function perKey(runs: readonly Valued[], keys: readonly string[]): readonly WeighedRun[] {
  const counts = new Map<string, number>();
  for (const { key } of runs) counts.set(key, (counts.get(key) ?? 0) + 1);
  return runs
    .filter(({ key }) => keys.includes(key))
    .map((run) => weigh(run, 1 / (keys.length * (counts.get(run.key) ?? 1))));
}

function isSameWay(plain: Weighed, paired: Weighed): boolean {
  const way = ({ trial, reference }: Weighed): number =>
    Math.sign((weighedMean(trial) ?? 0) - (weighedMean(reference) ?? 0));
  return way(plain) === way(paired);
}

/** Values of both sides with these keys, side by side. Shape: one entry a block or repeat, with the values of its runs. */
export function pairValues(
  { trial, reference }: Weighed,
  keys: readonly string[],
): readonly { readonly trial: readonly number[]; readonly reference: readonly number[] }[] {
  const at = (runs: readonly WeighedRun[], key: string): readonly number[] =>
    runs.filter((run) => run.key === key).map((run) => run.value);
  return keys.map((key) => ({ trial: at(trial, key), reference: at(reference, key) }));
}
