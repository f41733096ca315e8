/** One word of a shell command, as the shell would pass it on. */
export interface ShellWord {
  /** Text after quotes and escapes are taken away; substitutions are kept as written. */
  readonly value: string;
  /** Range in the command, quotes included. */
  readonly start: number;
  readonly end: number;
  /** True when the shell would replace part of it: `$X`, `$(…)`, backticks, a glob, a leading `~`. */
  readonly hasSubstitution: boolean;
}

export interface ShellScan {
  readonly words: readonly ShellWord[];
  /** Unquoted control operators; a new line is `\n`. */
  readonly operators: readonly { readonly text: string; readonly at: number }[];
  /** Why the text cannot be read, or null. */
  readonly problem: string | null;
}

const OPERATOR = /^(?:<<-?|>>|&&|\|\||&>|>&|<&|;;|[|&;<>()\n])/;
const SUBSTITUTION_START = /[A-Za-z_0-9{(@*#?$!'"-]/;

interface Piece {
  readonly value: string;
  readonly next: number;
  readonly substitution: boolean;
  readonly problem?: string;
}

const piece = (value: string, next: number, substitution = false): Piece => ({
  value,
  next,
  substitution,
});

/**
 * Splits a command into shell words with their source ranges. Never throws: what cannot be read is `problem`.
 * Source: POSIX shell command language, sections 2.2 (quoting) and 2.3 (token recognition).
 */
export function scanShell(command: string): ShellScan {
  const words: ShellWord[] = [];
  const operators: { text: string; at: number }[] = [];
  let at = 0;
  while (at < command.length) {
    at = skipBlank(command, at);
    if (at >= command.length) break;
    const operator = OPERATOR.exec(command.slice(at, at + 3))?.[0];
    if (operator !== undefined) {
      operators.push({ text: operator, at });
      at += operator.length;
      continue;
    }
    const read = readWord(command, at);
    if (typeof read === 'string') return { words, operators, problem: read };
    if (read.end > read.start) words.push(read);
    at = read.end;
  }
  return { words, operators, problem: null };
}

/** Passes blanks, escaped line ends and comments. */
function skipBlank(command: string, from: number): number {
  let at = from;
  for (;;) {
    if (/[ \t\r]/.test(command.charAt(at))) at += 1;
    else if (command.startsWith('\\\n', at)) at += 2;
    else if (command[at] === '#') {
      const end = command.indexOf('\n', at);
      at = end === -1 ? command.length : end;
    } else return at;
  }
}

function readWord(command: string, start: number): ShellWord | string {
  let value = '';
  let hasSubstitution = command[start] === '~';
  let at = start;
  let end = start;
  while (at < command.length) {
    if (command.startsWith('\\\n', at)) {
      at += 2;
      continue;
    }
    if (/[ \t\r]/.test(command.charAt(at)) || OPERATOR.test(command.slice(at, at + 3))) break;
    const part = readPiece(command, at);
    if (part.problem !== undefined) return part.problem;
    value += part.value;
    hasSubstitution ||= part.substitution;
    at = part.next;
    end = at;
  }
  return { value, start, end: end === start ? at : end, hasSubstitution };
}

function readPiece(command: string, at: number): Piece {
  const char = command.charAt(at);
  switch (char) {
    case "'":
      return readSingleQuoted(command, at);
    case '"':
      return readDoubleQuoted(command, at);
    case '\\':
      return piece(command.charAt(at + 1), at + 2);
    case '$':
    case '`':
      return readSubstitution(command, at);
    default:
      return piece(char, at + 1, /[*?[]/.test(char));
  }
}

function readSingleQuoted(command: string, at: number): Piece {
  const end = command.indexOf("'", at + 1);
  if (end === -1)
    return { ...piece('', command.length), problem: 'a single quote is never closed' };
  return piece(command.slice(at + 1, end), end + 1);
}

function readDoubleQuoted(command: string, from: number): Piece {
  let value = '';
  let substitution = false;
  let at = from + 1;
  while (at < command.length) {
    if (command[at] === '"') return piece(value, at + 1, substitution);
    const inner = readInsideDouble(command, at);
    if (inner.problem !== undefined) return inner;
    value += inner.value;
    substitution ||= inner.substitution;
    at = inner.next;
  }
  return { ...piece('', command.length), problem: 'a double quote is never closed' };
}

function readInsideDouble(command: string, at: number): Piece {
  const char = command.charAt(at);
  const next = command.charAt(at + 1);
  if (char === '$' || char === '`') return readSubstitution(command, at);
  if (char !== '\\' || !/[$`"\\\n]/.test(next)) return piece(char, at + 1);
  return piece(next === '\n' ? '' : next, at + 2);
}

/** Keeps `$NAME`, `${…}`, `$(…)` and backticks as written. A lone `$` is a plain character. */
function readSubstitution(command: string, at: number): Piece {
  if (command[at] === '`') return readUpTo(command, at, '`');
  const next = command.charAt(at + 1);
  if (!SUBSTITUTION_START.test(next)) return piece('$', at + 1);
  if (next === "'") return readUpTo(command, at + 1, "'");
  if (next === '"') return piece('', at + 1, true);
  if (next === '{' || next === '(') return readBalanced(command, at);
  const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|.)/.exec(command.slice(at + 1))?.[0] ?? '';
  return piece(`$${name}`, at + 1 + name.length, true);
}

function readUpTo(command: string, at: number, quote: string): Piece {
  const end = command.indexOf(quote, at + 1);
  if (end === -1)
    return { ...piece('', command.length), problem: `a ${quote} is opened and never closed` };
  return piece(command.slice(at, end + 1), end + 1, true);
}

function readBalanced(command: string, at: number): Piece {
  const open = command.charAt(at + 1);
  const close = open === '{' ? '}' : ')';
  let depth = 0;
  for (let index = at + 1; index < command.length; index += 1) {
    if (command[index] === open) depth += 1;
    if (command[index] === close) depth -= 1;
    if (depth === 0) return piece(command.slice(at, index + 1), index + 1, true);
  }
  return { ...piece('', command.length), problem: `$${open} is never closed` };
}
