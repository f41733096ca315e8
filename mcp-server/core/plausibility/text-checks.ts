import { percent } from '../percent.ts';
import { isOddWord } from '../quality/answer-facts.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type Check, type Facts, type Fault, found } from './input.ts';

/** Share of words that look like no word, above what the honest run had. Source: own reasoning; half of the least fault asked for, 1 %. */
const MAX_ODD = 0.005;
/** Standard errors by which it must be above. Source: normal table, one-sided 0.1 %. */
const Z = 3.1;
const MIN_SHARE = 0.05;
/** A loop repeats one period of at most so many words to the end of the sample. Source: docs/load.md. */
const MAX_PERIOD = 20;
const MIN_ROUNDS = 3;

/** What can be read off the answers themselves. */
export const outputHealth: Check = (facts) => [
  ...found(0, 'garbled_words', whyGarbled(facts)),
  ...found(
    0,
    'blank_answers',
    whyShare(facts, 'show nothing', (text) => text.trim() === ''),
  ),
  ...found(0, 'repetition', whyShare(facts, 'repeat themselves', isLoop)),
  ...found(
    0,
    'special_tokens',
    whyShare(facts, 'show the model’s own marks', (text) =>
      /<\|[^|]{1,40}\|>|<\/?s>|\[\/?INST\]/.test(text),
    ),
  ),
  ...found(
    0,
    'replacement_characters',
    whyShare(facts, 'hold broken characters', (text) => text.slice(0, -1).includes('\ufffd')),
  ),
];

function whyShare({ valid }: Facts, what: string, isBad: (text: string) => boolean): Fault | null {
  const told = valid.filter((record) => (record.textChars ?? 0) > 0);
  const bad = told.filter((record) => isBad(record.textSample));
  if (told.length === 0 || bad.length / told.length <= MIN_SHARE) return null;
  const size = bad.length / told.length;
  return { size, detail: `${percent(size)} of the answers ${what}` };
}

function isLoop(text: string): boolean {
  const words = text.split(/\s+/).filter((word) => word !== '');
  for (let period = 1; period <= MAX_PERIOD && words.length >= period * MIN_ROUNDS; period += 1) {
    const tail = words.slice(words.length - 1 - period * MIN_ROUNDS, -1);
    const repeats = tail.every((word, place) => place < period || word === tail[place - period]);
    if (repeats && tail.length === period * MIN_ROUNDS && (period > 2 || words.length > 12)) {
      return isLongLoop(words, period);
    }
  }
  return false;
}

/** The loop must fill at least half of what is seen. */
function isLongLoop(words: readonly string[], period: number): boolean {
  let length = period;
  for (let at = words.length - 2 - period; at >= 0; at -= 1) {
    if (words[at] !== words[at + period]) break;
    length += 1;
  }
  return length >= words.length / 2;
}

/** Words of the samples that look like no word of any language written in letters. */
export function countOddWords(records: readonly RequestRecord[]): {
  readonly odd: number;
  readonly all: number;
} {
  let odd = 0;
  let all = 0;
  for (const { textSample, answer } of records) {
    if (answer !== undefined) {
      all += answer.words;
      odd += answer.oddWords;
      continue;
    }
    // the last word of a sample may be cut
    for (const word of textSample.trim().split(/\s+/).slice(0, -1)) {
      all += 1;
      if (isOddWord(word)) odd += 1;
    }
  }
  return { odd, all };
}

function whyGarbled({ valid, reference }: Facts): Fault | null {
  const { odd, all } = countOddWords(valid);
  if (all === 0) return null;
  const before = reference?.oddWords ?? { odd: 0, all: 0 };
  const base = before.all === 0 ? 0 : before.odd / before.all;
  const share = odd / all;
  const spread = Math.sqrt((Math.max(base, MAX_ODD) * (1 - MAX_ODD)) / all);
  if (share - base <= Math.max(MAX_ODD, Z * spread)) return null;
  const detail = `${percent(share)} of ${all} words look like no word, ${percent(base)} before`;
  return { size: share, detail };
}
