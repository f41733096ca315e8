import { createDraw, type Draw } from './draw.ts';
import {
  type Grader,
  isExactText,
  isJson,
  isLastNumber,
  isNumberList,
  isShortWith,
  isStoppedBefore,
  isText,
  isToolCall,
  isWordList,
} from './graders.ts';
import { CITIES, FILLER_SENTENCES, NAMES, WORDS } from './word-lists.ts';

/** One small question with one right answer. Every fact that the answer needs stands in the prompt, except two. */
export interface Canary {
  readonly id: string;
  readonly prompt: string;
  /** Parts of the request beside messages, model and temperature: `max_tokens`, `stop`, `tools`. */
  readonly body: Readonly<Record<string, unknown>>;
  /** A right answer as a person would write it; for a tool call its arguments as JSON. */
  readonly expected: string;
  readonly grade: Grader;
}

type Recipe = (draw: Draw) => Omit<Canary, 'id' | 'body'> & { readonly body?: Canary['body'] };

/** Room for an answer. Source: own reasoning; the longest right answer has about 30 tokens. */
const MAX_TOKENS = 96;

const WEATHER_TOOL = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather of a city.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
} as const;

const code = (draw: Draw): string =>
  Array.from({ length: 8 }, () => 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'[draw.integer(0, 31)]).join('');

const distinctNumbers = (draw: Draw, count: number): readonly number[] =>
  draw.sample(
    Array.from({ length: 90 }, (_, index) => index + 10),
    count,
  );

const numberAnswer = (prompt: string, result: number): ReturnType<Recipe> => ({
  prompt: `${prompt} Answer with the number only.`,
  expected: String(result),
  grade: isLastNumber(result),
});

const textAnswer = (prompt: string, expected: string): ReturnType<Recipe> => ({
  prompt,
  expected,
  grade: isExactText(expected),
});

const wordsAnswer = (prompt: string, words: readonly string[]): ReturnType<Recipe> => ({
  prompt: `${prompt} Write only the words, separated by commas.`,
  expected: words.join(', '),
  grade: isWordList(words),
});

function needle(draw: Draw): ReturnType<Recipe> {
  const secret = code(draw);
  const sentences: string[] = [...draw.sample(FILLER_SENTENCES, FILLER_SENTENCES.length)];
  sentences.splice(draw.integer(5, sentences.length - 5), 0, `The access code is ${secret}.`);
  return textAnswer(
    `Read the text and answer the question.\nText: ${sentences.join(' ')}\nQuestion: What is the access code? Answer with the code only.`,
    secret,
  );
}

function keyValue(draw: Draw): ReturnType<Recipe> {
  const keys = draw.sample(WORDS, 12);
  const values = distinctNumbers(draw, 12);
  const asked = draw.integer(0, 11);
  const table = keys.map((key, index) => `${key} = ${values[index]}`).join('\n');
  return numberAnswer(
    `Here is a table:\n${table}\nWhich value belongs to the key ${keys[asked]}?`,
    values[asked] ?? 0,
  );
}

function jsonObject(draw: Draw): ReturnType<Recipe> {
  const person = { name: draw.pick(NAMES), age: draw.integer(20, 80), city: draw.pick(CITIES) };
  return {
    prompt: `Write a JSON object with the keys "name", "age" and "city" for this person: ${person.name} is ${person.age} years old and lives in ${person.city}. Write only the JSON; the age is a number.`,
    expected: JSON.stringify(person),
    grade: isJson(person),
  };
}

function jsonArray(draw: Draw): ReturnType<Recipe> {
  const words = draw.sample(WORDS, 4);
  return {
    prompt: `Write these words as a JSON array of strings, in the same order: ${words.join(', ')}. Write only the JSON.`,
    expected: JSON.stringify(words),
    grade: isJson(words),
  };
}

function toolCall(draw: Draw): ReturnType<Recipe> {
  const city = draw.pick(CITIES);
  return {
    prompt: `What is the weather in ${city} now? Use the tool get_weather.`,
    body: { tools: [WEATHER_TOOL], tool_choice: 'auto' },
    expected: JSON.stringify({ city }),
    grade: isToolCall('get_weather', { city }),
  };
}

function stopString(draw: Draw): ReturnType<Recipe> {
  const stop = draw.integer(6, 9);
  const before = Array.from({ length: stop - 1 }, (_, index) => index + 1);
  return {
    prompt: 'Count from 1 to 9. Write only the numbers, separated by commas and spaces.',
    body: { stop: [String(stop)] },
    expected: `${before.join(', ')}, `,
    grade: isStoppedBefore(String(stop), before),
  };
}

function arithmetic(draw: Draw, sign: '+' | '-' | '*'): ReturnType<Recipe> {
  const left = draw.integer(sign === '*' ? 11 : 40, sign === '*' ? 19 : 89);
  const right = draw.integer(sign === '*' ? 3 : 11, sign === '*' ? 9 : 39);
  const result = { '+': left + right, '-': left - right, '*': left * right }[sign];
  return numberAnswer(`What is ${left} ${sign} ${right}?`, result);
}

const listed = (draw: Draw, count: number): { words: readonly string[]; text: string } => {
  const words = draw.sample(WORDS, count);
  return { words, text: words.join(', ') };
};

/** The twenty recipes. Source: docs/quality.md, tier 0 (what a canary set covers); the prompts are our own. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  'copy-words': (draw) => {
    const text = draw.sample(WORDS, 6).join(' ');
    return textAnswer(`Copy this text exactly and write nothing else: ${text}`, text);
  },
  'copy-code': (draw) => {
    const text = code(draw);
    return textAnswer(`Copy this code exactly and write nothing else: ${text}`, text);
  },
  'arithmetic-add': (draw) => arithmetic(draw, '+'),
  'arithmetic-subtract': (draw) => arithmetic(draw, '-'),
  'arithmetic-multiply': (draw) => arithmetic(draw, '*'),
  'json-object': jsonObject,
  'json-array': jsonArray,
  'tool-call': toolCall,
  'stop-string': stopString,
  needle,
  'key-value': keyValue,
  'german-capital': () => ({
    prompt: 'Wie heißt die Hauptstadt von Frankreich? Antworte mit einem Wort.',
    expected: 'Paris',
    grade: isShortWith('Paris', 8),
  }),
  'spanish-opposite': () => ({
    prompt: '¿Cuál es el antónimo de «frío»? Responde con una sola palabra.',
    expected: 'Caliente',
    grade: ({ text, ...rest }) =>
      ['caliente', 'calor', 'cálido'].some((word) => isShortWith(word, 8)({ text, ...rest })),
  }),
  'count-items': (draw) => {
    const { words, text } = listed(draw, draw.integer(4, 7));
    return numberAnswer(`How many words are in this list: ${text}?`, words.length);
  },
  'sort-numbers': (draw) => {
    const numbers = distinctNumbers(draw, 5);
    const sorted = numbers.toSorted((left, right) => left - right);
    return {
      prompt: `Sort these numbers from smallest to largest: ${numbers.join(', ')}. Write only the numbers, separated by commas.`,
      expected: sorted.join(', '),
      grade: isNumberList(sorted),
    };
  },
  'sort-words': (draw) => {
    const { words, text } = listed(draw, 4);
    return wordsAnswer(`Sort these words alphabetically: ${text}.`, words.toSorted());
  },
  'reverse-list': (draw) => {
    const { words, text } = listed(draw, 4);
    return wordsAnswer(`Write these words in reverse order: ${text}.`, words.toReversed());
  },
  'upper-case': (draw) => {
    const [word = ''] = draw.sample(WORDS, 1);
    return textAnswer(
      `Write this word in capital letters and write nothing else: ${word}`,
      word.toUpperCase(),
    );
  },
  'larger-number': (draw) => {
    const [left = 0, right = 0] = distinctNumbers(draw, 2);
    return numberAnswer(`Which number is larger, ${left} or ${right}?`, Math.max(left, right));
  },
  'last-word': (draw) => {
    const { words, text } = listed(draw, 5);
    const last = words.at(-1) ?? '';
    return {
      prompt: `What is the last word of this list: ${text}? Answer with the word only.`,
      expected: last,
      grade: isText(last),
    };
  },
};

/** The twenty canaries of a seed. Each draws from its own stream, so that a change of one leaves the others alone. */
export function buildCanaries(seed: number): readonly Canary[] {
  return Object.entries(RECIPES).map(([id, recipe], index) => {
    const made = recipe(createDraw(seed * 100 + index));
    return { id, ...made, body: { max_tokens: MAX_TOKENS, ...made.body } };
  });
}
