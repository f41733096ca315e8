import { percent } from '../percent.ts';
import { pocockLevel } from '../stats/group-sequential.ts';
import { type LossRuling, type PairCounts, pairedLoss, ruleOnLoss } from './paired-loss.ts';
import type { GradedTask, TierRun } from './quality-run.ts';
import { repeatsOf } from './repeats.ts';
import { SUITE_ITEMS } from './task-suite.ts';
import type { TierPolicy, TierResult } from './tier-result.ts';

/** Sizes of a suite are looks at one growing sample. */
const LOOKS = Object.keys(SUITE_ITEMS).length;

interface TaskPair {
  readonly before: GradedTask;
  readonly after: GradedTask;
}

function pairsOf(before: readonly GradedTask[], after: readonly GradedTask[]): readonly TaskPair[] {
  const known = new Map(after.map((task) => [task.id, task]));
  return before.flatMap((one) => {
    const other = known.get(one.id);
    return other === undefined ? [] : [{ before: one, after: other }];
  });
}

/** Counts a bad sign on both sides: wrong, unparsed or cut. */
function countsOf(pairs: readonly TaskPair[], isBad: (task: GradedTask) => boolean): PairCounts {
  const count = (lost: boolean): number =>
    pairs.filter(({ before, after }) => isBad(before) !== lost && isBad(after) === lost).length;
  return { items: pairs.length, lost: count(true), won: count(false) };
}

const isWrong = (task: GradedTask): boolean => task.result !== 'right';
const isUnparsed = (task: GradedTask): boolean => task.result === 'unparsed';
const isCut = (task: GradedTask): boolean => task.isCut;
/** Signs that fail by themselves when they rise. Source: docs/quality.md, tier 4 (grading). */
const SIGNS: readonly (readonly [name: string, is: (task: GradedTask) => boolean])[] = [
  ['unparsed', isUnparsed],
  ['cut at the longest length', isCut],
];

/** Share of tasks that were answered rightly, 0..1. */
export function rightRatio(tasks: readonly GradedTask[]): number {
  return tasks.filter((task) => !isWrong(task)).length / Math.max(1, tasks.length);
}

/** Whether a look at these answers settles it. */
export function ruleOnTasks(
  reference: readonly GradedTask[],
  trial: readonly GradedTask[],
  terms: { readonly margin: number; readonly isLast: boolean },
): LossRuling {
  const level = pocockLevel(LOOKS, 'one-sided');
  const pairs = pairsOf(reference, trial);
  const rules = SIGNS.map(([, isBad]) =>
    ruleOnLoss(pairedLoss(countsOf(pairs, isBad), level), { ...terms, level, isLast: true }),
  );
  if (rules.includes('fail')) return 'fail';
  return ruleOnLoss(pairedLoss(countsOf(pairs, isWrong), level), { ...terms, level });
}

/** Why the suite arms nothing: the reference answers too little of it rightly. Null when: it is armed. */
function unarmedTasks({ answers }: TierRun, policy: TierPolicy): TierResult | null {
  const { tasks } = answers;
  const right = rightRatio(tasks);
  if (right >= policy.minRightRatio && tasks.length > 0) return null;
  const text = `E_QUALITY_UNARMED: tasks: ${describeTasks(tasks)}; ${percent(policy.minRightRatio)} are needed (quality.minCanaries of the contract, of 20)`;
  return { tier: 'tasks', state: 'unarmed', values: valuesOf(tasks), text };
}

const valuesOf = (tasks: readonly GradedTask[]): Record<string, number> => ({
  items: tasks.length,
  rightRatio: rightRatio(tasks),
  unparsed: tasks.filter(isUnparsed).length,
  cut: tasks.filter(isCut).length,
});

const describeTasks = (tasks: readonly GradedTask[]): string =>
  `the baseline answers ${percent(rightRatio(tasks))} of ${tasks.length} rightly (${tasks.filter(isUnparsed).length} unparsed, ${tasks.filter(isCut).length} cut)`;

/** Tier 4 of the reference against itself, one floor for each way in which it was asked again. */
export function taskNoise(reference: TierRun, policy: TierPolicy): readonly TierResult[] {
  const unarmed = unarmedTasks(reference, policy);
  if (unarmed !== null) return [unarmed];
  const { tasks } = reference.answers;
  return repeatsOf(reference).map(({ at, how, answers }) => {
    const pairs = pairsOf(tasks, answers.tasks);
    const { lost, won } = countsOf(pairs, isWrong);
    const flipRatio = (lost + won) / Math.max(1, pairs.length);
    return {
      tier: 'tasks',
      state: 'floor',
      at,
      values: { ...valuesOf(tasks), asked: pairs.length, lost, won, flipRatio },
      text: `tasks: ${describeTasks(tasks)}; asked again (${how}), ${lost} of ${pairs.length} were lost and ${won} won`,
    } as const;
  });
}

const LARGER = 'more items settle it: a larger size, on the baseline too';
/** What an owner can do about a loss that is not settled. */
const WAY_OUT = {
  quick: LARGER,
  standard: LARGER,
  deep: 'no larger size is there: leave the change, or accept a wider margin in a new contract',
} as const;

/** Tier 4: paired non-inferiority of exact answers. The text says which loss can be excluded. */
export function compareTasks(reference: TierRun, trial: TierRun, policy: TierPolicy): TierResult {
  const unarmed = unarmedTasks(reference, policy);
  if (unarmed !== null) return unarmed;
  const pairs = pairsOf(reference.answers.tasks, trial.answers.tasks);
  const found = pairedLoss(countsOf(pairs, isWrong), pocockLevel(LOOKS, 'one-sided'));
  const before = reference.answers.tasks;
  const state = ruleOnTasks(before, trial.answers.tasks, { margin: policy.margin, isLast: true });
  const signs = SIGNS.map(([name, is]) => `${countsOf(pairs, is).lost} newly ${name}`).join(', ');
  const more = state === 'inconclusive' ? `; ${WAY_OUT[reference.size]}` : '';
  return {
    tier: 'tasks',
    state,
    values: {
      items: found.items,
      lost: found.lost,
      won: found.won,
      lossRatio: found.loss,
      excludedLossRatio: found.upper,
      mcnemarP: found.mcnemarP,
    },
    text: `tasks: ${found.lost} lost, ${found.won} won of ${found.items}; a loss above ${percent(Math.max(0, found.upper))} is excluded (margin ${percent(policy.margin)}), ${signs}${more}`,
  };
}
