import { isRecord } from '../parse.ts';
import { cleanText } from '../redact.ts';
import { createDraw } from './draw.ts';
import type { GreedyAnswer } from './quality-run.ts';
import { FILLER_SENTENCES, WORDS } from './word-lists.ts';

/** Questions and their longest answers. Source: docs/quality.md, tier 3 (64 x 256); quick: own reasoning. */
export const GREEDY = {
  quick: { prompts: 24, maxTokens: 64 },
  standard: { prompts: 64, maxTokens: 256 },
  deep: { prompts: 128, maxTokens: 256 },
} as const;

export interface GreedyPrompt {
  readonly id: string;
  readonly prompt: string;
}

/** Open questions over a short text, different from the first word on. */
export function greedyPrompts(seed: number, count: number): readonly GreedyPrompt[] {
  const draw = createDraw(seed * 100 + 97);
  return Array.from({ length: count }, (_, index) => {
    const words = draw.sample(WORDS, 3).join(', ');
    const text = draw.sample(FILLER_SENTENCES, 4).join(' ');
    return {
      id: `greedy-${index + 1}`,
      prompt: `Think of ${words} (note ${index + 1}). Continue this story in plain words: ${text}`,
    };
  });
}

/** Parameters that make an engine tell how sure it was of each token. */
export const WITH_LOGPROBS = { logprobs: true, top_logprobs: 2 } as const;

const MAX_TOKENS = 600;

/** Tokens of a chat completion with their log-probability and distance to the runner-up. Null when: it tells none. */
export function readTokens(body: unknown): GreedyAnswer['tokens'] {
  const choices = isRecord(body) ? body['choices'] : null;
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  const logprobs = isRecord(choice) ? choice['logprobs'] : null;
  const content = isRecord(logprobs) ? logprobs['content'] : null;
  if (!Array.isArray(content) || content.length === 0) return null;
  const given: readonly unknown[] = content;
  const tokens = given.slice(0, MAX_TOKENS).flatMap((entry) => {
    if (!isRecord(entry)) return [];
    const { token, logprob } = entry;
    if (typeof token !== 'string' || typeof logprob !== 'number') return [];
    return [{ text: cleanText(token, 40), logprob, gap: gapOf(entry['top_logprobs']) }];
  });
  return tokens.length === content.length || tokens.length === MAX_TOKENS ? tokens : null;
}

function gapOf(top: unknown): number | null {
  if (!Array.isArray(top)) return null;
  const given: readonly unknown[] = top;
  const values = given
    .map((one) => (isRecord(one) ? one['logprob'] : null))
    .filter((one) => typeof one === 'number')
    .toSorted((left, right) => right - left);
  const [first, second] = values;
  return first === undefined || second === undefined ? null : first - second;
}

/** How far two answers to one question agree. */
export interface Agreement {
  readonly id: string;
  /** Index of the first token (or word) that differs. Null when: none does. */
  readonly divergesAt: number | null;
  /** Agreed part of the longer answer, 0..1. */
  readonly share: number;
  /** The reference's distance between its token and the runner-up where the answers part. Units: nats. Null when: unknown. */
  readonly gap: number | null;
  /** Changes of the log-probability of agreed tokens. Units: nats. */
  readonly deltas: readonly number[];
}

const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter((one) => one !== '');

/** Compares answer by answer, by tokens where both sides tell them, else by words. */
export function agreements(
  reference: readonly GreedyAnswer[],
  trial: readonly GreedyAnswer[],
): readonly Agreement[] {
  const known = new Map(trial.map((answer) => [answer.id, answer]));
  return reference.flatMap((before) => {
    const after = known.get(before.id);
    return after === undefined ? [] : [agreement(before, after)];
  });
}

type Tokens = NonNullable<GreedyAnswer['tokens']>;

/** Tokens of both answers. Null when: one side tells none. */
function tokensOf(before: GreedyAnswer, after: GreedyAnswer): readonly [Tokens, Tokens] | null {
  return before.tokens === null || after.tokens === null ? null : [before.tokens, after.tokens];
}

/** Index of the first difference; the longer length where there is none. */
function splitOf(left: readonly string[], right: readonly string[]): number {
  const longest = Math.max(left.length, right.length);
  const at = Array.from({ length: longest }, (_, index) => index).find(
    (index) => left[index] !== right[index],
  );
  return at ?? longest;
}

const textsOf = (tokens: Tokens): readonly string[] => tokens.map((one) => one.text);

function agreement(before: GreedyAnswer, after: GreedyAnswer): Agreement {
  const tokens = tokensOf(before, after);
  const left = tokens === null ? wordsOf(before.text) : textsOf(tokens[0]);
  const right = tokens === null ? wordsOf(after.text) : textsOf(tokens[1]);
  const longest = Math.max(left.length, right.length);
  const split = splitOf(left, right);
  return {
    id: before.id,
    divergesAt: split === longest ? null : split,
    share: longest === 0 ? 1 : split / longest,
    gap: tokens?.[0][split]?.gap ?? null,
    deltas: tokens === null ? [] : changesOf(tokens[0], tokens[1].slice(0, split)),
  };
}

/** Changes of log-probability over tokens that agree. */
const changesOf = (before: Tokens, after: Tokens): readonly number[] =>
  after.map((one, index) => one.logprob - (before[index]?.logprob ?? one.logprob));
