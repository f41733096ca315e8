import { percent } from '../percent.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { doubtful, type Gate, type GateContext, invalid, slicesOf } from './gate-context.ts';
import type { GateFinding } from './gate-run.ts';
import { agreementOf, type Pair } from './pairs.ts';
import { type Estimate, estimateOf, excess, shareExcess } from './shares.ts';

/** Agreement of paired answers that a change of outputs explains, against what the baseline shows with itself. */
const LOST_AGREEMENT = 0.1;
/** Without the baseline's own: less than this is another model, or somebody else's answer. Source: own reasoning. */
const LITTLE_AGREEMENT = 0.25;
/**
 * Part of the baseline's own agreement below which no change of numbers leads: half, and two thirds for a baseline that
 * says nearly all of it twice. Source: own reasoning; one token in a hundred flips by numbers, one in twenty does not.
 */
const DAMAGE = { usual: 0.5, exact: 0.65 } as const;
const EXACT_AGREEMENT = 0.9;

/** An answer that shares less than this with the baseline's took another way from its first words on. */
const NOTHING_SHARED = 0.05;
/** Share of such answers: numbers alone part two answers later. Source: vLLM, 1,000 equal requests first split at token 103. */
const MORE_APART = 0.06;
/** The same where the baseline ran on one deployment alone, so that nobody knows how often it says a thing twice. */
const MANY_APART = 0.3;
const NONE_APART: Estimate = { mean: 0, error: 0, n: Number.MAX_SAFE_INTEGER };

/** Answers that have nothing in common with the baseline's from the first words on: another model's, or another prompt's. */
export const answersBelong: Gate = ({ pairs, own, canAlterOutputs, isGreedy }) => {
  if (canAlterOutputs || !isGreedy) return [];
  const apart = (pair: Pair): number => (agreementOf(pair) < NOTHING_SHARED ? 1 : 0);
  const told = estimateOf(own.map(apart));
  const floor = told ?? NONE_APART;
  const tolerance = told === null ? MANY_APART : MORE_APART;
  return slicesOf(pairs, ({ now }) => now).flatMap(({ where, items }) => {
    const now = estimateOf(items.map(apart));
    if (now === null || shareExcess(now, floor, tolerance) <= 0) return [];
    return [
      invalid('answers_changed', {
        size: now.mean,
        detail: `${percent(now.mean)} of the answers share nothing with the baseline's${where}, ${percent(floor.mean)} ${told === null ? 'expected' : 'by the baseline itself on another deployment'}`,
      }),
    ];
  });
};

/** The words that the baseline said to the same prompts, as far as it says them twice itself. */
export const answersAgree: Gate = ({ pairs, own, canAlterOutputs, isGreedy }) => {
  if (canAlterOutputs || !isGreedy) return [];
  const now = estimateOf(pairs.map(agreementOf));
  const floor = estimateOf(own.map(agreementOf));
  if (now === null) return [];
  const size = 1 - now.mean;
  const detail = `${percent(now.mean)} of what the baseline answered is answered again${floor === null ? '' : `, ${percent(floor.mean)} by the baseline itself on another deployment`}, although the change cannot alter outputs`;
  if (floor === null) {
    return now.mean < LITTLE_AGREEMENT ? [doubtful('answers_changed', { size, detail })] : [];
  }
  if (excess(floor, now, LOST_AGREEMENT) <= 0) return [];
  const least = floor.mean > EXACT_AGREEMENT ? DAMAGE.exact : DAMAGE.usual;
  const isDamage = excess(floor, now, (1 - least) * floor.mean) > 0;
  return [(isDamage ? invalid : doubtful)('answers_changed', { size, detail })];
};

/** Share of answers that may be another prompt's by chance. Source: own reasoning. */
const MISPLACED = 0.01;
/** Words of an answer that no two prompts share by chance. Source: own reasoning. */
const OWN_WORDS = 8;

/** Answers that belong to another prompt, or came more than once. */
export const answersAreOwn: Gate = (context) => [
  ...misplaced(context),
  ...repeated(context, 'same_answers', (record) => record.textHash),
  ...repeated(context, 'same_answers', beginningOf),
  ...repeated(context, 'answers_replayed', (record) => record.responseId ?? ''),
];

function misplaced({ pairs }: GateContext): readonly GateFinding[] {
  const owners = new Set(pairs.map(({ before }) => before.textHash));
  const wrong = pairs.filter(
    ({ now, before }) =>
      (now.answer?.words ?? 0) >= OWN_WORDS &&
      now.textHash !== before.textHash &&
      owners.has(now.textHash),
  );
  if (wrong.length < 2 || wrong.length / pairs.length <= MISPLACED) return [];
  return [
    invalid('answers_of_other_prompts', {
      size: wrong.length / pairs.length,
      detail: `${wrong.length} of ${pairs.length} prompts got what the baseline answered to another`,
    }),
  ];
}

/** The first words of an answer; of a shorter one nothing. */
function beginningOf({ textSample }: RequestRecord): string {
  const words = textSample.split(/\s+/).filter((word) => word !== '');
  return words.length <= OWN_WORDS ? '' : words.slice(0, OWN_WORDS).join(' ');
}

const MORE_REPEATS = 0.02;

function repeated(
  context: GateContext,
  name: string,
  read: (record: RequestRecord) => string,
): readonly GateFinding[] {
  const shareOf = (records: readonly RequestRecord[]): Estimate | null => {
    const told = records.map(read).filter((text) => text !== '');
    const counts = new Map<string, number>();
    for (const text of told) counts.set(text, (counts.get(text) ?? 0) + 1);
    return estimateOf(told.map((text) => ((counts.get(text) ?? 0) > 1 ? 1 : 0)));
  };
  const now = shareOf(context.now);
  const before = shareOf(context.before);
  if (now === null || before === null || excess(now, before, MORE_REPEATS) <= 0) return [];
  const what = name === 'same_answers' ? 'answers' : 'ids of answers';
  return [
    invalid(name, {
      size: now.mean,
      detail: `${percent(now.mean)} of the ${what} came before, ${percent(before.mean)} of the baseline's`,
    }),
  ];
}
