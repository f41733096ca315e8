import { isRecord } from '../parse.ts';
import { cleanText } from '../redact.ts';
import { emptyLabels } from './prometheus-line.ts';

/** Longest text value kept of a tag or attribute. Source: upload limit of 2500 characters per attribute value. */
const MAX_TEXT_CHARS = 2500;
/** Most entries of one map. Source: own reasoning; the profiler sends at most a few dozen. */
const MAX_ENTRIES = 400;

/** A number, or a string that spells one. Null when: neither, or not finite. */
export function looseNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'string' || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** Text of a scalar, cleaned and capped; empty for anything else. */
export function looseText(value: unknown, maxChars = MAX_TEXT_CHARS): string {
  if (typeof value === 'string') return cleanText(value, maxChars);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return '';
}

/**
 * A time in ms since the epoch from ns, us, ms, s or ISO text, told apart by magnitude.
 * Null when: it is no time of this century.
 */
export function looseTimeMs(value: unknown): number | null {
  const number = looseNumber(value);
  if (number === null) {
    const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
    return Number.isNaN(parsed) ? null : parsed;
  }
  if (number > 1e17) return number / 1e6;
  if (number > 1e14) return number / 1e3;
  if (number > 1e11) return number;
  return number > 1e8 ? number * 1e3 : null;
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  if (isRecord(value)) return Object.entries(value).slice(0, MAX_ENTRIES);
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_ENTRIES).flatMap((item: unknown): (readonly [string, unknown])[] => {
    if (!isRecord(item)) return [];
    const key = looseText(item['key'] ?? item['name'], 200);
    return key === '' ? [] : [[key, item['value']]];
  });
}

/** Tags or attributes: a map, or a list of `{key|name, value}`. */
export function looseTextMap(value: unknown): Readonly<Record<string, string>> {
  const map = emptyLabels();
  for (const [key, item] of entriesOf(value)) map[cleanText(key, 200)] = looseText(item);
  return map;
}

/** Counters: a map, or a list of `{key|name, value}`; what is no number is left out. */
export function looseNumberMap(value: unknown): Readonly<Record<string, number>> {
  const map: Record<string, number> = Object.create(null);
  for (const [key, item] of entriesOf(value)) {
    const number = looseNumber(item);
    if (number !== null) map[cleanText(key, 200)] = number;
  }
  return map;
}

/** The first of the named fields that is there. */
export function firstOf(
  record: Readonly<Record<string, unknown>>,
  names: readonly string[],
): unknown {
  for (const name of names) {
    if (record[name] !== undefined && record[name] !== null) return record[name];
  }
  return undefined;
}
