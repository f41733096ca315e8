import { createGramFilter } from './gram-filter.ts';
import type { LogPattern } from './log-pattern.ts';
import { ACCELERATOR_PATTERNS } from './patterns/accelerator.ts';
import { CONFIGURATION_PATTERNS } from './patterns/configuration.ts';
import { ENVIRONMENT_PATTERNS } from './patterns/environment.ts';
import { ORCHESTRATOR_PATTERNS } from './patterns/orchestrator.ts';
import { PLATFORM_PATTERNS } from './patterns/platform.ts';
import { requiredLiterals } from './required-literals.ts';

/** Patterns of everything below and around an engine: accelerator, system, orchestrator. */
const SHARED_PATTERNS: readonly LogPattern[] = [
  ...ACCELERATOR_PATTERNS,
  ...ENVIRONMENT_PATTERNS,
  ...ORCHESTRATOR_PATTERNS,
  ...PLATFORM_PATTERNS,
  ...CONFIGURATION_PATTERNS,
];

interface PatternMatch {
  readonly pattern: LogPattern;
  readonly values: Readonly<Record<string, string>>;
}

export interface PatternIndex {
  /** The first pattern that matches, engine patterns before the shared ones. */
  match(message: string): PatternMatch | null;
  /** False when no pattern can match a line and no traceback begins in it, whatever stands before its message. */
  mayMatter(line: string): boolean;
}

const cache = new WeakMap<readonly LogPattern[], PatternIndex>();

/** Index over the patterns of one engine and the shared ones; made once per list. */
export function indexPatterns(enginePatterns: readonly LogPattern[]): PatternIndex {
  const known = cache.get(enginePatterns);
  if (known !== undefined) return known;
  const index = buildIndex([...enginePatterns, ...SHARED_PATTERNS]);
  cache.set(enginePatterns, index);
  return index;
}

function buildIndex(patterns: readonly LogPattern[]): PatternIndex {
  const stateless = patterns.map((pattern) => ({
    pattern,
    regex: new RegExp(pattern.pattern.source, pattern.pattern.flags.replace(/[gy]/g, '')),
  }));
  const literals = stateless.map(({ regex }) => requiredLiterals(regex));
  const filter = createGramFilter(literals);
  const lineFilter = createGramFilter([...literals, TRACE_HEADS]);
  return {
    match: (message) => {
      for (const id of filter.candidates(message)) {
        const entry = stateless[id];
        const found = entry?.regex.exec(message) ?? null;
        if (entry !== undefined && found !== null) {
          return { pattern: entry.pattern, values: namedValues(found.groups) };
        }
      }
      return null;
    },
    mayMatter: (line) => lineFilter.hasCandidate(line) || SHORT_FRAME.test(line),
  };
}

/** With which a traceback begins, or one whose beginning was cut off. */
const TRACE_HEADS = ['traceback (most recent call last)', 'file "'];
/** A frame as people shorten it. No literal of it would do: nearly every line of vLLM names a file and a line. */
const SHORT_FRAME = /\.py:\d+[,:]? in \w/;

/** Longest extracted value. Source: own reasoning, flags and sizes are far shorter. */
const MAX_VALUE_CHARS = 200;

function namedValues(groups: Readonly<Record<string, string | undefined>> | undefined) {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups ?? {})) {
    if (value !== undefined) values[name] = value.trim().slice(0, MAX_VALUE_CHARS);
  }
  return values;
}
