import { percent } from '../percent.ts';
import { doubtful, type Gate, type GateContext, invalid, slicesOf } from './gate-context.ts';
import type { GateFinding } from './gate-run.ts';
import type { Pair } from './pairs.ts';
import { type Estimate, estimateOf, excess, ratioEstimate, relative, UNITY } from './shares.ts';

/** Paired prompts are the same letters: their counts may differ by rounding alone. Source: own reasoning. */
const SAME_PROMPT = 0.005;
/** Lengths of paired prompts as they were sized. Source: own reasoning. */
const SAME_SIZE = 0.02;
/** Prompts of other seeds: other words, and the template over other lengths. Source: own reasoning; AIPerf warns at 10 %. */
const OTHER_PROMPT = 0.05;
/** Text per token: paired answers, and answers to other prompts. Source: own reasoning; the least effect kept is 2 %. */
const SAME_TEXT = 0.02;
const OTHER_TEXT = 0.04;
/** Mean answer against the baseline's. Source: MLPerf inference rules, 90 to 110 %. */
const LENGTH = 0.1;
/** Share of answers that the model ended itself. Source: own reasoning. */
const MIX = 0.1;

/** Prompts that were read in full, and were as long as the baseline's. */
export const promptsKept: Gate = (context) => {
  const sized = ratioOfPairs(context.pairs, ({ now, before }) => [
    now.promptChars,
    before.promptChars,
  ]);
  const findings: GateFinding[] = [];
  if (sized !== null && Math.abs(sized.mean - 1) > SAME_SIZE) {
    findings.push(
      invalid('prompts_not_alike', {
        size: Math.abs(sized.mean - 1),
        detail: `the prompts sent are ${percent(sized.mean)} as long as the baseline's: the service counted its tokens otherwise when they were sized`,
      }),
    );
  }
  return [...findings, ...countedOtherwise(context)];
};

function countedOtherwise(context: GateContext): readonly GateFinding[] {
  const paired = context.pairs.filter(({ now, before }) => now.promptChars === before.promptChars);
  const found = slicesOf(paired, ({ now }) => now).flatMap(({ where, items }) => {
    const ratio = ratioOfPairs(items, ({ now, before }) => [now.inputTokens, before.inputTokens]);
    return countFinding(ratio, SAME_PROMPT, where);
  });
  const pool = relativeOf(tokensPerChar(context.now), tokensPerChar(context.before));
  const sample = relativeOf(tokensPerChar(context.sampleNow), tokensPerChar(context.sampleBefore));
  return [
    ...found,
    ...(paired.length === 0 ? countFinding(pool, OTHER_PROMPT, '') : []),
    ...countFinding(sample, OTHER_PROMPT, ' in the health sample'),
  ];
}

function countFinding(
  ratio: Estimate | null,
  tolerance: number,
  where: string,
): readonly GateFinding[] {
  if (ratio === null) return [];
  const fault = {
    size: Math.abs(ratio.mean - 1),
    detail: `${percent(ratio.mean)} of the baseline's tokens are counted for the same prompts${where}`,
  };
  if (excess(UNITY, ratio, tolerance) > 0) return [invalid('prompt_shrunk', fault)];
  return excess(ratio, UNITY, tolerance) > 0 ? [invalid('prompt_overcounted', fault)] : [];
}

const tokensPerChar = (records: GateContext['now']): Estimate | null =>
  ratioEstimate(records.map((one) => ({ over: one.inputTokens, under: one.promptChars })));

function ratioOfPairs(
  pairs: readonly Pair[],
  read: (pair: Pair) => readonly [number | null | undefined, number | null | undefined],
): Estimate | null {
  return ratioEstimate(
    pairs.map((pair) => {
      const [over, under] = read(pair);
      return { over, under };
    }),
  );
}

/** Tokens that a reader gets something of. */
export const tokensHaveText: Gate = (context) => {
  const found = slicesOf(context.pairs, ({ now }) => now).flatMap(({ where, items }) =>
    textFinding(ratioOfPairs(items, textOfPair), SAME_TEXT, where),
  );
  const pool = relativeText(context.now, context.before);
  const sample = relativeText(context.sampleNow, context.sampleBefore);
  return [
    ...found,
    ...(context.pairs.length === 0 ? textFinding(pool, OTHER_TEXT, '') : []),
    ...textFinding(sample, OTHER_TEXT, ' in the health sample'),
  ];
};

/** Visible characters, and those that the baseline's text would have at so many tokens. */
function textOfPair({ now, before }: Pair): readonly [number | undefined, number | undefined] {
  const expected =
    ((before.answer?.visibleChars ?? 0) * (now.outputTokens ?? 0)) / (before.outputTokens ?? 1);
  return [now.answer?.visibleChars, expected];
}

function relativeText(now: GateContext['now'], before: GateContext['now']): Estimate | null {
  const perToken = (records: GateContext['now']): Estimate | null =>
    ratioEstimate(
      records.map((one) => ({ over: one.answer?.visibleChars, under: one.outputTokens })),
    );
  return relativeOf(perToken(now), perToken(before));
}

function textFinding(
  ratio: Estimate | null,
  tolerance: number,
  where: string,
): readonly GateFinding[] {
  if (ratio === null || excess(UNITY, ratio, tolerance) <= 0) return [];
  return [
    invalid('tokens_without_text', {
      size: 1 - ratio.mean,
      detail: `a token carries ${percent(ratio.mean)} of the visible text that the baseline's did${where}`,
    }),
  ];
}

/** Answers as long as before, ended as before. */
export const answersKept: Gate = (context) => {
  const isFree = context.trial.runs.some((run) => !run.exactOutput);
  return [
    ...(isFree ? lengthFindings(context.now, context.before, '') : []),
    ...lengthFindings(context.sampleNow, context.sampleBefore, ' in the health sample'),
  ];
};

function lengthFindings(
  now: GateContext['now'],
  before: GateContext['now'],
  where: string,
): readonly GateFinding[] {
  const length = relativeOf(lengthOf(now), lengthOf(before));
  const mixNow = mixOf(now);
  const mixBefore = mixOf(before);
  const findings: GateFinding[] = [];
  if (length !== null && isApart(length, UNITY, LENGTH)) {
    findings.push(
      invalid('answers_shortened', {
        size: Math.abs(length.mean - 1),
        detail: `answers are ${percent(length.mean)} as long as before${where}`,
      }),
    );
  }
  if (mixNow !== null && mixBefore !== null && isApart(mixNow, mixBefore, MIX)) {
    findings.push(
      invalid('finish_mix_changed', {
        size: Math.abs(mixNow.mean - mixBefore.mean),
        detail: `${percent(mixNow.mean)} of the answers end by themselves, ${percent(mixBefore.mean)} before${where}`,
      }),
    );
  }
  return findings;
}

function relativeOf(now: Estimate | null, before: Estimate | null): Estimate | null {
  return now === null || before === null ? null : relative(now, before);
}

const isApart = (now: Estimate, before: Estimate, tolerance: number): boolean =>
  Math.max(excess(now, before, tolerance), excess(before, now, tolerance)) > 0;

/** Over the length allowed, so that other shapes draw no other mean. */
const lengthOf = (records: GateContext['now']): Estimate | null =>
  ratioEstimate(
    records.map((one) => ({ over: one.outputTokens, under: one.requestedOutputTokens })),
  );

const mixOf = (records: GateContext['now']): Estimate | null =>
  estimateOf(records.map((one) => (one.finishReason === 'stop' ? 1 : 0)));

/** The same model under the same configuration, by what it calls itself. */
export const sameModel: Gate = ({ now, before, sampleNow }) => {
  const names = (records: GateContext['now'], read: (one: (typeof now)[number]) => string | null) =>
    new Set(records.map(read).filter((name) => name !== null));
  const known = names(before, (one) => one.model);
  const other = [...names([...now, ...sampleNow], (one) => one.model)].filter(
    (name) => !known.has(name),
  );
  const prints = names(before, (one) => one.fingerprint ?? null);
  const changed = [...names(now, (one) => one.fingerprint ?? null)].filter(
    (name) => !prints.has(name),
  );
  return [
    ...(known.size > 0 && other.length > 0
      ? [
          invalid('other_model_answers', {
            size: other.length,
            detail: `${other.length} model names that the baseline never had`,
          }),
        ]
      : []),
    ...(prints.size > 0 && changed.length > 0
      ? [
          doubtful('fingerprint_changed', {
            size: changed.length,
            detail: 'the service names another configuration than before',
          }),
        ]
      : []),
  ];
};
