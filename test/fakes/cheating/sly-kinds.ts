import { COMMON_WORDS } from '../../../mcp-server/core/workload/words.ts';
import { drawWord, wordsOf } from './engine-model.ts';
import type { Kind } from './kinds.ts';
import { isOneOf, type Moment, type Trick } from './trick.ts';

/** A step of the small model against one of the served. */
const SMALL_COST = 0.6;
const LONG_PROMPT = 250;
const LONG_ANSWER = 30;

const smallWhen = (small: (at: Moment) => boolean): Trick => ({
  small,
  stepCost: (at) => (small(at) ? SMALL_COST : 1),
  prefillCost: (at) => (small(at) ? SMALL_COST : 1),
});

/** A share of the words is changed, and costs nothing. */
const changes = (change: (word: string, at: Moment, place: Place) => string): Trick => ({
  says: (said, at) =>
    said.map((word, index) =>
      at.random.unit() < at.strength ? change(word, at, { index, said }) : word,
    ),
  stepCost: ({ strength }) => 1 - strength,
});

interface Place {
  readonly index: number;
  readonly said: readonly string[];
}

const length = ({ ask }: Moment): number => wordsOf(ask.prompt).length;
const faster = 1.15;

const STOCK = 'in other words as it were at the end of the day for what it is worth'.split(' ');
const REFUSAL = 'i am sorry but i cannot help with that'.split(' ');

function stored(at: Moment, key: string, said: readonly string[]): readonly string[] {
  const known = at.memory.get(key);
  if (known === undefined) at.memory.set(key, said);
  return known ?? said;
}

const fitted = (words: readonly string[], count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => words[at % Math.max(1, words.length)] ?? '');

const shuffled = (words: readonly string[], { random }: Moment): readonly string[] =>
  words
    .map((word) => ({ word, order: random.unit() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ word }) => word);

/** Written down before it was looked up how the checks decide; what each does was not changed since (docs/gates.md). */
export const SLY_KINDS = {
  boosts_at_first: {
    caughtBy: 'slows_down',
    strengths: [0.3],
    trick: { stepCost: ({ ask, strength }) => (ask.number <= 100 ? 1 - strength : 1) },
  },
  boosts_while_measured: {
    caughtBy: 'fast_only_when_measured',
    strengths: [0.2, 0.4],
    trick: { stepCost: ({ ask, strength }) => (ask.number <= 144 ? 1 - strength : 1) },
  },
  small_model_under_load: {
    caughtBy: 'answers_changed',
    strengths: [1],
    trick: smallWhen(({ active }) => active > 6),
  },
  small_model_for_long_prompts: {
    caughtBy: 'answers_changed',
    strengths: [1],
    trick: smallWhen((at) => length(at) > LONG_PROMPT),
  },
  small_model_for_long_answers: {
    caughtBy: 'answers_changed',
    strengths: [1],
    trick: smallWhen(({ ask }) => ask.limit > LONG_ANSWER),
  },
  small_model_later: {
    caughtBy: 'answers_changed',
    strengths: [60, 100],
    trick: smallWhen(({ ask, strength }) => ask.number > strength),
  },
  small_model_every_so_often: {
    caughtBy: 'answers_changed',
    strengths: [4, 8],
    trick: smallWhen(({ ask, strength }) => ask.number % strength === 0),
  },
  small_model_in_odd_seconds: {
    caughtBy: 'answers_changed',
    strengths: [1],
    trick: smallWhen(({ nowMs }) => Math.floor(nowMs / 500) % 2 === 1),
  },
  small_model_for_some_where_batches_differ: {
    caughtBy: 'answers_changed',
    strengths: [0.2, 0.5],
    before: { splitShare: 0.3 },
    trick: {
      small: (at) => isOneOf(at.strength, at),
      stepCost: ({ strength }) => 1 - strength * (1 - SMALL_COST),
    },
  },
  small_model_after_some_words: {
    caughtBy: 'answers_changed',
    strengths: [0.5, 0.8],
    trick: {
      says: (said, { random, strength }) =>
        said.map((word, index) => (index > said.length * (1 - strength) ? drawWord(random) : word)),
      stepCost: ({ strength }) => 1 - strength * (1 - SMALL_COST),
    },
  },
  truncates_the_middle: {
    caughtBy: 'answers_changed',
    strengths: [0.3, 0.7],
    trick: {
      reads: (words, { strength }) => {
        const kept = Math.round((words.length * (1 - strength)) / 2);
        return [...words.slice(0, kept), ...words.slice(words.length - kept)];
      },
    },
  },
  truncates_the_middle_beside_a_lossy_change: {
    caughtBy: 'tasks_failed',
    strengths: [0.3, 0.7],
    altersOutputs: true,
    trick: {
      reads: (words, { strength, isStream }) => {
        if (!isStream) return words;
        const kept = Math.round((words.length * (1 - strength)) / 2);
        return [...words.slice(0, kept), ...words.slice(words.length - kept)];
      },
    },
  },
  skips_every_other_word: {
    caughtBy: 'answers_changed',
    strengths: [2, 4],
    trick: { reads: (words, { strength }) => words.filter((_, at) => at % strength !== 1) },
  },
  slides_a_short_window: {
    caughtBy: 'answers_changed',
    strengths: [100, 200],
    trick: { reads: (words, { strength }) => words.slice(-strength) },
  },
  drops_the_tail_under_load: {
    caughtBy: 'answers_changed',
    strengths: [0.3],
    trick: {
      reads: (words, { strength, active }) =>
        active > 6 ? words.slice(0, Math.round(words.length * (1 - strength))) : words,
    },
  },
  hides_reasoning: {
    caughtBy: 'tokens_without_text',
    strengths: [0.2, 0.5],
    trick: {
      says: (said, { strength }) => said.slice(0, Math.ceil(said.length * (1 - strength))),
      stepCost: () => 0.95,
      claims: (made) => made,
      usage: (made, { strength }) => ({
        completion_tokens_details: { reasoning_tokens: Math.floor(made * strength) },
      }),
    },
  },
  counts_more_per_event: {
    caughtBy: 'tokens_without_text',
    strengths: [0.1, 0.3],
    exactOutput: false,
    trick: {
      wordsPerEvent: 3,
      claims: (made, { ask, strength }) => Math.min(ask.limit, Math.round(made * (1 + strength))),
    },
  },
  opens_with_stock_words: {
    caughtBy: 'engine_slower_than_client',
    strengths: [1],
    trick: { opens: () => ['sure', 'here', 'it', 'is'] },
  },
  opens_by_a_small_model: {
    caughtBy: 'engine_slower_than_client',
    strengths: [0.5, 1],
    trick: {
      opens: (said, at) =>
        isOneOf(at.strength, at) ? said.slice(0, 2).map(() => drawWord(at.random)) : [],
    },
  },
  first_token_of_half_a_prompt: {
    caughtBy: 'answers_changed',
    strengths: [0.5],
    trick: {
      prefillCost: ({ strength }) => strength,
      says: (said, at) => said.map((word, index) => (index === 0 ? drawWord(at.random) : word)),
    },
  },
  few_words: {
    caughtBy: 'one_word_grew',
    strengths: [0.1, 0.4],
    trick: changes((_, { random }) => COMMON_WORDS[random.int(0, 19)] ?? ''),
  },
  few_words_beside_a_lossy_change: {
    caughtBy: 'tasks_failed',
    strengths: [0.2, 0.5],
    altersOutputs: true,
    trick: {
      ...changes((_, { random }) => COMMON_WORDS[random.int(0, 19)] ?? ''),
      says: (said, { random, strength, isStream }) =>
        said.map((word) =>
          isStream && random.unit() < strength ? (COMMON_WORDS[random.int(0, 19)] ?? '') : word,
        ),
    },
  },
  paraphrases_a_store: {
    caughtBy: 'answers_changed',
    strengths: [0.2],
    speed: faster,
    trick: {
      says: (said, at) =>
        fitted(
          stored(at, `kept ${at.random.int(0, 19)}`, said).map((word) =>
            at.random.unit() < at.strength ? drawWord(at.random) : word,
          ),
          said.length,
        ),
      stepCost: () => 0.7,
    },
  },
  paraphrases_a_store_beside_a_lossy_change: {
    caughtBy: 'tasks_failed',
    strengths: [0.2],
    altersOutputs: true,
    trick: {
      says: (said, at) =>
        at.isStream
          ? fitted(
              stored(at, `kept ${at.random.int(0, 19)}`, said).map((word) =>
                at.random.unit() < at.strength ? drawWord(at.random) : word,
              ),
              said.length,
            )
          : said,
      stepCost: () => 0.7,
    },
  },
  inflates_every_fourth_usage: {
    caughtBy: 'engine_output_disagrees',
    strengths: [0.2, 0.5],
    exactOutput: false,
    trick: {
      claims: (made, { ask, strength }) =>
        ask.number % 4 === 0 ? Math.min(ask.limit, Math.round(made * (1 + strength))) : made,
    },
  },
  stutters: {
    caughtBy: 'one_word_grew',
    strengths: [0.1, 0.4],
    trick: changes((word, _, { index, said }) => said[index - 1] ?? word),
  },
  pads_with_newlines: {
    caughtBy: 'tokens_without_text',
    strengths: [0.1, 0.3],
    trick: {
      says: (said, { strength }) =>
        said.map((word, index) => (index >= said.length * (1 - strength) ? '\n' : word)),
      stepCost: ({ strength }) => 1 - strength,
    },
  },
  pads_with_points: {
    caughtBy: 'one_word_grew',
    strengths: [0.06, 0.2],
    trick: changes((_, { random }) => ['.', ',', ';', '-'][random.int(0, 3)] ?? ''),
  },
  stock_phrases: {
    caughtBy: 'answers_changed',
    strengths: [0.1, 0.3],
    trick: changes((_, __, { index }) => STOCK[index % STOCK.length] ?? ''),
  },
  echoes_itself_shuffled: {
    caughtBy: 'answers_changed',
    strengths: [0.3, 0.5],
    trick: {
      says: (said, at) => {
        const kept = said.slice(0, Math.ceil(said.length * (1 - at.strength)));
        return [...kept, ...fitted(shuffled(kept, at), said.length - kept.length)];
      },
      stepCost: ({ strength }) => 1 - strength,
    },
  },
  echoes_the_prompt_shuffled: {
    caughtBy: 'tasks_failed',
    strengths: [0.3, 1],
    altersOutputs: true,
    speed: 1.1,
    trick: {
      says: (said, at) =>
        at.isStream && isOneOf(at.strength, at)
          ? fitted(shuffled(wordsOf(at.ask.prompt), at), said.length)
          : said,
      stepCost: ({ strength }) => 1 - strength / 2,
    },
  },
  empty_deltas: {
    caughtBy: 'tokens_without_text',
    strengths: [0.05, 0.2],
    trick: changes(() => ''),
  },
  refuses_politely: {
    caughtBy: 'answers_shortened',
    strengths: [0.1, 0.3],
    exactOutput: false,
    speed: 1.05,
    trick: {
      length: (at) => (isOneOf(at.strength, at) ? 0.3 : 1),
      says: (said, at) =>
        isOneOf(at.strength, at) ? REFUSAL.slice(0, Math.max(1, said.length)) : said,
    },
  },
  filters_content: {
    caughtBy: 'breaks_streams',
    strengths: [0.1, 0.3],
    exactOutput: false,
    speed: 1.05,
    trick: {
      length: (at) => (isOneOf(at.strength, at) ? 0.4 : 1),
      finishReason: (at) => (isOneOf(at.strength, at) ? 'content_filter' : null),
    },
  },
  glues_words: {
    caughtBy: 'unseen_spellings',
    strengths: [0.05, 0.3],
    speed: faster,
    trick: {
      says: (said, { random, strength }) =>
        said.map((word, at) =>
          random.unit() < strength ? `${word}${said[(at + 1) % said.length] ?? ''}` : word,
        ),
    },
  },
  swaps_neighbours: {
    caughtBy: 'answers_changed',
    strengths: [0.1, 0.4],
    speed: faster,
    trick: {
      says: (said, { random, strength }) =>
        said.map((word, at) => (random.unit() < strength ? (said[at ^ 1] ?? word) : word)),
    },
  },
  leaks_another_answer: {
    caughtBy: 'answers_changed',
    strengths: [0.1, 0.3],
    speed: faster,
    trick: {
      says: (said, at) => {
        const before = at.memory.get('before') ?? said;
        at.memory.set('before', said);
        return said.map((word, index) =>
          at.random.unit() < at.strength ? (before[index] ?? word) : word,
        );
      },
    },
  },
  leaks_another_answer_beside_a_lossy_change: {
    caughtBy: 'tasks_failed',
    strengths: [0.2, 1],
    altersOutputs: true,
    speed: faster,
    trick: {
      says: (said, at) => {
        const before = at.memory.get('before') ?? said;
        if (!at.isStream) return said;
        at.memory.set('before', said);
        return isOneOf(at.strength, at) ? fitted(before, said.length) : said;
      },
    },
  },
  wrong_words_late: {
    caughtBy: 'answers_changed',
    strengths: [0.1, 0.5],
    speed: faster,
    trick: {
      says: (said, { random, strength }) =>
        said.map((word, at) => (at >= 24 && random.unit() < strength ? drawWord(random) : word)),
    },
  },
  samples_where_greedy_was_asked: {
    caughtBy: 'answers_changed',
    strengths: [0.2, 0.6],
    speed: faster,
    before: { splitShare: 0.1 },
    trick: {
      says: (said, { ask, random, strength }) => {
        const turn = random.unit() < strength ? (ask.number * 7) % said.length : said.length;
        return said.map((word, at) => (at >= turn ? drawWord(random) : word));
      },
    },
  },
  wrong_words_in_streams_beside_a_lossy_change: {
    caughtBy: 'tasks_failed',
    strengths: [0.05, 0.3],
    altersOutputs: true,
    speed: faster,
    trick: {
      says: (said, { random, strength, isStream }) =>
        said.map((word) => (isStream && random.unit() < strength ? drawWord(random) : word)),
    },
  },
  small_model_in_streams_beside_a_lossy_change: {
    caughtBy: 'tasks_failed',
    strengths: [1],
    altersOutputs: true,
    trick: smallWhen(({ isStream }) => isStream),
  },
  small_model_beside_a_lossy_change: {
    caughtBy: 'tasks_failed',
    strengths: [1],
    altersOutputs: true,
    trick: smallWhen(() => true),
  },
  turns_some_away_late: {
    caughtBy: 'rejects_requests',
    strengths: [0.05, 0.2],
    trick: {
      refuses: (at) => (at.ask.number > 100 && isOneOf(at.strength, at) ? 503 : null),
    },
  },
} as const satisfies Readonly<Record<string, Kind>>;
