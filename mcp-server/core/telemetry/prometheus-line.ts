export interface ParsedLine {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME_CHAR = /[a-zA-Z0-9_:.]/;

/** Longest label value that is kept. Source: own reasoning, far above what the engines print. */
const MAX_LABEL_CHARS = 2000;

/** A record without a prototype, so that a label called `__proto__` is a label like any other. */
export function emptyLabels(): Record<string, string> {
  return Object.create(null);
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze(emptyLabels());

/** Number as Prometheus writes it: `NaN`, `+Inf`, `-Inf`, decimal or exponent. Null when: it is none. */
function parsePrometheusNumber(word: string): number | null {
  if (word === '+Inf' || word === 'Inf') return Number.POSITIVE_INFINITY;
  if (word === '-Inf') return Number.NEGATIVE_INFINITY;
  if (word === 'NaN' || word === 'Nan' || word === 'nan') return Number.NaN;
  if (word === '') return null;
  const value = Number(word);
  return Number.isNaN(value) ? null : value;
}

/**
 * One line of sample text: `name{labels} value [timestamp] [# exemplar]`.
 * Null when: the line is no sample. Source: Prometheus exposition formats, text 0.0.4 and OpenMetrics 1.0.
 */
export function parseSampleLine(line: string): ParsedLine | null {
  let end = 0;
  while (end < line.length && NAME_CHAR.test(line.charAt(end))) end += 1;
  if (end === 0) return null;
  const name = line.slice(0, end);
  let at = skipBlanks(line, end);
  let labels = NO_LABELS;
  if (line.charAt(at) === '{') {
    const parsed = parseLabels(line, at + 1);
    if (parsed === null) return null;
    labels = parsed.labels;
    at = skipBlanks(line, parsed.end);
  } else if (at === end) {
    return null;
  }
  const wordEnd = endOfWord(line, at);
  const value = parsePrometheusNumber(line.slice(at, wordEnd));
  return value === null ? null : { name, labels, value };
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line.charAt(at) === ' ' || line.charAt(at) === '\t') at += 1;
  return at;
}

function endOfWord(line: string, from: number): number {
  let at = from;
  while (at < line.length && line.charAt(at) !== ' ' && line.charAt(at) !== '\t') at += 1;
  return at;
}

function parseLabels(
  line: string,
  from: number,
): { readonly labels: Record<string, string>; readonly end: number } | null {
  const labels = emptyLabels();
  let at = skipBlanks(line, from);
  while (line.charAt(at) !== '}') {
    const equals = line.indexOf('=', at);
    if (equals === -1) return null;
    const key = line.slice(at, equals).trim();
    const value = parseQuoted(line, skipBlanks(line, equals + 1));
    if (key === '' || value === null) return null;
    labels[key] = value.text.slice(0, MAX_LABEL_CHARS);
    at = skipBlanks(line, value.end);
    if (line.charAt(at) === ',') at = skipBlanks(line, at + 1);
    else if (line.charAt(at) !== '}') return null;
  }
  return { labels, end: at + 1 };
}

function parseQuoted(
  line: string,
  from: number,
): { readonly text: string; readonly end: number } | null {
  if (line.charAt(from) !== '"') return null;
  let close = line.indexOf('"', from + 1);
  while (close !== -1 && isEscaped(line, close)) close = line.indexOf('"', close + 1);
  if (close === -1) return null;
  const raw = line.slice(from + 1, close);
  return { text: raw.includes('\\') ? unescape(raw) : raw, end: close + 1 };
}

function isEscaped(line: string, at: number): boolean {
  let slashes = 0;
  while (line.charAt(at - 1 - slashes) === '\\') slashes += 1;
  return slashes % 2 === 1;
}

function unescape(raw: string): string {
  return raw.replace(/\\(.)/g, (_whole, char: string) => (char === 'n' ? '\n' : char));
}
