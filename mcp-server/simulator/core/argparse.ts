import { parseJson } from '../../core/parse.ts';

/** What the parser must know of one flag; the inventory's facts are such. */
export interface ArgSpec {
  readonly flag: string;
  readonly type: string;
  readonly choices: readonly string[] | null;
  readonly aliases: readonly string[];
}

/** A value as the engine's own parser reads it. */
export type ArgValue = string | number | boolean | readonly number[] | null;

export type ParsedArgs =
  | {
      readonly kind: 'ok';
      readonly values: ReadonlyMap<string, ArgValue>;
      readonly given: readonly string[];
      readonly positional: readonly string[];
    }
  | { readonly kind: 'usage'; readonly message: string };

export interface ParserRules {
  readonly flags: readonly ArgSpec[];
  /** Python's own spelling: `--x_y` means `--x-y`, and every switch has a `--no-` form (vLLM). */
  readonly flexible: boolean;
}

interface Cursor {
  readonly argv: readonly string[];
  index: number;
}

class UsageProblem {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

const isNumberList = (type: string): boolean => /^list\[(int|float)\]$/.test(type);

const display = (fact: ArgSpec): string => [fact.flag, ...fact.aliases].join('/');

function findFact(word: string, rules: ParserRules): ArgSpec | UsageProblem | null {
  const name = rules.flexible ? word.replaceAll('_', '-') : word;
  const exact = rules.flags.find((fact) => fact.flag === name || fact.aliases.includes(name));
  if (exact !== undefined) return exact;
  if (!name.startsWith('--') || name.length < 4) return null;
  const candidates = rules.flags.filter((fact) => fact.flag.startsWith(name));
  if (candidates.length === 1) return candidates[0] ?? null;
  if (candidates.length < 2) return null;
  const matches = candidates.map((fact) => fact.flag).join(', ');
  return new UsageProblem(`ambiguous option: ${word} could match ${matches}`);
}

const SUFFIXES: Readonly<Record<string, number>> = {
  k: 1e3,
  K: 1024,
  m: 1e6,
  M: 1024 ** 2,
  g: 1e9,
  G: 1024 ** 3,
};

function readNumber(text: string, fact: ArgSpec): number | UsageProblem {
  const isInteger = fact.type.startsWith('int');
  const suffixed = fact.type.includes('suffix') ? /^([\d.]+)([kKmMgG])i?B?$/.exec(text) : null;
  if (suffixed !== null) return Number(suffixed[1]) * (SUFFIXES[suffixed[2] ?? ''] ?? 1);
  const pattern = isInteger ? /^[-+]?\d+$/ : /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
  if (pattern.test(text)) return Number(text);
  return new UsageProblem(
    `argument ${display(fact)}: invalid ${isInteger ? 'int' : 'float'} value: '${text}'`,
  );
}

function readValue(text: string, fact: ArgSpec): ArgValue | UsageProblem {
  if (/^(int|float)/.test(fact.type) && !(fact.type.includes('auto') && text === 'auto'))
    return readNumber(text, fact);
  if (fact.type.startsWith('JSON') && parseJson(text) === undefined)
    return new UsageProblem(
      `argument ${display(fact)}: Value ${text} cannot be converted to <function loads>.`,
    );
  if (fact.choices !== null && fact.choices.length > 0 && !fact.choices.includes(text)) {
    const choices = fact.choices.map((choice) => `'${choice}'`).join(', ');
    return new UsageProblem(
      `argument ${display(fact)}: invalid choice: '${text}' (choose from ${choices})`,
    );
  }
  return text;
}

function takeList(cursor: Cursor, fact: ArgSpec, first: string | null): ArgValue | UsageProblem {
  const words = first === null ? [] : [first];
  while (cursor.index < cursor.argv.length && !isFlagWord(cursor.argv[cursor.index] ?? '')) {
    words.push(cursor.argv[cursor.index] ?? '');
    cursor.index += 1;
  }
  if (words.length === 0)
    return new UsageProblem(`argument ${display(fact)}: expected at least one argument`);
  const numbers: number[] = [];
  for (const word of words) {
    const value = readNumber(word, { ...fact, type: fact.type.includes('int') ? 'int' : 'float' });
    if (value instanceof UsageProblem) return value;
    numbers.push(value);
  }
  return numbers;
}

const isFlagWord = (word: string): boolean => /^--?[A-Za-z]/.test(word);

function takeValue(cursor: Cursor, fact: ArgSpec, inline: string | null): ArgValue | UsageProblem {
  if (isNumberList(fact.type)) return takeList(cursor, fact, inline);
  if (inline !== null) return readValue(inline, fact);
  const word = cursor.argv[cursor.index];
  if (word === undefined || isFlagWord(word))
    return new UsageProblem(`argument ${display(fact)}: expected one argument`);
  cursor.index += 1;
  return readValue(word, fact);
}

function readSwitch(fact: ArgSpec, inline: string | null): ArgValue | UsageProblem {
  if (inline === null) return true;
  return new UsageProblem(`argument ${display(fact)}: ignored explicit argument '${inline}'`);
}

interface Found {
  readonly fact: ArgSpec;
  readonly value: ArgValue;
}

/** `--no-x` of a switch `--x`. Null when: it is none. */
function readNegated(name: string, rules: ParserRules): Found | null {
  if (!rules.flexible || !name.startsWith('--no-')) return null;
  const fact = findFact(`--${name.slice(5)}`, rules);
  if (fact === null || fact instanceof UsageProblem || fact.type !== 'bool') return null;
  return { fact, value: false };
}

function splitWord(word: string): { readonly name: string; readonly inline: string | null } {
  const at = word.indexOf('=');
  return at < 0
    ? { name: word, inline: null }
    : { name: word.slice(0, at), inline: word.slice(at + 1) };
}

function readFlag(word: string, cursor: Cursor, rules: ParserRules): Found | UsageProblem | null {
  const { name, inline } = splitWord(word);
  const fact = findFact(name, rules);
  if (fact instanceof UsageProblem) return fact;
  if (fact === null) return readNegated(name, rules);
  const value = fact.type === 'bool' ? readSwitch(fact, inline) : takeValue(cursor, fact, inline);
  return value instanceof UsageProblem ? value : { fact, value };
}

/** Reads flags as Python's argparse does: abbreviations, `--x=v`, typed values, choices, leftovers refused together. */
export function parseArgs(argv: readonly string[], rules: ParserRules): ParsedArgs {
  const cursor: Cursor = { argv, index: 0 };
  const values = new Map<string, ArgValue>();
  const unknown: string[] = [];
  const positional: string[] = [];
  while (cursor.index < argv.length) {
    const word = argv[cursor.index] ?? '';
    cursor.index += 1;
    if (!isFlagWord(word)) {
      (unknown.length > 0 ? unknown : positional).push(word);
      continue;
    }
    const found = readFlag(word, cursor, rules);
    if (found instanceof UsageProblem) return { kind: 'usage', message: found.message };
    if (found === null) unknown.push(word);
    else values.set(found.fact.flag, found.value);
  }
  if (unknown.length > 0)
    return { kind: 'usage', message: `unrecognized arguments: ${unknown.join(' ')}` };
  return { kind: 'ok', values, given: [...values.keys()], positional };
}
