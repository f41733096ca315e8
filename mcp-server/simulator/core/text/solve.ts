/** What the text front of a chat or completion hands to the solvers. */
export interface Question {
  /** Last user message, or the prompt. */
  readonly last: string;
  /** The whole conversation as text. */
  readonly all: string;
}

type Solver = (question: Question) => string | null;

const trimQuotes = (text: string): string => text.trim().replace(/^["'“`]|["'”`]$/g, '');

/** Items of a list that stands after a colon, up to the end of the sentence. */
function listAfterColon(text: string): string[] {
  const list = /:\s*([^:]+?)(?:[.?]\s|[.?]?$)/.exec(text)?.[1] ?? '';
  return list
    .split(',')
    .map((item) => trimQuotes(item))
    .filter((item) => item !== '');
}

const repeat: Solver = ({ last }) => {
  const found = /^\W*(?:please )?(?:repeat|copy|echo)\b[^:\n]{0,80}:\s*([\s\S]+)$/i.exec(last);
  return found === null ? null : trimQuotes(found[1] ?? '');
};

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  plus: (a, b) => a + b,
  '-': (a, b) => a - b,
  '−': (a, b) => a - b,
  minus: (a, b) => a - b,
  '*': (a, b) => a * b,
  x: (a, b) => a * b,
  '×': (a, b) => a * b,
  times: (a, b) => a * b,
  'multiplied by': (a, b) => a * b,
};

const arithmetic: Solver = ({ last }) => {
  const found =
    /(?:what is|calculate|compute|how much is)\s+(-?\d+)\s*(\+|-|−|\*|×|x|plus|minus|times|multiplied by)\s*(-?\d+)/i.exec(
      last,
    );
  if (found === null) return null;
  const operation = OPERATIONS[(found[2] ?? '').toLowerCase()];
  return operation === undefined ? null : String(operation(Number(found[1]), Number(found[3])));
};

const asksForJson = (text: string): boolean => /\bJSON\b/.test(text);

const jsonEcho: Solver = ({ last }) => {
  const found = asksForJson(last) ? /\{\s*"[\s\S]*\}/.exec(last) : null;
  return found === null ? null : found[0];
};

const jsonArray: Solver = ({ last }) =>
  asksForJson(last) && /array/i.test(last) ? JSON.stringify(listAfterColon(last)) : null;

const jsonPerson: Solver = ({ last }) => {
  if (!asksForJson(last)) return null;
  const found = /(\p{Lu}\p{L}+) is (\d+) years old and lives in (\p{Lu}\p{L}+)/u.exec(last);
  if (found === null) return null;
  return JSON.stringify({ name: found[1], age: Number(found[2]), city: found[3] });
};

const needle: Solver = ({ last, all }) => {
  const asked = /what is the ((?:[a-z]+ ){0,3}(?:code|password|number|word|key|phrase))\b/i.exec(
    last,
  );
  if (asked === null) return null;
  const name = (asked[1] ?? '').replace(/[.*+?^${}()|[\]\\]/g, '');
  const found = new RegExp(
    `\\bthe ${name} (?:[a-z]+ ){0,3}is:?\\s+["'\`]?([A-Za-z0-9][\\w-]*)`,
    'i',
  ).exec(all);
  return found?.[1] ?? null;
};

const tableValue: Solver = ({ last, all }) => {
  const key = /\bkey ["'`]?([\w-]+)["'`]?\??/.exec(last)?.[1];
  if (key === undefined) return null;
  return new RegExp(`^${key}\\s*[=:]\\s*(.+)$`, 'm').exec(all)?.[1]?.trim() ?? null;
};

const count: Solver = ({ last }) => {
  const found = /count from (-?\d+) (?:up )?to (-?\d+)/i.exec(last);
  if (found === null) return null;
  const from = Number(found[1]);
  const length = Number(found[2]) - from + 1;
  if (length < 1 || length > 2000) return null;
  return Array.from({ length }, (_, index) => from + index).join(', ');
};

const itemsOfNumbers = (text: string): number[] =>
  listAfterColon(text).map(Number).filter(Number.isFinite);

function sortItems(question: string, items: readonly string[]): string {
  if (/alphabet/i.test(question)) return items.toSorted().join(', ');
  const sorted = itemsOfNumbers(question).toSorted((a, b) => a - b);
  const isFalling = /largest to smallest|descending/i.test(question);
  return (isFalling ? sorted.toReversed() : sorted).join(', ');
}

type ListTask = readonly [
  asks: RegExp,
  answer: (items: readonly string[], question: string) => string,
];

const LIST_TASKS: readonly ListTask[] = [
  [/^how many (words|items|numbers)/i, (items) => String(items.length)],
  [/last (word|item)/i, (items) => items[items.length - 1] ?? ''],
  [/first (word|item)/i, (items) => items[0] ?? ''],
  [/reverse order/i, (items) => items.toReversed().join(', ')],
  [/\bsort\b/i, (items, question) => sortItems(question, items)],
];

const listQuestion: Solver = ({ last }) => {
  const items = listAfterColon(last);
  if (items.length < 2) return null;
  const task = LIST_TASKS.find(([asks]) => asks.test(last));
  return task === undefined ? null : task[1](items, last);
};

const capitals: Solver = ({ last }) => {
  const found = /in (capital|lower.?case|small) letters[^:]*:\s*([\s\S]+)$/i.exec(last);
  if (found === null) return null;
  const word = trimQuotes(found[2] ?? '');
  return /capital/i.test(found[1] ?? '') ? word.toUpperCase() : word.toLowerCase();
};

const compare: Solver = ({ last }) => {
  const found = /which number is (larger|greater|bigger|smaller)[^-\d]*(-?\d+) or (-?\d+)/i.exec(
    last,
  );
  if (found === null) return null;
  const pair = [Number(found[2]), Number(found[3])];
  return String(/smaller/i.test(found[1] ?? '') ? Math.min(...pair) : Math.max(...pair));
};

/** What a model knows without being told. */
const FACTS: readonly (readonly [RegExp, string])[] = [
  [
    /hauptstadt von frankreich|capital of france|capital de francia|capitale de la france/i,
    'Paris',
  ],
  [/hauptstadt von deutschland|capital of germany/i, 'Berlin'],
  [/ant[oó]nimo de .?fr[ií]o/i, 'Caliente'],
  [/capital of japan/i, 'Tokyo'],
  [/capital of italy/i, 'Rome'],
];

const knowledge: Solver = ({ last }) => FACTS.find(([pattern]) => pattern.test(last))?.[1] ?? null;

/** In order: the first that knows an answer gives it. */
const SOLVERS: readonly Solver[] = [
  jsonEcho,
  jsonArray,
  jsonPerson,
  repeat,
  tableValue,
  needle,
  arithmetic,
  count,
  capitals,
  compare,
  listQuestion,
  knowledge,
];

/** The right answer to a question of a known pattern. Null when: none fits. */
export function solve(question: Question): string | null {
  for (const solver of SOLVERS) {
    const answer = solver(question);
    if (answer !== null && answer.length > 0) return answer;
  }
  return null;
}
