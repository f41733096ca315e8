import { type KeyedRandom, keyedRandom } from './keyed-random.ts';
import { NATURAL_SENTENCES } from './natural-text.ts';
import { COMMON_WORDS } from './words.ts';

export type TextKind = 'random-words' | 'natural';

/**
 * Words at the front of every prompt that are drawn at random, so that not even the first cache block is shared.
 * Source: 6 of 1,500 words are about 63 bits (own reasoning).
 */
const UNIQUE_WORDS = 8;

/** Exactly `count` words that follow from the key; the first eight are random whatever the kind. */
export function promptWords(
  kind: TextKind,
  count: number,
  key: readonly (string | number)[],
): string[] {
  const random = keyedRandom(['text', kind, ...key]);
  const words: string[] = [];
  const opening = kind === 'natural' ? Math.min(count, UNIQUE_WORDS) : count;
  while (words.length < opening) {
    words.push(COMMON_WORDS[random.int(0, COMMON_WORDS.length - 1)] ?? 'the');
  }
  while (words.length < count) {
    for (const sentence of shuffle(NATURAL_SENTENCES, random)) words.push(...sentence.split(' '));
  }
  return words.slice(0, count);
}

function shuffle<Item>(items: readonly Item[], random: KeyedRandom): readonly Item[] {
  return items
    .map((item) => ({ item, order: random.int(0, 2 ** 30) }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
