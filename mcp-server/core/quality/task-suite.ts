import type { CanaryAnswer } from './answer.ts';
import { createDraw, type Draw } from './draw.ts';
import {
  type Grader,
  isExactText,
  isJson,
  isJsonText,
  isLastNumber,
  isToolCall,
} from './graders.ts';
import { PUBLIC_TASKS, type PublicTask } from './public-set/public-tasks.ts';
import { CITIES, NAMES, WORDS } from './word-lists.ts';

const TASK_KINDS = ['arithmetic', 'copy', 'json', 'tool', 'recall'] as const;
type TaskKind = (typeof TASK_KINDS)[number] | 'instruction';

/** One question whose answer is right or is not. */
export interface Task {
  readonly id: string;
  readonly kind: TaskKind;
  readonly prompt: string;
  /** Parts of the request beside messages, model and temperature. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The right answer; for an instruction the rules that it must follow. */
  readonly expected: string;
  readonly grade: Grader;
  /** False when the answer has not even the form that was asked for. */
  readonly isParsed: Grader;
}

/** Where a suite comes from: the same plan gives the same tasks, and a longer one begins with them. */
export interface SuitePlan {
  readonly seed: number;
  readonly items: number;
  /** Length of the table that a value is recalled from. Units: tokens, about. */
  readonly recallTokens: number;
  /** Tens of words that a text to be copied has; absent: one. */
  readonly copyTens?: number;
  /** Where in the table the asked values stand, in turn, 0..1; absent: near the beginning, the middle and the end. */
  readonly depths?: readonly number[];
}

type Made = Omit<Task, 'id' | 'kind' | 'body'> & { readonly body?: Task['body'] };

const hasNumber: Grader = ({ text }) => /\d/.test(text);
const hasText: Grader = ({ text }) => text.trim() !== '';
const hasToolCall: Grader = ({ toolCalls }) => toolCalls.length > 0;

function arithmetic(draw: Draw): Made {
  const sign = draw.pick(['+', '-', '*'] as const);
  const left = draw.integer(sign === '*' ? 12 : 200, sign === '*' ? 49 : 899);
  const right = draw.integer(sign === '*' ? 3 : 21, sign === '*' ? 9 : 189);
  const result = { '+': left + right, '-': left - right, '*': left * right }[sign];
  return {
    prompt: `What is ${left} ${sign} ${right}? Answer with the number only.`,
    expected: String(result),
    grade: isLastNumber(result),
    isParsed: hasNumber,
  };
}

function copy(draw: Draw, tens: number): Made {
  const numbers = [draw.integer(100, 999), draw.integer(100, 999)];
  const words = Array.from({ length: tens }, () => draw.sample(WORDS, 10)).flat();
  const text = [...words, ...numbers].join(' ');
  return {
    prompt: `Copy this text exactly and write nothing else: ${text}`,
    expected: text,
    grade: isExactText(text),
    isParsed: hasText,
  };
}

function json(draw: Draw): Made {
  const person = { name: draw.pick(NAMES), age: draw.integer(20, 98), city: draw.pick(CITIES) };
  return {
    prompt: `Write a JSON object with exactly the keys "name" (string), "age" (integer) and "city" (string) for this person: ${person.name} is ${person.age} years old and lives in ${person.city}. Write only the JSON.`,
    expected: JSON.stringify(person),
    grade: isJson(person),
    isParsed: ({ text }) => isJsonText(text),
  };
}

function toolNamed(name: string, description: string): Readonly<Record<string, unknown>> {
  return {
    type: 'function',
    function: {
      name,
      description,
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' } },
        required: ['city'],
        additionalProperties: false,
      },
    },
  };
}

const TOOLS = [
  toolNamed('get_weather', 'Current weather of a city.'),
  toolNamed('get_time', 'Local time of a city.'),
];

function tool(draw: Draw): Made {
  const city = draw.pick(CITIES);
  const [name, thing] = draw.pick([
    ['get_weather', 'weather'],
    ['get_time', 'local time'],
  ] as const);
  return {
    prompt: `What is the ${thing} in ${city} now? Use the tool ${name}.`,
    body: { tools: TOOLS, tool_choice: 'auto' },
    expected: JSON.stringify({ city }),
    grade: isToolCall(name, { city }),
    isParsed: hasToolCall,
  };
}

/** Where in the table the asked value stands, in turn. Source: docs/quality.md, tier 4. */
const DEPTHS = [0.25, 0.5, 0.9] as const;
/** Tokens of one line of the table. Source: own count over four tokenizers, 7 to 9. */
const TOKENS_PER_LINE = 8;
const MIN_LINES = 10;

function recall(draw: Draw, round: number, { recallTokens, depths = DEPTHS }: SuitePlan): Made {
  const lines = Math.max(MIN_LINES, Math.floor(recallTokens / TOKENS_PER_LINE));
  const offset = draw.integer(10, 99);
  const rows = Array.from({ length: lines }, (_, index) => ({
    key: `${WORDS[(index * 7 + offset) % WORDS.length] ?? 'apple'}-${index + offset}`,
    value: draw.integer(10_000, 99_999),
  }));
  const asked = rows[Math.floor((depths[round % depths.length] ?? 0.5) * lines)] ?? rows[0];
  const value = asked?.value ?? 0;
  const table = rows.map((row) => `${row.key} = ${row.value}`).join('\n');
  return {
    prompt: `Here is a table:\n${table}\nWhich value belongs to the key ${asked?.key ?? ''}? Answer with the number only.`,
    expected: String(value),
    grade: isLastNumber(value),
    isParsed: hasNumber,
  };
}

/** Room for an answer. Source: own reasoning; the longest right answer has about 45 tokens. */
const MAX_TOKENS = 96;

/** The same for the public set, whose answers are free text. */
const PUBLIC_MAX_TOKENS = 256;
/** From where on, and how often, a task comes from the public set: no shorter suite waits for its long answers. */
const PUBLIC = { from: 140, every: 4 } as const;

function publicAt(index: number): PublicTask | undefined {
  const since = index - PUBLIC.from;
  return since >= 0 && since % PUBLIC.every === 0 ? PUBLIC_TASKS[since / PUBLIC.every] : undefined;
}

function publicTask({ key, prompt, rules, grade }: PublicTask): Task {
  const body = { max_tokens: PUBLIC_MAX_TOKENS };
  return {
    id: `instruction-${key}`,
    kind: 'instruction',
    prompt,
    body,
    expected: rules,
    grade,
    isParsed: hasText,
  };
}

/** The tasks of a plan, kinds in turn, so that any beginning of the list is balanced. */
export function buildTasks(plan: SuitePlan): readonly Task[] {
  const draw = createDraw(plan.seed * 100 + 98);
  let made = 0;
  return Array.from({ length: plan.items }, (_, index) => {
    const known = publicAt(index);
    if (known !== undefined) return publicTask(known);
    made += 1;
    return generatedTask(draw, plan, made - 1);
  });
}

function generatedTask(draw: Draw, plan: SuitePlan, index: number): Task {
  const kind = TASK_KINDS[index % TASK_KINDS.length] ?? 'copy';
  const round = Math.floor(index / TASK_KINDS.length);
  const made = {
    arithmetic: () => arithmetic(draw),
    copy: () => copy(draw, plan.copyTens ?? 1),
    json: () => json(draw),
    tool: () => tool(draw),
    recall: () => recall(draw, round, plan),
  }[kind]();
  const id = `${kind}-${round + 1}`;
  return { id, kind, ...made, body: { max_tokens: MAX_TOKENS, ...made.body } };
}

export type TaskResult = 'right' | 'wrong' | 'unparsed';

/** Exact: no partial credit. */
export function gradeTask(task: Task, answer: CanaryAnswer | null): TaskResult {
  if (answer === null) return 'unparsed';
  if (task.grade(answer)) return 'right';
  return task.isParsed(answer) ? 'wrong' : 'unparsed';
}

/** Questions of a suite. Source: 140 exclude a loss of 3 points where no answer changed; 420 and 1,260 where 4 to 8 % did (docs/quality.md, tasks). */
export const SUITE_ITEMS = { quick: 140, standard: 420, deep: 1260 } as const;
export type SuiteSize = keyof typeof SUITE_ITEMS;
/** Longest table of a suite. Units: tokens. Source: own reasoning, prefill time against what a KV type must hold. */
const RECALL_TOKENS = { quick: 1000, standard: 4000, deep: 32_000 } as const;
/** Room left for question, template and answer. Units: tokens. */
const RESERVED_TOKENS = 400;

/** The plan of a size, within a context of `contextTokens`. */
export function planSuite(size: SuiteSize, seed: number, contextTokens: number): SuitePlan {
  return {
    seed,
    items: SUITE_ITEMS[size],
    recallTokens: Math.max(
      200,
      Math.min(RECALL_TOKENS[size], Math.floor(contextTokens * 0.9) - RESERVED_TOKENS),
    ),
  };
}
