import { z } from 'zod';
import { NATURAL_SENTENCES } from './natural-text.ts';
import type { TextKind } from './prompt-text.ts';
import { COMMON_WORDS } from './words.ts';

/** What a server's tokenizer makes of each word that prompts are made of, in the order of `vocabularyOf`. */
export const WordTokens = z.object({
  /** Tokens of each word behind a space, at least 1. */
  counts: z.array(z.number()).readonly(),
  /** Places of common words that may not begin a text, since without a space they cost otherwise than most. */
  neverFirst: z.array(z.number()).readonly(),
  /** The tokens themselves, where prompts are sent as such. */
  ids: z.array(z.array(z.number()).readonly()).readonly().optional(),
});
export type WordTokens = z.infer<typeof WordTokens>;

/** Stands between two words of the list; in no word of ours. */
const MARK = 'zebra';

const NATURAL_PIECES: readonly string[] = [
  ...new Set(NATURAL_SENTENCES.flatMap((sentence) => sentence.split(' '))),
];

/** Every word that a text of a kind can hold: the common words first. */
export function vocabularyOf(kind: TextKind): readonly string[] {
  return kind === 'natural' ? [...COMMON_WORDS, ...NATURAL_PIECES] : COMMON_WORDS;
}

/**
 * One text from whose tokens those of each word can be told: the vocabulary behind spaces, the common words behind line
 * breaks as at the front of a message, a mark between all of them. Vocabularies never join two words, so that what
 * a word costs here it costs everywhere.
 */
export function vocabularyText(kind: TextKind): string {
  const spaced = vocabularyOf(kind).join(` ${MARK} `);
  const first = COMMON_WORDS.join(` ${MARK}\n`);
  return `${MARK} ${MARK} ${spaced} ${MARK}\n${first} ${MARK} ${MARK} ${MARK}`;
}

/**
 * What the ids of `vocabularyText` say of each word.
 * Null when: the marks do not stand where they were put (a tokenizer that joins words, or something else answered).
 */
export function readVocabulary(
  kind: TextKind,
  ids: readonly number[],
): Required<WordTokens> | null {
  const mark = repeatedTail(ids);
  if (mark === null) return null;
  const parts = splitAt(ids, mark);
  const total = vocabularyOf(kind).length;
  // the unspaced first mark, the words, the same behind line breaks, and nothing between and behind the last marks
  const inside = parts.slice(1, -3);
  const isWhole = inside.length === total + COMMON_WORDS.length;
  if (!isWhole || inside.some((part) => part.length === 0)) return null;
  if (parts.slice(-3).some((part) => part.length > 0)) return null;
  const words = inside.slice(0, total);
  const counts = words.map((part) => part.length);
  const first = inside.slice(total).map((part) => part.length);
  return { counts, neverFirst: oddAtFront(counts, first), ids: words };
}

/** Places where the cost at the front differs from the cost behind a space by another number than usual. */
function oddAtFront(counts: readonly number[], first: readonly number[]): readonly number[] {
  const differences = first.map((tokens, place) => tokens - (counts[place] ?? 0));
  const tally = new Map<number, number>();
  for (const one of differences) tally.set(one, (tally.get(one) ?? 0) + 1);
  const usual = [...tally].toSorted((a, b) => b[1] - a[1])[0]?.[0];
  return differences.flatMap((one, place) => (one === usual ? [] : [place]));
}

/** Shortest run of ids that the list ends with twice. Null when: there is none of at most sixteen. */
function repeatedTail(ids: readonly number[]): readonly number[] | null {
  for (let length = 1; length <= 16; length += 1) {
    const last = ids.slice(-length);
    const before = ids.slice(-2 * length, -length);
    if (last.length === length && last.every((id, place) => id === before[place])) return last;
  }
  return null;
}

function splitAt(ids: readonly number[], mark: readonly number[]): readonly (readonly number[])[] {
  const parts: number[][] = [[]];
  for (let at = 0; at < ids.length; ) {
    const start = at;
    if (mark.every((id, place) => ids[start + place] === id)) {
      parts.push([]);
      at += mark.length;
      continue;
    }
    parts.at(-1)?.push(ids[at] ?? 0);
    at += 1;
  }
  return parts;
}
