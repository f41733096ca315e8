import { hashText, unitOf } from '../random.ts';
import { proseSentences, strayWord } from './prose.ts';
import { type Question, solve } from './solve.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ReplyOrder {
  readonly model: string;
  readonly question: Question;
  readonly promptTokens: number;
  /** Most tokens the caller allows. */
  readonly maxTokens: number;
  readonly ignoreEos: boolean;
  readonly stop: readonly string[];
  /** Share of tokens that come out wrong, 0..1. */
  readonly corruptionRate: number;
  /** Text that the model means to write, where the caller knows it (a tool call). Null when: it is to be found. */
  readonly answer: string | null;
}

export interface Reply {
  readonly pieces: readonly string[];
  readonly finish: 'stop' | 'length';
  /** The stop text that ended it. Null when: something else did. */
  readonly matchedStop: string | null;
}

/** Median length of a free answer and the spread of its logarithm. Units: tokens. Source: own reasoning from chat logs. */
const MEDIAN_TOKENS = 170;
const SIGMA = 0.45;
/** Damage in the KV grows with what is read back. Units: tokens. Source: own reasoning. */
const DAMAGE_CONTEXT = 2000;

function naturalLength(seed: number): number {
  const u = Math.max(1e-9, unitOf(seed, 1));
  const normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * unitOf(seed, 2));
  return Math.max(8, Math.round(MEDIAN_TOKENS * Math.exp(SIGMA * normal)));
}

function freePieces(seed: number, count: number, tokenizer: Tokenizer): string[] {
  const pieces: string[] = [];
  for (const sentence of proseSentences(seed)) {
    pieces.push(...tokenizer.pieces(sentence));
    if (pieces.length >= count) break;
  }
  return pieces.slice(0, count);
}

function damage(pieces: readonly string[], order: ReplyOrder, seed: number): string[] {
  const rate = order.corruptionRate * (1 + order.promptTokens / DAMAGE_CONTEXT);
  if (rate <= 0) return [...pieces];
  return pieces.map((piece, index) =>
    unitOf(seed, index, 5) < rate ? strayWord(seed, index) : piece,
  );
}

function cutAtStop(
  pieces: readonly string[],
  stop: readonly string[],
): { pieces: string[]; stop: string } | null {
  if (stop.length === 0) return null;
  const text = pieces.join('');
  const hits = stop
    .filter((one) => one.length > 0)
    .map((one) => ({ one, at: text.indexOf(one) }))
    .filter((hit) => hit.at >= 0)
    .sort((a, b) => a.at - b.at);
  const first = hits[0];
  if (first === undefined) return null;
  const kept: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    if (length + piece.length > first.at) {
      if (first.at > length) kept.push(piece.slice(0, first.at - length));
      break;
    }
    kept.push(piece);
    length += piece.length;
  }
  return { pieces: kept, stop: first.one };
}

function wholeAnswer(
  order: ReplyOrder,
  seed: number,
  tokenizer: Tokenizer,
): { readonly pieces: string[]; readonly isCut: boolean } {
  const answer = order.answer ?? solve(order.question);
  const length = naturalLength(seed);
  const natural =
    answer === null
      ? freePieces(seed, Math.min(order.maxTokens, length), tokenizer)
      : tokenizer.pieces(answer);
  const missing = order.ignoreEos ? order.maxTokens - natural.length : 0;
  const pieces = missing > 0 ? [...natural, ...freePieces(seed + 1, missing, tokenizer)] : natural;
  const isLonger = answer === null ? length > order.maxTokens : pieces.length > order.maxTokens;
  return { pieces: pieces.slice(0, order.maxTokens), isCut: order.ignoreEos || isLonger };
}

/** The answer of a model to a prompt: a function of model, prompt and position, worse under lossy settings. */
export function composeReply(order: ReplyOrder, tokenizer: Tokenizer): Reply {
  const seed = hashText(`${order.model}\n${order.question.all}`);
  const { pieces, isCut } = wholeAnswer(order, seed, tokenizer);
  const spoilt = damage(pieces, order, seed);
  const cut = order.ignoreEos ? null : cutAtStop(spoilt, order.stop);
  const kept = cut?.pieces ?? spoilt;
  return {
    // Something is always produced: at the least the end mark, which reads as nothing.
    pieces: kept.length > 0 ? kept : [''],
    finish: cut === null && isCut ? 'length' : 'stop',
    matchedStop: cut?.stop ?? null,
  };
}
