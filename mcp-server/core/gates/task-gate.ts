import { type Gate, type GateContext, invalid } from './gate-context.ts';
import type { GateSide } from './gate-run.ts';
import { agreementOf } from './pairs.ts';
import { estimateOf } from './shares.ts';

/** Chance that so many more wrong answers come from one and the same service. Source: own reasoning; one look a trial. */
const ALPHA = 0.004;
/** The same where other words came although the change cannot alter them: two signs that agree. Source: as usual. */
const ALPHA_ALTERED = 0.05;
/** Agreement of the words lost by more than so, and two standard errors. Source: own reasoning. */
const ALTERED = 0.02;

/** Tasks of the health sample whose answer is known: as many right as the baseline had, by Fisher's exact test. */
export const tasksSolved: Gate = (context) => {
  const now = countOf(context.trial);
  const before = countOf(context.baseline);
  if (now.all === 0 || before.all === 0) return [];
  if (chanceOf(now, before) >= (isAltered(context) ? ALPHA_ALTERED : ALPHA)) return [];
  return [
    invalid('tasks_failed', {
      size: now.wrong / now.all,
      detail: `${now.wrong} of ${now.all} small tasks of the health sample got a wrong answer, ${before.wrong} of ${before.all} before`,
    }),
  ];
};

function isAltered({ pairs, own, canAlterOutputs, isGreedy }: GateContext): boolean {
  const now = estimateOf(pairs.map(agreementOf));
  const before = estimateOf(own.map(agreementOf));
  if (canAlterOutputs || !isGreedy || now === null || before === null) return false;
  return before.mean - now.mean > Math.max(ALTERED, 2 * Math.hypot(now.error, before.error));
}

interface Count {
  readonly wrong: number;
  readonly all: number;
}

function countOf({ samples }: GateSide): Count {
  const tasks = samples.flatMap((sample) => sample.tasks);
  return { wrong: tasks.filter((task) => !task.isRight).length, all: tasks.length };
}

/** P(at least so many of the wrong ones fall to the trial), wherever they could have fallen. */
function chanceOf(now: Count, before: Count): number {
  const wrong = now.wrong + before.wrong;
  const all = now.all + before.all;
  let chance = 0;
  for (let count = now.wrong; count <= Math.min(wrong, now.all); count += 1) {
    if (wrong - count > before.all) continue;
    const ways = logChoose(now.all, count) + logChoose(before.all, wrong - count);
    chance += Math.exp(ways - logChoose(all, wrong));
  }
  return chance;
}

function logChoose(from: number, count: number): number {
  let sum = 0;
  for (let at = 1; at <= count; at += 1) sum += Math.log((from - count + at) / at);
  return sum;
}
