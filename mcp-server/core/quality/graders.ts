import { isRecord, parseJson } from '../parse.ts';
import type { CanaryAnswer } from './answer.ts';

/** True when the answer is right. Exact: no partial credit, no similarity. */
export type Grader = (answer: CanaryAnswer) => boolean;

/** The answer without what chat models wrap around it: code fences, quotes, a final full stop, case, repeated spaces. */
function normalise(text: string): string {
  return text
    .trim()
    .replace(/^```[a-z]*\s*|\s*```$/g, '')
    .replace(/^["'`*«“]+|["'`*»”]+$/g, '')
    .replace(/[.!]+$/, '')
    .replace(/^["'`*«“]+|["'`*»”]+$/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** The whole answer is this text, whatever the case of its letters. */
export const isText =
  (expected: string): Grader =>
  ({ text }) =>
    normalise(text).toLowerCase() === expected.toLowerCase();

/** The whole answer is this text, case included. */
export const isExactText =
  (expected: string): Grader =>
  ({ text }) =>
    normalise(text) === expected;

/** The last number of the answer is this one (digit groups `1,234` are read as one number). */
export const isLastNumber =
  (expected: number): Grader =>
  ({ text }) => {
    const numbers = text.replace(/(\d),(?=\d{3}\b)/g, '$1').match(/-?\d+(?:\.\d+)?/g);
    return numbers !== null && Number(numbers.at(-1)) === expected;
  };

/** The words of the answer, in order, are these; separators and list marks do not matter. */
export const isWordList =
  (expected: readonly string[]): Grader =>
  ({ text }) => {
    const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
    return words.join(' ') === expected.join(' ').toLowerCase();
  };

/** The numbers of the answer, in order, are these. */
export const isNumberList =
  (expected: readonly number[]): Grader =>
  ({ text }) =>
    (text.match(/\d+/g) ?? []).join(' ') === expected.join(' ');

/** The answer holds this word and is at most `maxWords` long. */
export const isShortWith =
  (word: string, maxWords: number): Grader =>
  ({ text }) => {
    const words = normalise(text)
      .toLowerCase()
      .split(/[^\p{L}\p{N}-]+/u)
      .filter((part) => part !== '');
    return words.length <= maxWords && words.includes(word.toLowerCase());
  };

/** The answer is JSON (a code fence is allowed) equal to this value; the order of keys does not matter. */
export const isJson =
  (expected: unknown): Grader =>
  ({ text }) =>
    sortedJson(parseJson(unfenced(text))) === sortedJson(expected);

const unfenced = (text: string): string => text.trim().replace(/^```[a-z]*\s*|\s*```$/gi, '');

/** True for JSON, in a code fence or not. */
export function isJsonText(text: string): boolean {
  return parseJson(unfenced(text)) !== undefined;
}

/** Exactly one call of this tool, with these arguments. */
export const isToolCall =
  (name: string, expected: Readonly<Record<string, unknown>>): Grader =>
  ({ toolCalls }) => {
    const [call, ...more] = toolCalls;
    if (call === undefined || more.length > 0 || call.name !== name) return false;
    return sortedJson(parseJson(call.arguments)) === sortedJson(expected);
  };

/** These numbers were written, then the stop string cut the answer: it is not there and the reason is `stop`. */
export const isStoppedBefore =
  (stop: string, expected: readonly number[]): Grader =>
  (answer) =>
    answer.finishReason === 'stop' && !answer.text.includes(stop) && isNumberList(expected)(answer);

function sortedJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part)
      ? Object.fromEntries(
          Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)),
        )
      : part,
  );
}
