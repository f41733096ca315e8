import { isRecord, parseJson } from '../parse.ts';
import { parseLooseLiteral } from './loose-literal.ts';

export interface EmbeddedValues {
  readonly values: readonly unknown[];
  /** Text between the values: a guide for people, data for us. */
  readonly leftOver: string;
  readonly layout: 'json' | 'embedded' | 'literal' | 'text' | 'empty';
}

/** Longest left-over text that is kept. Source: own reasoning. */
const MAX_LEFT_OVER_CHARS = 20_000;
/** Values taken out of one text, and how often the text may be read over in vain. Source: own reasoning. */
const MAX_VALUES = 1000;
const MAX_VAIN_PASSES = 4;

/** JSON, a Python literal, or text with such blocks in it, fenced or bare. Never throws. Source: tolerance 1 of the context's shapes. */
export function extractValues(text: string): EmbeddedValues {
  const trimmed = text.trim();
  if (trimmed === '') return { values: [], leftOver: '', layout: 'empty' };
  const whole = parseJson(trimmed);
  if (whole !== undefined) {
    return typeof whole === 'string' ? extractFromString(whole) : single(whole, 'json');
  }
  const literal = /^[[{(]/.test(trimmed) ? parseLooseLiteral(trimmed, 0) : null;
  if (literal !== null && trimmed.slice(literal.end).trim() === '') {
    return single(literal.value, 'literal');
  }
  return extractBlocks(trimmed);
}

/** A JSON string may hold the JSON itself; once, not for ever. */
function extractFromString(inner: string): EmbeddedValues {
  const again = parseJson(inner.trim());
  return again !== undefined && typeof again !== 'string'
    ? single(again, 'json')
    : extractBlocks(inner.trim());
}

function single(value: unknown, layout: 'json' | 'literal'): EmbeddedValues {
  if (typeof value !== 'object' || value === null) {
    return { values: [], leftOver: String(value).slice(0, MAX_LEFT_OVER_CHARS), layout: 'text' };
  }
  const keys = isRecord(value) ? Object.keys(value) : [];
  const context = isRecord(value) ? value['context'] : undefined;
  if (keys.length === 1 && typeof context === 'string') return extractValues(context);
  return { values: [value], leftOver: '', layout };
}

function extractBlocks(text: string): EmbeddedValues {
  const values: unknown[] = [];
  let leftOver = '';
  let vain = 0;
  let from = 0;
  for (const match of text.matchAll(/[[{]/g)) {
    if (match.index < from) continue;
    if (values.length >= MAX_VALUES || vain > MAX_VAIN_PASSES * text.length) break;
    const block = readBlock(text, match.index);
    vain += block.cost;
    if (block.value === null) continue;
    values.push(block.value);
    leftOver = appendCapped(leftOver, text.slice(from, match.index));
    from = block.end;
  }
  leftOver = appendCapped(leftOver, text.slice(from))
    .replace(/^```\w*\s*$/gm, '')
    .trim();
  return { values, leftOver, layout: values.length === 0 ? 'text' : 'embedded' };
}

function appendCapped(before: string, more: string): string {
  return before.length >= MAX_LEFT_OVER_CHARS
    ? before
    : (before + more).slice(0, MAX_LEFT_OVER_CHARS);
}

/** The balanced block at `start`; JSON first, since it is fast, then the loose reader. `cost` counts characters read in vain. */
function readBlock(
  text: string,
  start: number,
): { readonly value: unknown; readonly end: number; readonly cost: number } {
  const end = endOfBalanced(text, start);
  if (end === null) return { value: null, end: start + 1, cost: text.length - start };
  const block = text.slice(start, end);
  const json = parseJson(block);
  if (typeof json === 'object' && json !== null) {
    return isWorthKeeping(json)
      ? { value: json, end, cost: 0 }
      : { value: null, end, cost: end - start };
  }
  const literal = parseLooseLiteral(text, start);
  if (literal === null || !isWorthKeeping(literal.value)) {
    return { value: null, end: start + 1, cost: end - start };
  }
  return { value: literal.value, end: literal.end, cost: 0 };
}

/** Markdown links and index expressions look like lists; a block is data when it holds an object. */
function isWorthKeeping(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => typeof item === 'object' && item !== null);
  return isRecord(value) && Object.keys(value).length > 0;
}

const BRACKETS_AND_QUOTES = /[[\]{}"]/g;

/** Index behind the bracket that closes the one at `start`, strings skipped. Null when: none does. */
function endOfBalanced(text: string, start: number): number | null {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    BRACKETS_AND_QUOTES.lastIndex = at;
    const found = BRACKETS_AND_QUOTES.exec(text);
    if (found === null) return null;
    at = found[0] === '"' ? endOfString(text, found.index) : found.index + 1;
    if (found[0] === '{' || found[0] === '[') depth += 1;
    else if (found[0] !== '"') depth -= 1;
    if (depth === 0) return at;
  }
  return null;
}

function endOfString(text: string, quote: number): number {
  for (let at = quote + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\') at += 1;
    else if (char === '"') return at + 1;
  }
  return text.length;
}
