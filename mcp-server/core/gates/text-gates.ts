import { percent } from '../percent.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type Gate, type GateContext, invalid, slicesOf } from './gate-context.ts';
import type { GateFinding } from './gate-run.ts';
import { noveltyOf, type Shapes, shapesOf } from './novelty.ts';
import type { Pair } from './pairs.ts';
import { type Estimate, estimateOf, excess } from './shares.ts';

/** A figure of one answer that must not get worse, and by how much it may by chance of the words alone. */
interface Trait {
  readonly name: string;
  readonly says: string;
  /** 1: more is worse; -1: less is. */
  readonly worse: 1 | -1;
  readonly tolerance: number;
  readonly of: (record: RequestRecord, shapes: Shapes) => number | null;
  /** True for what a healthy answer never shows: a few such answers say enough where the baseline had none. */
  readonly isMark?: boolean;
}

const share = (part: number, all: number): number | null => (all === 0 ? null : part / all);

/** Source of the tolerances: own reasoning; half of the least fault that must be seen, 1 % of the tokens. */
const TRAITS: readonly Trait[] = [
  {
    name: 'garbled_words',
    says: 'of the words look like no word',
    worse: 1,
    tolerance: 0.005,
    of: ({ answer }) => (answer === undefined ? null : share(answer.oddWords, answer.words)),
  },
  {
    name: 'unseen_spellings',
    says: 'of the letter groups stand in no other answer of the baseline',
    worse: 1,
    tolerance: 0.005,
    of: noveltyOf,
  },
  {
    name: 'repetition',
    says: 'of the word groups differ',
    worse: -1,
    tolerance: 0.05,
    of: ({ answer }) => answer?.distinctRatio ?? null,
  },
  {
    name: 'echoes_prompt',
    says: 'of the word groups are the prompt’s own',
    worse: 1,
    tolerance: 0.1,
    of: ({ answer }) => answer?.echoRatio ?? null,
  },
  {
    name: 'broken_text',
    says: 'of the answers hold broken characters or the model’s own marks',
    worse: 1,
    tolerance: 0.01,
    of: (record) => (isBroken(textOf(record)) ? 1 : 0),
    isMark: true,
  },
  {
    name: 'blank_answers',
    says: 'of the answers show nothing, or next to nothing',
    worse: 1,
    tolerance: 0.01,
    of: ({ answer }) => (answer === undefined ? null : answer.visibleChars < 2 ? 1 : 0),
    isMark: true,
  },
  {
    name: 'blank_first_chunk',
    says: 'of the answers begin with an event that shows nothing',
    worse: 1,
    tolerance: 0.05,
    of: ({ firstTextBlank }) => (firstTextBlank === true ? 1 : 0),
  },
  {
    name: 'one_word_grew',
    says: 'of the words are the commonest one of the answer',
    worse: 1,
    tolerance: 0.03,
    of: (record) => commonest(textOf(record)),
  },
];

/** Beginning and end of an answer; a character that the cut between them halved is none of the model's. */
const textOf = ({ textSample, answer }: RequestRecord): string =>
  `${textSample} ${(answer?.tail ?? '').replace(/^\ufffd/, '')}`;

function isBroken(text: string): boolean {
  return /\ufffd(?!$| )|<\|[^|]{1,40}\|>|<\/?s>|\[\/?INST\]/.test(text);
}

function commonest(text: string): number | null {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return words.length < 10 ? null : Math.max(...counts.values()) / words.length;
}

/** Answers that look like the baseline's: spelling, variety, marks. Thresholds from the baseline itself. */
export const textKept: Gate = (context) => {
  const shapes = shapesOf(context.before);
  return TRAITS.flatMap((trait) => [
    ...(trait.isMark === true ? markFindings(trait, context) : []),
    ...(context.pairs.length > 0
      ? pairedFindings(trait, context.pairs, shapes)
      : unpaired(trait, shapes, { ...context, where: '' })),
    ...unpaired(trait, shapes, {
      now: context.sampleNow,
      before: context.sampleBefore,
      where: ' in the health sample',
    }),
  ]);
};

/** Answers with a mark that say enough, and by how many times the baseline's share. Source: own reasoning. */
const FEW_MARKS = 3;
const LEAST_SHARE = 0.01;
const TIMES = 5;

/** Marks that the baseline (next to) never showed: chance of none in hundreds and three in as many is below 1 in 1,000. */
function markFindings(trait: Trait, context: GateContext): readonly GateFinding[] {
  const count = (records: readonly RequestRecord[]): number =>
    records.filter((record) => trait.of(record, NO_SHAPES) === 1).length;
  const now = [...context.now, ...context.sampleNow];
  const before = [...context.before, ...context.sampleBefore];
  const marked = count(now);
  const is = marked / now.length;
  const was = (count(before) + 0.5) / Math.max(1, before.length);
  if (marked < FEW_MARKS || is < Math.max(LEAST_SHARE, TIMES * was)) return [];
  return [
    invalid(trait.name, {
      size: is,
      detail: `${percent(is)} ${trait.says}, ${count(before)} of ${before.length} before`,
    }),
  ];
}

const NO_SHAPES: Shapes = { size: 0, count: () => 0, without: () => NO_SHAPES };

function pairedFindings(
  trait: Trait,
  pairs: readonly Pair[],
  shapes: Shapes,
): readonly GateFinding[] {
  const measured = pairs.map(({ now, before }) => {
    const others = shapes.without(before);
    return { now, is: trait.of(now, others), was: trait.of(before, others) };
  });
  return slicesOf(measured, ({ now }) => now).flatMap(({ where, items }) => {
    const change = estimateOf(
      items.map(({ is, was }) => (is === null || was === null ? null : trait.worse * (is - was))),
    );
    const none = { mean: 0, error: 0, n: change?.n ?? 1 };
    if (change === null || excess(change, none, trait.tolerance) <= 0) return [];
    const mean = (values: readonly (number | null)[]): number => estimateOf(values)?.mean ?? 0;
    const is = mean(items.map((one) => one.is));
    const was = mean(items.map((one) => one.was));
    const detail = `${percent(is)} ${trait.says}, ${percent(was)} before${where}`;
    return [invalid(trait.name, { size: sizeOf(trait, is), detail })];
  });
}

function unpaired(
  trait: Trait,
  shapes: Shapes,
  sides: {
    readonly now: readonly RequestRecord[];
    readonly before: readonly RequestRecord[];
    readonly where: string;
  },
): readonly GateFinding[] {
  const is = estimateOf(sides.now.map((record) => trait.of(record, shapes)));
  const was = estimateOf(sides.before.map((record) => trait.of(record, shapes.without(record))));
  if (is === null || was === null || worsened(trait, is, was) <= 0) return [];
  return [
    invalid(trait.name, {
      size: sizeOf(trait, is.mean),
      detail: `${percent(is.mean)} ${trait.says}, ${percent(was.mean)} before${sides.where}`,
    }),
  ];
}

/** The share that is bad, whichever way the trait runs. */
const sizeOf = ({ worse }: Trait, share: number): number => (worse === 1 ? share : 1 - share);

function worsened(trait: Trait, is: Estimate, was: Estimate): number {
  const { worse, tolerance } = trait;
  const turned = (one: Estimate): Estimate => ({ ...one, mean: worse * one.mean });
  return excess(turned(is), turned(was), tolerance);
}
