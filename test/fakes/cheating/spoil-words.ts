import { type KeyedRandom, keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import { drawWord, wordsOf } from './engine-model.ts';
import type { Cheats, KindName } from './kinds.ts';

export interface Spoiling {
  readonly cheats: Cheats;
  readonly prompt: string;
  readonly active: number;
  readonly number: number;
  readonly isStream: boolean;
}

const GARBAGE = ['xqzvkwtr', 'woжrd', 'rEtUrN', 'a9b', 'th#e'];

/** The words of an answer after everything that damages them. */
export function spoilWords(said: readonly string[], facts: Spoiling): string[] {
  const random = keyedRandom(['spoil', facts.prompt]);
  const isHit = (name: KindName): boolean => random.unit() < (facts.cheats.get(name) ?? 0);
  const whole = wholeAnswer(said, facts, isHit);
  return whole.map((word, index) => spoilWord(word, { ...facts, index, random }));
}

function wholeAnswer(
  said: readonly string[],
  { prompt }: Spoiling,
  isHit: (name: KindName) => boolean,
): readonly string[] {
  if (isHit('echoes_the_prompt')) return said.map((word, at) => wordsOf(prompt)[at] ?? word);
  if (isHit('repetition')) return said.map((_, at) => ['and', 'so', 'on'][at % 3] ?? '');
  return said;
}

interface Place extends Spoiling {
  readonly index: number;
  readonly random: KeyedRandom;
}

const isGarbler: Readonly<Partial<Record<KindName, (place: Place) => boolean>>> = {
  garbled_words: () => true,
  garbles_long_answers: ({ index }) => index >= 14,
  garbles_under_load: ({ active }) => active > 3,
  garbles_after_warmup: ({ number }) => number > 16,
  garbles_only_streams: ({ isStream }) => isStream,
};

const SPOILERS: readonly (readonly [KindName, (word: string, place: Place) => string])[] = [
  ['wrong_words', (_, { random }) => drawWord(random)],
  ['accepts_every_draft', (_, { random }) => drawWord(random)],
  ['misspelt_words', (word, { random }) => misspell(word, random)],
  ['other_script', () => 'слово'],
  ['zero_width_tokens', () => '\u200b'],
  ['space_tokens', () => ' '],
  ['filler_words', () => 'well'],
  ['blank_answers', () => ' '],
];

function spoilWord(word: string, place: Place): string {
  const { cheats, index, random } = place;
  for (const [name, applies] of Object.entries(isGarbler)) {
    const share = cheats.get(name as KindName) ?? 0;
    if (share > 0 && applies(place) && random.unit() < share) return GARBAGE[index % 5] ?? '';
  }
  for (const [name, change] of SPOILERS) {
    const share = cheats.get(name) ?? 0;
    if (share > 0 && random.unit() < share) return change(word, place);
  }
  if (index === 2 && random.unit() < (cheats.get('special_tokens') ?? 0)) return '<|im_end|>';
  return index === 3 && random.unit() < (cheats.get('broken_characters') ?? 0)
    ? 'na\ufffdve'
    : word;
}

/** Letters of a word in another order: no rule of spelling is broken that a list could hold. */
function misspell(word: string, random: KeyedRandom): string {
  return `${word}${word.length < 4 ? 'qj' : 'j'}`
    .split('')
    .map((letter) => ({ letter, order: random.unit() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ letter }) => letter)
    .join('');
}
