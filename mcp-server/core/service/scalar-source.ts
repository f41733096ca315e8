/** Where each character of a scalar's value stands in the source. `starts[i]`..`ends[i]` is the range of value[i]. */
export interface ScalarSource {
  readonly value: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export type ScalarStyle = 'plain' | 'single' | 'double' | 'literal' | 'folded';

interface Builder {
  put(char: string, start: number, end: number): void;
  done(): ScalarSource;
}

function createBuilder(): Builder {
  let value = '';
  const starts: number[] = [];
  const ends: number[] = [];
  return {
    put(char, start, end) {
      for (const unit of char.split('')) {
        value += unit;
        starts.push(start);
        ends.push(end);
      }
    },
    done: () => ({ value, starts, ends }),
  };
}

/**
 * Maps the value of a scalar onto its source text. `range` covers the whole token: quotes or block header included.
 * Null when: the layout is not understood; callers compare `value` with what the YAML library read.
 */
export function locateScalar(
  text: string,
  range: readonly [number, number],
  style: ScalarStyle,
): ScalarSource | null {
  switch (style) {
    case 'plain':
      return locateFlow(text, range, readPlainUnit);
    case 'single':
      return locateFlow(text, [range[0] + 1, range[1] - 1], readSingleUnit);
    case 'double':
      return locateFlow(text, [range[0] + 1, range[1] - 1], readDoubleUnit);
    case 'literal':
      return locateLiteral(text, range);
    case 'folded':
      return locateFolded(text, range);
  }
}

interface Unit {
  readonly char: string;
  readonly length: number;
}
type ReadUnit = (text: string, at: number) => Unit | null;

const readPlainUnit: ReadUnit = (text, at) => ({ char: text.charAt(at), length: 1 });
const readSingleUnit: ReadUnit = (text, at) =>
  text.startsWith("''", at) ? { char: "'", length: 2 } : { char: text.charAt(at), length: 1 };

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

const readDoubleUnit: ReadUnit = (text, at) => {
  if (text[at] !== '\\') return { char: text.charAt(at), length: 1 };
  const name = text.charAt(at + 1);
  const known = ESCAPES[name];
  if (known !== undefined) return { char: known, length: 2 };
  const digits = HEX_LENGTH[name];
  if (digits === undefined) return lineContinuation(text, at);
  const code = Number.parseInt(text.slice(at + 2, at + 2 + digits), 16);
  return Number.isNaN(code) ? null : { char: String.fromCodePoint(code), length: 2 + digits };
};

/** `\` at a line end: the break and the next line's indentation vanish. Source: YAML 1.2.2, 7.3.1. */
function lineContinuation(text: string, at: number): Unit | null {
  const skipped = /^\\\r?\n[ \t]*/.exec(text.slice(at))?.[0];
  return skipped === undefined ? null : { char: '', length: skipped.length };
}

/** Flow scalars: line breaks with the blanks around them become one space, or n-1 breaks for n of them. */
function locateFlow(
  text: string,
  range: readonly [number, number],
  readUnit: ReadUnit,
): ScalarSource | null {
  const builder = createBuilder();
  let at = range[0];
  while (at < range[1]) {
    const fold = /^[ \t]*(\r?\n[ \t]*)+/.exec(text.slice(at, range[1]))?.[0];
    if (fold !== undefined) {
      const breaks = fold.split('\n').length - 1;
      builder.put(breaks === 1 ? ' ' : '\n'.repeat(breaks - 1), at, at + fold.length);
      at += fold.length;
      continue;
    }
    const unit = readUnit(text, at);
    if (unit === null) return null;
    builder.put(unit.char, at, at + unit.length);
    at += unit.length;
  }
  return builder.done();
}

interface BlockLine {
  readonly start: number;
  /** End of the content, before the break. */
  readonly end: number;
  /** End with the break. */
  readonly next: number;
}

/** Lines of a block scalar without their indentation; null when there is no content or it is given by number. */
function blockLines(text: string, range: readonly [number, number]): readonly BlockLine[] | null {
  const headerEnd = text.indexOf('\n', range[0]) + 1;
  if (headerEnd === 0 || headerEnd >= range[1]) return null;
  if (/^[|>][+-]?[1-9]/.test(text.slice(range[0], headerEnd))) return null;
  const body = text.slice(headerEnd, range[1]);
  const indent = /^(?:[ ]*\r?\n)*([ ]*)[^ \r\n]/.exec(body)?.[1]?.length;
  if (indent === undefined) return null;
  const lines: BlockLine[] = [];
  let at = headerEnd;
  for (const line of body.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const next = at + line.length;
    const end = at + line.replace(/\r?\n$/, '').length;
    lines.push({ start: Math.min(at + indent, end), end, next });
    at = next;
  }
  return lines;
}

function trimmed(lines: readonly BlockLine[], text: string): readonly BlockLine[] {
  const last = lines.findLastIndex((line) => text.slice(line.start, line.end).trim() !== '');
  return lines.slice(0, last + 1);
}

/** Everything up to the last line with content; the break(s) after it are the same for all chomping modes we edit. */
function locateLiteral(text: string, range: readonly [number, number]): ScalarSource | null {
  const lines = blockLines(text, range);
  if (lines === null) return null;
  const builder = createBuilder();
  const content = trimmed(lines, text);
  content.forEach((line, index) => {
    for (let at = line.start; at < line.end; at += 1) builder.put(text.charAt(at), at, at + 1);
    if (index < content.length - 1) builder.put('\n', line.end, content[index + 1]?.start ?? 0);
  });
  return builder.done();
}

/** Folded blocks of evenly indented lines without blank lines: each break is one space. */
function locateFolded(text: string, range: readonly [number, number]): ScalarSource | null {
  const lines = blockLines(text, range);
  if (lines === null) return null;
  const builder = createBuilder();
  const content = trimmed(lines, text);
  const isMoreIndented = (line: BlockLine | undefined): boolean =>
    line !== undefined && /[ \t]/.test(text.charAt(line.start));
  for (const [index, line] of content.entries()) {
    if (line.start === line.end) return null;
    for (let at = line.start; at < line.end; at += 1) builder.put(text.charAt(at), at, at + 1);
    const next = content[index + 1];
    if (next === undefined) break;
    const keepsBreak = isMoreIndented(line) || isMoreIndented(next);
    builder.put(keepsBreak ? '\n' : ' ', line.end, next.start);
  }
  return builder.done();
}
