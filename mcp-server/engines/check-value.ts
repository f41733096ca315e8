import { parseJson } from '../core/parse.ts';
import type { Change } from '../core/service/change.ts';
import { choicesAt } from './choices.ts';
import type { Engine, InventoryFlag } from './engine.ts';
import { type Refusal, refuse } from './refusal.ts';

interface ValueQuestion {
  readonly engine: Engine;
  readonly version: string | null;
  readonly fact: InventoryFlag;
  readonly change: Extract<Change, { kind: 'set_flag' }>;
}

/** Why the engine would refuse a value of a flag. Null when: it would take it. */
export function checkValue(question: ValueQuestion): Refusal | null {
  const problem = problemOf(question);
  if (problem === null) return null;
  return refuse('wrong_choice', `${question.change.flag}: ${problem}`);
}

const INTEGER = /^-?\d+$/;
const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?$/i;

function problemOf({ engine, version, fact, change }: ValueQuestion): string | null {
  const { value } = change;
  if (fact.kind === 'bool')
    return value === null ? null : `it is a switch and takes no value (got ${value})`;
  if (value === null || value === '') return 'it needs a value';
  const choices = choicesAt(engine, fact, version);
  const where = version === null ? engine.title : `${engine.title} ${version}`;
  if (choices !== null) return choiceProblem(value, choices, where);
  return caseProblem(fact, value, where) ?? typeProblem(fact, value);
}

function choiceProblem(value: string, choices: readonly string[], where: string): string | null {
  if (choices.includes(value)) return null;
  const near = choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
  const hint = near === undefined ? '' : `; did you mean ${near}? Upper and lower case matter`;
  return `${value} is not a choice in ${where} (choose from ${choices.join(', ')})${hint}`;
}

/** Free text that once was a fixed choice: a name in the wrong case is still a mistake. */
function caseProblem(fact: InventoryFlag, value: string, where: string): string | null {
  const known = fact.choicesByVersion.flatMap((span) => span.choices);
  if (known.includes(value)) return null;
  const near = known.find((choice) => choice.toLowerCase() === value.toLowerCase());
  return near === undefined
    ? null
    : `${value} is not a name that ${where} knows; did you mean ${near}?`;
}

function typeProblem(fact: InventoryFlag, value: string): string | null {
  // Types such as `int|suffix` or `int|auto` take more than digits.
  if (fact.kind === 'int' && fact.type === 'int')
    return INTEGER.test(value) ? null : `${value} is not a whole number`;
  if (fact.kind === 'float') return NUMBER.test(value) ? null : `${value} is not a number`;
  if (fact.kind === 'list') return listProblem(fact.type, value);
  return fact.kind === 'json' && !isJsonObject(value) ? 'it takes a JSON object' : null;
}

function listProblem(type: string, value: string): string | null {
  const pattern = type === 'list[int]' ? INTEGER : type === 'list[float]' ? NUMBER : /./;
  const wrong = value.split(/\s+/).find((item) => !pattern.test(item));
  return wrong === undefined ? null : `${wrong} is not of the kind that its list takes`;
}

function isJsonObject(value: string): boolean {
  const parsed = parseJson(value);
  return typeof parsed === 'object' && parsed !== null;
}
