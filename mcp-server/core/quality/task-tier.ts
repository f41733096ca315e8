import { pocockLevel } from '../stats/group-sequential.ts';
import { type LossRuling, type PairCounts, pairedLoss, ruleOnLoss } from './paired-loss.ts';
import type { GradedTask, TierRun } from './quality-run.ts';
import { SUITE_ITEMS } from './task-suite.ts';
import { percent, type TierPolicy, type TierResult } from './tier-result.ts';

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
/** Signs that fail by themselves when they rise. Source: docs/measuring.md, tier 4 (grading). */
const SIGNS: readonly (readonly [name: string, is: (task: GradedTask) => boolean])[] = [
  ['unparsed', (task) => task.result === 'unparsed'],
  ['cut at the longest length', (task) => task.isCut],
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

/** Tier 4 of the reference against itself. */
export function taskNoise(reference: TierRun, policy: TierPolicy): TierResult {
  const { tasks } = reference.answers;
  const pairs = pairsOf(tasks, reference.again?.tasks ?? []);
  const { lost, won } = countsOf(pairs, isWrong);
  const right = rightRatio(tasks);
  const unparsed = tasks.filter((task) => task.result === 'unparsed').length;
  const cut = tasks.filter((task) => task.isCut).length;
  const isArmed = right >= policy.minRightRatio && pairs.length > 0;
  const text = `tasks: the baseline answers ${percent(right)} of ${tasks.length} rightly (${unparsed} unparsed, ${cut} cut); asked again, ${lost + won} of ${pairs.length} answers changed sides`;
  return {
    tier: 'tasks',
    state: isArmed ? 'floor' : 'unarmed',
    values: {
      items: tasks.length,
      rightRatio: right,
      unparsed,
      cut,
      flipRatio: (lost + won) / Math.max(1, pairs.length),
    },
    text: isArmed
      ? text
      : `E_QUALITY_UNARMED: ${text}; ${percent(policy.minRightRatio)} are needed`,
  };
}

/** Tier 4: paired non-inferiority of exact answers. The text says which loss can be excluded. */
export function compareTasks(reference: TierRun, trial: TierRun, policy: TierPolicy): TierResult {
  const noise = taskNoise(reference, policy);
  if (noise.state === 'unarmed') return noise;
  const pairs = pairsOf(reference.answers.tasks, trial.answers.tasks);
  const found = pairedLoss(countsOf(pairs, isWrong), pocockLevel(LOOKS, 'one-sided'));
  const before = reference.answers.tasks;
  const state = ruleOnTasks(before, trial.answers.tasks, { margin: policy.margin, isLast: true });
  const signs = SIGNS.map(([name, is]) => `${countsOf(pairs, is).lost} newly ${name}`).join(', ');
  const more =
    state === 'inconclusive' ? '; more items settle it: a larger size, on the baseline too' : '';
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
