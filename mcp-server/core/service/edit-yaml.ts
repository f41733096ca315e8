import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { InvalidInputError } from '../errors.ts';
import { renderScalar } from './scalar-text.ts';
import { readDocument } from './service-file.ts';
import { lineBreak, lineStart, nextLine, type Splice, splice } from './splice.ts';

type Value = string | number;

const render = (value: Value, inFlow = false): string =>
  typeof value === 'number' ? String(value) : renderScalar(value, inFlow);

/**
 * Sets a value of the top-level mapping, or of one mapping in it (`path` of one or two keys), leaving every other byte.
 * A key that is absent is added behind the last of its mapping; a mapping that is absent is added before `commands`.
 */
export function setValue(text: string, path: readonly [string, ...string[]], value: Value): string {
  const [head, key] = path;
  if (key === undefined) return setTopValue(text, head, render(value));
  const pair = topPair(text, head);
  if (pair === null) return insertTop(text, head, `  ${key}: ${render(value)}`);
  const map = requireMap(pair.value, head);
  const found = findPair(map, key);
  if (found !== null) return splice(text, [replaceValue(text, found, render(value, isFlow(map)))]);
  return splice(text, [appendPair(text, map, `${key}: ${render(value, isFlow(map))}`)]);
}

/** Sets one variable of `env`, in the form (mapping or list) that the file uses; a list when it has none. */
export function setEnv(text: string, name: string, value: string): string {
  const pair = topPair(text, 'env');
  if (pair === null || isEmptyNode(pair.value))
    return pair === null
      ? insertTop(text, 'env', `  - ${render(`${name}=${value}`)}`)
      : setEnv(removePair(text, pair), name, value);
  if (isMap(pair.value)) return setValue(text, ['env', name], value);
  const list = requireSeq(pair.value);
  const rendered = render(`${name}=${value}`, isFlow(list));
  const item = findEnvItem(list, name);
  if (item !== null) return splice(text, [{ ...rangeOf(item), text: rendered }]);
  return splice(text, [appendItem(text, list, rendered)]);
}

/** Takes one variable out of `env`, and `env` itself with its last one. Throws: InvalidInputError when it is not there. */
export function removeEnv(text: string, name: string): string {
  const pair = topPair(text, 'env');
  const holder = pair?.value;
  const entries: readonly unknown[] = entriesOf(holder);
  const index = entries.findIndex((entry) => nameOfEntry(entry) === name);
  if (pair === null || index === -1)
    throw refuse(`The service file sets no environment variable ${name} to remove.`);
  if (entries.length === 1) return removePair(text, pair);
  const ranges = entries.map(rangeOfEntry);
  const inFlow = (isMap(holder) || isSeq(holder)) && isFlow(holder);
  return splice(text, [
    inFlow ? flowEntry(ranges, index) : wholeLines(text, ranges[index] ?? EMPTY),
  ]);
}

const entriesOf = (holder: unknown): readonly unknown[] =>
  isMap(holder) || isSeq(holder) ? holder.items : [];

const EMPTY: Range = { start: 0, end: 0 };

function nameOfEntry(entry: unknown): unknown {
  if (isPair(entry)) return keyOf(entry);
  return isScalar(entry) ? nameOf(entry.value) : null;
}

/** An entry of a flow collection with the comma that parts it from its neighbour. */
function flowEntry(ranges: readonly Range[], index: number): Splice {
  const own = ranges[index] ?? EMPTY;
  if (index === 0) return { start: own.start, end: (ranges[1] ?? own).start, text: '' };
  return { start: (ranges[index - 1] ?? own).end, end: own.end, text: '' };
}

function refuse(message: string): InvalidInputError {
  return new InvalidInputError(message, {
    code: 'E_SERVICE_FILE',
    fix: 'Write this part of the service file out, without anchors, as a plain mapping or list.',
  });
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function rangeOf(node: unknown): Range {
  if ((isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) && node.range)
    return { start: node.range[0], end: node.range[1] };
  throw refuse('A part of the service file cannot be located.');
}

function rangeOfEntry(entry: unknown): Range {
  if (!isPair(entry)) return rangeOf(entry);
  const key = rangeOf(entry.key);
  return {
    start: key.start,
    end: isEmptyNode(entry.value) ? key.end + 1 : rangeOf(entry.value).end,
  };
}

const isFlow = (node: YAMLMap | YAMLSeq): boolean => node.flow === true;
const keyOf = (pair: Pair): unknown => (isScalar(pair.key) ? pair.key.value : pair.key);
const nameOf = (value: unknown): string => String(value).split('=', 1)[0] ?? '';
const isEmptyNode = (node: unknown): boolean =>
  node === null ||
  node === undefined ||
  (isScalar(node) && node.value === null) ||
  ((isMap(node) || isSeq(node)) && node.items.length === 0);

function topPair(text: string, key: string): Pair | null {
  const { doc } = readDocument(text);
  return isMap(doc.contents) ? findPair(doc.contents, key) : null;
}

function findPair(map: YAMLMap, key: string): Pair | null {
  return map.items.find((pair) => keyOf(pair) === key) ?? null;
}

function requireMap(node: unknown, key: string): YAMLMap {
  if (isMap(node) && node.items.length > 0) return node;
  throw refuse(`${key} is not a mapping with at least one entry.`);
}

function requireSeq(node: unknown): YAMLSeq {
  if (isSeq(node)) return node;
  throw refuse('env is neither a mapping nor a list.');
}

function findEnvItem(list: YAMLSeq, name: string): unknown {
  return list.items.find((item) => isScalar(item) && nameOf(item.value) === name) ?? null;
}

function setTopValue(text: string, key: string, rendered: string): string {
  const pair = topPair(text, key);
  if (pair !== null) return splice(text, [replaceValue(text, pair, rendered)]);
  const at = insertionPoint(text);
  return splice(text, [{ start: at, end: at, text: `${key}: ${rendered}${lineBreak(text)}` }]);
}

/** Adds a new top-level block before `commands`. */
function insertTop(text: string, key: string, body: string): string {
  const at = insertionPoint(text);
  const eol = lineBreak(text);
  return splice(text, [{ start: at, end: at, text: `${key}:${eol}${body}${eol}` }]);
}

function insertionPoint(text: string): number {
  const commands = topPair(text, 'commands');
  return commands === null ? 0 : lineStart(text, rangeOf(commands.key).start);
}

/** Replaces what stands behind the colon; a comment behind a scalar stays. */
function replaceValue(text: string, pair: Pair, rendered: string): Splice {
  const colon = text.indexOf(':', rangeOf(pair.key).end);
  if (isEmptyNode(pair.value) && !isMap(pair.value) && !isSeq(pair.value))
    return { start: colon + 1, end: colon + 1, text: ` ${rendered}` };
  const range = rangeOf(pair.value);
  const isBlock =
    text.slice(colon, range.start).includes('\n') ||
    /[\r\n]/.test(text.slice(range.start, range.end));
  if (!isBlock) return { ...range, text: rendered };
  const end = range.start + text.slice(range.start, range.end).trimEnd().length;
  return { start: colon + 1, end, text: ` ${rendered}` };
}

function appendPair(text: string, map: YAMLMap, line: string): Splice {
  const last = map.items.at(-1);
  const range = rangeOfEntry(last);
  if (isFlow(map)) return { start: range.end, end: range.end, text: `, ${line}` };
  const indent = text.slice(lineStart(text, range.start), range.start);
  return appendLine(text, range, indent.replace(/\S/g, ' ') + line);
}

function appendItem(text: string, list: YAMLSeq, rendered: string): Splice {
  const range = rangeOf(list.items.at(-1));
  if (isFlow(list)) return { start: range.end, end: range.end, text: `, ${rendered}` };
  const dash = text.slice(lineStart(text, range.start), range.start);
  return appendLine(text, range, `${/^\s*- +$/.test(dash) ? dash : '  - '}${rendered}`);
}

/** A new line behind the one on which an entry ends. */
function appendLine(text: string, range: Range, line: string): Splice {
  const eol = lineBreak(text);
  const at = text[range.end - 1] === '\n' ? range.end : nextLine(text, range.end);
  const needsBreak = at === text.length && text[at - 1] !== '\n';
  return { start: at, end: at, text: needsBreak ? `${eol}${line}` : `${line}${eol}` };
}

function removePair(text: string, pair: Pair): string {
  const start = lineStart(text, rangeOf(pair.key).start);
  return splice(text, [wholeLines(text, { start, end: rangeOfEntry(pair).end })]);
}

/** All lines that a range touches, the last line break included. */
function wholeLines(text: string, range: Range): Splice {
  const start = lineStart(text, range.start);
  const end = text[range.end - 1] === '\n' ? range.end : nextLine(text, range.end);
  // Without a line break at the end of the text, the one before goes instead.
  const takesPrevious = end === text.length && text[end - 1] !== '\n' && start > 0;
  const before = text.slice(0, start).replace(/\r?\n$/, '').length;
  return { start: takesPrevious ? before : start, end, text: '' };
}
