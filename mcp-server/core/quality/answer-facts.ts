import { z } from 'zod';

/** What the whole text of an answer shows, counted where it arrives, so that the text itself need not be kept. */
export const AnswerFacts = z.object({
  /** Characters that a reader sees: no space, no control, format or zero-width character. */
  visibleChars: z.number().int(),
  words: z.number().int(),
  /** Words that look like no word (see `isOddWord`). */
  oddWords: z.number().int(),
  /** Different 4-word runs over all of them. Null when: it has fewer than four words. */
  distinctRatio: z.number().nullable(),
  /** Part of the answer's 4-word runs that stand in its prompt. Null when: as above, or the prompt is unknown. */
  echoRatio: z.number().nullable(),
  /** The end of the text: what the sample of its beginning does not show. */
  tail: z.string().max(240),
});
export type AnswerFacts = z.infer<typeof AnswerFacts>;

const GRAM = 4;
const INVISIBLE = /[\s\p{C}\p{Z}\u115f\u1160\u2800\u3164\uffa0]/gu;

/** Counts of one answer. `tail` is cleaned by the caller's own rule. */
export function answerFacts(
  text: string,
  given: { readonly prompt: string | null; readonly tail: string },
): AnswerFacts {
  const words = wordsOf(text);
  const grams = gramsOf(words);
  const inPrompt = given.prompt === null ? null : new Set(gramsOf(wordsOf(given.prompt)));
  const share = (part: number): number | null =>
    grams.length === 0 ? null : Number((part / grams.length).toFixed(4));
  return {
    visibleChars: text.replace(INVISIBLE, '').length,
    words: words.length,
    oddWords: words.filter(isOddWord).length,
    distinctRatio: share(new Set(grams).size),
    echoRatio: inPrompt === null ? null : share(grams.filter((gram) => inPrompt.has(gram)).length),
    tail: given.tail,
  };
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function gramsOf(words: readonly string[]): readonly string[] {
  return words.slice(GRAM - 1).map((_, at) => words.slice(at, at + GRAM).join(' '));
}

const SCRIPTS = [
  'Latin',
  'Cyrillic',
  'Greek',
  'Han',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Hangul',
].map((script) => new RegExp(`\\p{Script=${script}}`, 'u'));
const PLAIN = /^[a-z]{1,5}$/;

/** A word that looks like none of any language written in letters. Source: own reasoning; code and names may, seldom. */
export function isOddWord(word: string): boolean {
  if (PLAIN.test(word)) return false;
  if (word.includes('\ufffd')) return true;
  const core = word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  return (
    SCRIPTS.filter((script) => script.test(core)).length > 1 ||
    /\p{Ll}\p{Lu}\p{Ll}*\p{Lu}/u.test(core) ||
    /\p{L}\p{N}+\p{L}/u.test(core) ||
    /[bcdfghjklmnpqrstvwxz]{6}/i.test(core) ||
    /\p{L}[^\p{L}\p{N}\s'’.,:/_\-–—()]{1,3}\p{L}/u.test(core)
  );
}
