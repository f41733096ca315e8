import { readLogLine } from './log-line.ts';
import type { LogSeverity } from './log-pattern.ts';

export interface LineFilter {
  /** Plain text that a line must contain, whatever its case; not a pattern. */
  readonly grep: string | null;
  /** How many of the last matching lines are shown. */
  readonly tail: number;
  /** Lowest level that is shown; lines without a level pass only `info`. */
  readonly level: LogSeverity;
}

export interface FilteredLines {
  /** `<line number>: <text>`, cleaned and capped. Data from outside. */
  readonly lines: readonly string[];
  readonly total: number;
  readonly matched: number;
}

/** Caps of what is shown. Source: own reasoning; an answer stays below about 3,000 tokens. */
const MAX_LINE_CHARS = 400;
const MAX_TOTAL_CHARS = 10_000;

const RANK: Readonly<Record<LogSeverity, number>> = { info: 0, warning: 1, error: 2, fatal: 3 };

/** The last matching lines of a log, oldest first. */
export function filterLines(text: string, filter: LineFilter): FilteredLines {
  const all = text.split('\n');
  const total = all.at(-1) === '' ? all.length - 1 : all.length;
  const kept: string[] = [];
  let matched = 0;
  let chars = 0;
  for (let index = total - 1; index >= 0; index -= 1) {
    const message = matchingText(all[index] ?? '', filter);
    if (message === null) continue;
    matched += 1;
    const line = `${index + 1}: ${message.slice(0, MAX_LINE_CHARS)}`;
    if (kept.length >= filter.tail || chars + line.length > MAX_TOTAL_CHARS) continue;
    chars += line.length;
    kept.push(line);
  }
  return { lines: kept.toReversed(), total, matched };
}

/** The line without its prefixes. Null when: the filter leaves it out. */
function matchingText(raw: string, filter: LineFilter): string | null {
  const { grep } = filter;
  if (grep !== null && !raw.toLowerCase().includes(grep.toLowerCase())) return null;
  const { message, level } = readLogLine(lastRedraw(raw));
  return RANK[level ?? guessLevel(message)] < RANK[filter.level] ? null : message;
}

function lastRedraw(raw: string): string {
  return raw.split('\r').findLast((part) => part.trim() !== '') ?? '';
}

/** SGLang prints no level word: an exception line still is an error. */
function guessLevel(message: string): LogSeverity {
  if (/(?:Error|Exception)\b(?::|$)|Traceback|\berror:/.test(message)) return 'error';
  return /\bwarn(?:ing)?\b/i.test(message) ? 'warning' : 'info';
}
