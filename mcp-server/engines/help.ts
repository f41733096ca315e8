import { HELP_BEGIN, HELP_END } from '../core/telemetry/help-block.ts';
import type { FlagKind, InventoryFlag, RemovedFlag } from './engine.ts';

/** Text between the help markers of a log, or null when both are not there. */
export function extractHelp(log: string): string | null {
  const start = log.indexOf(HELP_BEGIN);
  const end = log.indexOf(HELP_END, start);
  return start === -1 || end === -1 ? null : log.slice(start + HELP_BEGIN.length, end);
}

/** argparse indents a flag by two blanks; llama.cpp starts it in the first column. */
const FLAG_LINE = /^ {0,4}-{1,2}[A-Za-z]/;
const REMOVED_TEXT = /argument has been removed\. use (.*?)(?: \(env:|$)/;

interface Entry {
  readonly names: readonly string[];
  readonly metavar: string;
  readonly body: string;
}

/** Reads the flags out of a program's `--help`: argparse (SGLang, vLLM) or llama.cpp. Never throws; other text gives []. */
export function parseHelp(text: string): readonly InventoryFlag[] {
  return readEntries(text)
    .filter((entry) => !REMOVED_TEXT.test(entry.body))
    .flatMap(readEntry);
}

/** Flags that a `--help` itself calls removed. */
export function parseRemoved(text: string): readonly RemovedFlag[] {
  return readEntries(text).flatMap((entry) => {
    const use = REMOVED_TEXT.exec(entry.body)?.[1];
    return use === undefined ? [] : entry.names.map((flag) => ({ flag, last: '', use }));
  });
}

function readEntries(text: string): readonly Entry[] {
  const entries: { names: readonly string[]; metavar: string; body: string[] }[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '');
    if (FLAG_LINE.test(line)) {
      const { names, metavar, rest } = splitHead(line.trim());
      entries.push({ names, metavar, body: rest === '' ? [] : [rest] });
    } else if (/^\s+\S/.test(line)) entries.at(-1)?.body.push(line.trim());
  }
  return entries.map((entry) => ({ ...entry, body: entry.body.join(' ') }));
}

const NAME = /^--?[A-Za-z][\w.-]*/;
const META = /^[ =](\{[^}]*\}|\[[^\]]*\]|<[^>]*>|[^\s-]\S*)/;

interface Head {
  readonly names: readonly string[];
  readonly metavar: string;
  readonly rest: string;
}

/** Splits `-t, --threads N    meaning`: names, the value behind them, and what follows a wide gap. */
function splitHead(line: string): Head {
  const names: string[] = [];
  const metavars = new Set<string>();
  let rest = line;
  for (let name = NAME.exec(rest); name !== null; name = NAME.exec(rest)) {
    names.push(name[0]);
    const value = readMetavars(rest.slice(name[0].length));
    if (value.metavar !== '') metavars.add(value.metavar);
    rest = value.rest;
    const comma = /^,\s+(?=-)/.exec(rest);
    if (comma === null) break;
    rest = rest.slice(comma[0].length);
  }
  return { names, metavar: [...metavars].join(' '), rest: rest.trim() };
}

/** The words behind a name, one blank apart; a comma that parts two names is not one of theirs. */
function readMetavars(text: string): { readonly metavar: string; readonly rest: string } {
  const words: string[] = [];
  let rest = text;
  for (let found = META.exec(rest); found !== null; found = META.exec(rest)) {
    const word = found[1]?.replace(/(?<!\.\.\.),$/, '') ?? '';
    words.push(word);
    rest = rest.slice(word.length + 1);
  }
  return { metavar: words.join(' '), rest };
}

/** One flag, or two where the help lists a switch beside its negation (`--mmap, --no-mmap`). */
function readEntry(entry: Entry): readonly InventoryFlag[] {
  const at = entry.names.findIndex((name) => name.startsWith('--no-'));
  const isPair = at > 0 && entry.names.slice(0, at).some((name) => name.startsWith('--'));
  if (!isPair) return toFlag(entry, entry.names);
  const firstLong = entry.names.findIndex((name) => name.startsWith('--'));
  const negations = entry.names.filter(
    (name, index) => index > firstLong && /^(?:--no-|-n)/.test(name),
  );
  return [
    ...toFlag(
      entry,
      entry.names.filter((name) => !negations.includes(name)),
    ),
    ...toFlag(entry, negations),
  ];
}

function toFlag(entry: Entry, names: readonly string[]): readonly InventoryFlag[] {
  const flag = names.find((name) => name.startsWith('--')) ?? names[0];
  if (flag === undefined) return [];
  const kind = kindOf(entry);
  return [
    {
      flag,
      category: 'help',
      type: kind,
      kind,
      default: readDefault(entry.body),
      resolvedDefault: null,
      choices: readChoices(entry),
      choicesByVersion: [],
      meaning: entry.body.slice(0, 240),
      affects: [],
      since: null,
      aliases: names.filter((name) => name !== flag),
      deprecatedAliases: [],
      constraints: [],
      noOp: /\(DEPRECATED\)/.test(entry.body),
    },
  ];
}

const CHOICE_LIST = /^[{[<]([A-Za-z0-9_.-]+(?:\s*[,|]\s*[A-Za-z0-9_.-]+)+)[}\]>]$/;

function readChoices(entry: Entry): readonly string[] | null {
  const inHead = CHOICE_LIST.exec(entry.metavar)?.[1];
  const allowed = /allowed values: ([A-Za-z0-9_., -]+?)(?:\s*\(|\s*$)/.exec(entry.body)?.[1];
  const list = inHead ?? allowed;
  if (list === undefined || list.includes('..')) return null;
  return list
    .split(/[,|]/)
    .map((choice) => choice.trim())
    .filter(Boolean);
}

function kindOf(entry: Entry): FlagKind {
  if (entry.metavar === '') return 'bool';
  if (entry.metavar.endsWith(' ...]')) return 'list';
  if (entry.metavar !== 'N') return 'str';
  const byDefault = readDefault(entry.body) ?? '';
  if (/^-?\d+$/.test(byDefault)) return 'int';
  return byDefault === '' || !Number.isNaN(Number(byDefault)) ? 'float' : 'str';
}

function readDefault(body: string): string | null {
  return /\(default: ([^),]+)/.exec(body)?.[1]?.trim() ?? null;
}
