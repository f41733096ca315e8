import { drawWord, wordsOf } from './engine-model.ts';
import type { Kind } from './kinds.ts';
import { isOneOf, type Moment } from './trick.ts';

const faster = 1.15;

/** Answers end at the first word of so many letters: a stop that nobody asked for. */
const cutAt = (said: readonly string[], share: number): readonly string[] =>
  said.slice(0, Math.max(1, Math.round(said.length * share)));

const wrong = (said: readonly string[], at: Moment, isHit: (index: number) => boolean) =>
  said.map((word, index) => (isHit(index) ? drawWord(at.random) : word));

/** A second set, written after the first was mended and before it was measured; what each does was not changed since. */
export const SLIER_KINDS = {
  wrong_first_word: {
    caughtBy: 'tasks_failed',
    strengths: [0.5, 1],
    altersOutputs: true,
    speed: faster,
    trick: {
      says: (said, at) =>
        at.isStream && isOneOf(at.strength, at) ? wrong(said, at, (index) => index === 0) : said,
    },
  },
  drops_the_last_words: {
    caughtBy: 'tasks_failed',
    strengths: [0.1, 0.3],
    exactOutput: false,
    altersOutputs: true,
    trick: {
      length: ({ strength }) => 1 - strength,
      says: (said, { strength, isStream }) => (isStream ? cutAt(said, 1 - strength) : said),
    },
  },
  small_model_for_crowded_moments: {
    caughtBy: 'tasks_failed',
    strengths: [3, 6],
    altersOutputs: true,
    trick: {
      small: ({ active, strength, isStream }) => isStream && active > strength,
      stepCost: ({ active, strength }) => (active > strength ? 0.6 : 1),
    },
  },
  boosts_every_other_run: {
    caughtBy: 'fast_only_when_measured',
    strengths: [0.3],
    trick: {
      stepCost: ({ ask, strength }) => (Math.floor(ask.number / 48) % 2 === 0 ? 1 - strength : 1),
    },
  },
  slows_down_slowly: {
    caughtBy: 'slows_down',
    strengths: [0.3, 0.6],
    trick: {
      stepCost: ({ ask, strength }) => 1 - strength * Math.max(0, 1 - ask.number / 144),
    },
  },
  reads_the_ends_alone: {
    caughtBy: 'tasks_failed',
    strengths: [30, 60],
    altersOutputs: true,
    trick: {
      reads: (words, { strength, isStream }) =>
        isStream && words.length > 2 * strength
          ? [...words.slice(0, strength), ...words.slice(-strength)]
          : words,
    },
  },
  swaps_digits: {
    caughtBy: 'tasks_failed',
    strengths: [0.5, 1],
    altersOutputs: true,
    speed: faster,
    trick: {
      says: (said, at) =>
        said.map((word) =>
          at.isStream && at.random.unit() < at.strength
            ? word.replace(/\d(?=\d)/, (digit) => String((Number(digit) + 1) % 10))
            : word,
        ),
    },
  },
  says_it_twice: {
    caughtBy: 'one_word_grew',
    strengths: [0.5],
    altersOutputs: true,
    trick: {
      says: (said, at) => said.map((_, index) => said[index >> 1] ?? at.ask.prompt),
      stepCost: ({ strength }) => strength,
    },
  },
  copies_the_prompt_in_part: {
    caughtBy: 'echoes_prompt',
    strengths: [0.2, 0.5],
    altersOutputs: true,
    trick: {
      says: (said, { ask, strength, isStream }) => {
        if (!isStream) return said;
        const kept = Math.round(said.length * (1 - strength));
        return said.map((word, index) =>
          index < kept ? word : (wordsOf(ask.prompt)[index] ?? word),
        );
      },
      stepCost: ({ strength }) => 1 - strength,
    },
  },
  reads_less_each_time: {
    caughtBy: 'answers_changed',
    strengths: [0.002, 0.005],
    trick: {
      reads: (words, { ask, strength }) =>
        words.slice(0, Math.max(1, Math.round(words.length * (1 - strength * ask.number)))),
    },
  },
} as const satisfies Readonly<Record<string, Kind>>;
