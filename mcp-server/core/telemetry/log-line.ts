import { cleanText } from '../redact.ts';
import type { LogSeverity } from './log-pattern.ts';

export interface LogLine {
  /** Text behind time stamps, ranks, process names and levels. */
  readonly message: string;
  readonly level: LogSeverity | null;
}

/** Longest part of a line that is looked at. Source: own reasoning, engines' longest messages stay below 4 KB. */
const MAX_LINE_CHARS = 4096;

const HEADS: readonly RegExp[] = [
  // Container and dstack stamps: 2026-01-01T00:00:00.000Z, optionally with a stream name.
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?: (?:stdout|stderr) [FP])? +/,
  /^\((?:[A-Za-z]\w*)(?: pid=\d+)?(?:, ip=[\d.]+)?\)\s*/,
  /^\[(?:replica|node|rank)[ =:]?\d+\]:?\s*/i,
  /^\[(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?)?(?:\s*(?:DP|TP|PP|EP|CP|ATTN_TP|MOE_EP|MOE_DP)\d+)*\]\s*/,
  /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?\s*-?\s*/,
  /^\d+\.\d\d\.\d{3}\.\d{3} (?=[IWED] )/,
];
const LEVELLED =
  /^(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b:?\s*(?:\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\s+)?(?:\[?[\w./-]+\.(?:py|cpp|cu|rs)(?::\d+)?\]\s*)?/;
const LETTER_LEVEL = /^([IWED]) +(?=\S)/;

const LEVEL_WORDS: ReadonlyMap<string, LogSeverity> = new Map([
  ['DEBUG', 'info'],
  ['INFO', 'info'],
  ['I', 'info'],
  ['D', 'info'],
  ['WARNING', 'warning'],
  ['WARN', 'warning'],
  ['W', 'warning'],
  ['ERROR', 'error'],
  ['E', 'error'],
  ['CRITICAL', 'fatal'],
  ['FATAL', 'fatal'],
]);

/**
 * Takes the prefixes of one line off: terminal sequences, stamps, ranks, process names, level, source place.
 * Each line of a multi-line message carries its prefix again, so this is what joins a traceback.
 * Source: SGLang and vLLM log formats (SGLang 0.4 to 0.5, vLLM V1), llama.cpp common/log.cpp.
 */
export function readLogLine(raw: string): LogLine {
  let rest = cleanText(
    raw.length > MAX_LINE_CHARS ? raw.slice(0, MAX_LINE_CHARS) : raw,
    MAX_LINE_CHARS,
  );
  const hadLetter = HEADS[HEADS.length - 1]?.test(rest) === true;
  for (const head of HEADS) rest = rest.replace(head, '');
  const match = LEVELLED.exec(rest) ?? (hadLetter ? LETTER_LEVEL.exec(rest) : null);
  if (match === null) return { message: rest, level: null };
  return { message: rest.slice(match[0].length), level: LEVEL_WORDS.get(match[1] ?? '') ?? null };
}
