import { type KeyedRandom, keyedRandom } from './keyed-random.ts';
import { NATURAL_SENTENCES } from './natural-text.ts';
import { COMMON_WORDS } from './words.ts';

export type TextKind = 'random-words' | 'natural';

/**
 * Words at the front of every prompt that are drawn at random, so that not even the first cache block is shared.
 * Source: 6 of 1,500 words are about 63 bits (own reasoning).
 */
const UNIQUE_WORDS = 8;

/** Random words that a text of so many words begins with. */
export function openingWords(kind: TextKind, count: number): number {
  return kind === 'natural' ? Math.min(count, UNIQUE_WORDS) : count;
}

/** The chance behind a text. */
export function textRandom(kind: TextKind, key: readonly (string | number)[]): KeyedRandom {
  return keyedRandom(['text', kind, ...key]);
}

/** Exactly `count` words that follow from the key; the first eight are random whatever the kind. */
export function promptWords(
  kind: TextKind,
  count: number,
  key: readonly (string | number)[],
): string[] {
  const random = textRandom(kind, key);
  const words: string[] = [];
  const opening = openingWords(kind, count);
  while (words.length < opening) {
    words.push(COMMON_WORDS[random.int(0, COMMON_WORDS.length - 1)] ?? 'the');
  }
  while (words.length < count) words.push(...naturalRound(random));
  return words.slice(0, count);
}

/** Every shipped sentence once, in an order of its own, word by word. */
export function naturalRound(random: KeyedRandom): readonly string[] {
  return NATURAL_SENTENCES.map((sentence) => ({ sentence, order: random.int(0, 2 ** 30) }))
    .toSorted((a, b) => a.order - b.order)
    .flatMap(({ sentence }) => sentence.split(' '));
}
