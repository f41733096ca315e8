/** Deepest nesting and longest work of one parse. Source: own reasoning; real answers nest below 12. */
const MAX_DEPTH = 60;

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['null', null],
  ['None', null],
  ['undefined', null],
  ['NaN', null],
  ['nan', null],
  ['Infinity', null],
  ['inf', null],
]);

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
]);

interface Cursor {
  readonly text: string;
  at: number;
  depth: number;
}

class NotALiteral extends Error {}

export interface LooseLiteral {
  readonly value: unknown;
  /** Index behind the literal. */
  readonly end: number;
}

/**
 * Reads a JSON value or a Python literal (single quotes, None, True, tuples, bare NaN, trailing commas) that starts at
 * `from`. Null when: none starts there. Never throws. Not-a-number becomes null: it was not measured.
 */
export function parseLooseLiteral(text: string, from: number): LooseLiteral | null {
  const cursor: Cursor = { text, at: from, depth: 0 };
  try {
    const value = readValue(cursor);
    return { value, end: cursor.at };
  } catch (error) {
    if (error instanceof NotALiteral) return null;
    throw error;
  }
}

function readValue(cursor: Cursor): unknown {
  skipSpace(cursor);
  const char = cursor.text.charAt(cursor.at);
  if (char === '{') return readObject(cursor);
  if (char === '[') return readList(cursor, ']');
  if (char === '(') return readList(cursor, ')');
  if (char === '"' || char === "'") return readString(cursor);
  return readWord(cursor);
}

function skipSpace(cursor: Cursor): void {
  while (/\s/.test(cursor.text.charAt(cursor.at))) cursor.at += 1;
}

function enter(cursor: Cursor): void {
  cursor.at += 1;
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) throw new NotALiteral();
}

function isClosed(cursor: Cursor, close: string): boolean {
  skipSpace(cursor);
  if (cursor.text.charAt(cursor.at) !== close) return false;
  cursor.at += 1;
  cursor.depth -= 1;
  return true;
}

function takeComma(cursor: Cursor, close: string): void {
  skipSpace(cursor);
  const char = cursor.text.charAt(cursor.at);
  if (char === ',') cursor.at += 1;
  else if (char !== close) throw new NotALiteral();
}

function readObject(cursor: Cursor): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null);
  enter(cursor);
  while (!isClosed(cursor, '}')) {
    const key = readValue(cursor);
    skipSpace(cursor);
    if (cursor.text.charAt(cursor.at) !== ':') throw new NotALiteral();
    cursor.at += 1;
    result[String(key)] = readValue(cursor);
    takeComma(cursor, '}');
  }
  return result;
}

function readList(cursor: Cursor, close: string): unknown[] {
  const result: unknown[] = [];
  enter(cursor);
  while (!isClosed(cursor, close)) {
    result.push(readValue(cursor));
    takeComma(cursor, close);
  }
  return result;
}

function readString(cursor: Cursor): string {
  const { text } = cursor;
  const quote = text.charAt(cursor.at);
  let from = cursor.at + 1;
  let result = '';
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === quote) {
      cursor.at = at + 1;
      return result + text.slice(from, at);
    }
    if (char === '\\') {
      const escape = readEscape(text, at + 1);
      result += text.slice(from, at) + escape.text;
      at = escape.end - 1;
      from = escape.end;
    }
  }
  throw new NotALiteral();
}

function readEscape(text: string, at: number): { readonly text: string; readonly end: number } {
  const char = text.charAt(at);
  const digits = char === 'u' ? 4 : char === 'x' ? 2 : 0;
  if (digits > 0) {
    const hex = text.slice(at + 1, at + 1 + digits);
    if (/^[0-9a-fA-F]+$/.test(hex) && hex.length === digits) {
      return { text: String.fromCharCode(Number.parseInt(hex, 16)), end: at + 1 + digits };
    }
  }
  return { text: SIMPLE_ESCAPES.get(char) ?? char, end: at + 1 };
}

function readWord(cursor: Cursor): unknown {
  let end = cursor.at;
  while (end < cursor.text.length && /[\w.+-]/.test(cursor.text.charAt(end))) end += 1;
  const word = cursor.text.slice(cursor.at, end);
  if (word === '') throw new NotALiteral();
  cursor.at = end;
  if (WORDS.has(word)) return WORDS.get(word);
  if (word === '-Infinity' || word === '-inf') return null;
  const value = Number(word);
  if (Number.isNaN(value)) throw new NotALiteral();
  return value;
}
