import type { KeyedRandom } from './keyed-random.ts';
import {
  naturalRound,
  openingWords,
  promptWords,
  type TextKind,
  textRandom,
} from './prompt-text.ts';
import type { TokenCalibration } from './token-calibration.ts';
import { vocabularyOf, type WordTokens } from './word-tokens.ts';
import { COMMON_WORDS } from './words.ts';

/** Words with the tokens that they come to. */
export interface SizedText {
  readonly words: readonly string[];
  readonly tokens: number;
}

/** Makes texts of a length in tokens, the template left out. */
export interface TextSizer {
  /** Tokens of the shortest text. */
  readonly leastTokens: number;
  /** At least one word, which follow from the key; exactly so many tokens wherever the words' own costs are known. */
  text(tokens: number, key: readonly (string | number)[]): SizedText;
  /** Tokens of one of its words. */
  tokensOf(word: string): number;
  /** The same words as token ids. Undefined when: prompts are sent as text. */
  idsOf(words: readonly string[]): readonly number[] | undefined;
}

/** Sizes by each word's own cost where the server's tokenizer told it, else by the mean. */
export function createTextSizer(kind: TextKind, calibration: TokenCalibration): TextSizer {
  const { words, tokensPerWord } = calibration;
  if (words !== undefined) return createExactSizer(kind, words);
  return {
    leastTokens: tokensPerWord,
    text: (tokens, key) => {
      const count = Math.max(1, Math.round(tokens / tokensPerWord));
      return { words: promptWords(kind, count, key), tokens: count * tokensPerWord };
    },
    tokensOf: () => tokensPerWord,
    idsOf: () => undefined,
  };
}

function idsOf(kind: TextKind, { ids }: WordTokens): TextSizer['idsOf'] {
  if (ids === undefined) return () => undefined;
  const byWord = new Map(vocabularyOf(kind).map((word, place) => [word, ids[place] ?? []]));
  return (words) => words.flatMap((word) => byWord.get(word) ?? []);
}

/** Lengths up to here are looked up; longer ones can always be filled. Source: own reasoning; four words of sixteen tokens. */
const LOOKED_UP = 64;
/** Random draws before the list is gone through for a word that fits. Source: own reasoning. */
const DRAWS = 40;

interface Filling {
  readonly words: WordTokens;
  readonly costOf: ReadonlyMap<string, number>;
  /** True where common words can come to exactly so many tokens. */
  readonly fits: (tokens: number) => boolean;
}

function createExactSizer(kind: TextKind, words: WordTokens): TextSizer {
  const costs = words.counts.slice(0, COMMON_WORDS.length);
  const filling: Filling = {
    words,
    costOf: new Map(vocabularyOf(kind).map((word, place) => [word, words.counts[place] ?? 1])),
    fits: fitsOf(costs),
  };
  return {
    leastTokens: Math.min(...costs),
    text: (tokens, key) => fill(kind, { filling, tokens, random: textRandom(kind, key) }),
    tokensOf: (word) => filling.costOf.get(word) ?? 1,
    idsOf: idsOf(kind, words),
  };
}

function fitsOf(costs: readonly number[]): Filling['fits'] {
  const distinct = [...new Set(costs)];
  const can = [true];
  for (let tokens = 1; tokens < LOOKED_UP; tokens += 1) {
    can.push(distinct.some((cost) => can[tokens - cost] === true));
  }
  return (tokens) => tokens >= LOOKED_UP || can[tokens] === true;
}

function fill(
  kind: TextKind,
  how: { readonly filling: Filling; readonly tokens: number; readonly random: KeyedRandom },
): SizedText {
  const { filling, random } = how;
  const chosen: string[] = [];
  let left = how.tokens;
  const take = (word: string | null): boolean => {
    if (word === null) return false;
    chosen.push(word);
    left -= filling.costOf.get(word) ?? 1;
    return left > 0;
  };
  const draw = (): string | null =>
    drawWord(filling, { left, isFirst: chosen.length === 0, random });
  let goesOn = take(draw() ?? cheapest(filling));
  while (goesOn && chosen.length < openingWords(kind, Infinity)) goesOn = take(draw());
  while (goesOn) {
    for (const word of naturalRound(random)) {
      const rest = left - (filling.costOf.get(word) ?? 1);
      // the last word is letters alone: a template's line break joins a full stop
      goesOn = take(rest > 0 && filling.fits(rest) ? word : draw());
      if (!goesOn) break;
    }
  }
  return { words: chosen, tokens: how.tokens - left };
}

/** A random common word after which the rest can still be filled exactly. Null when: there is none. */
function drawWord(
  { words, fits }: Filling,
  at: { readonly left: number; readonly isFirst: boolean; readonly random: KeyedRandom },
): string | null {
  const may = (place: number): boolean =>
    fits(at.left - (words.counts[place] ?? 1)) && !(at.isFirst && words.neverFirst.includes(place));
  let place = 0;
  for (let draws = 0; draws < DRAWS; draws += 1) {
    place = at.random.int(0, COMMON_WORDS.length - 1);
    if (may(place)) return COMMON_WORDS[place] ?? null;
  }
  const after = COMMON_WORDS.findIndex((_, other) => other > place && may(other));
  const found = after === -1 ? COMMON_WORDS.findIndex((_, other) => may(other)) : after;
  return COMMON_WORDS[found] ?? null;
}

/** What a text holds where nothing fits. */
function cheapest({ costOf }: Filling): string {
  const [first = 'the'] = COMMON_WORDS;
  return COMMON_WORDS.reduce(
    (least, word) => ((costOf.get(word) ?? 1) < (costOf.get(least) ?? 1) ? word : least),
    first,
  );
}
