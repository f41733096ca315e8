import type { FlagKind, InventoryFlag } from './engine.ts';

/** Lines between which a first deployment prints `--help` of its image. */
export const HELP_BEGIN = '----- autodebug engine help begin -----';
export const HELP_END = '----- autodebug engine help end -----';

/** Text between the help markers of a log, or null when both are not there. */
export function extractHelp(log: string): string | null {
  const start = log.indexOf(HELP_BEGIN);
  const end = log.indexOf(HELP_END, start);
  return start === -1 || end === -1 ? null : log.slice(start + HELP_BEGIN.length, end);
}

const FLAG_NAME = /(?:^|[\s,[(|])(--?[A-Za-z][A-Za-z0-9_.-]*)/g;
/** argparse indents a flag by two blanks; llama.cpp starts it in the first column. */
const FLAG_LINE = /^ {0,4}-{1,2}[A-Za-z]/;

interface Entry {
  readonly head: string;
  readonly body: string;
}

/**
 * Reads the flags out of a program's `--help`: argparse (SGLang, vLLM) or llama.cpp. Never throws; unknown text gives [].
 */
export function parseHelp(text: string): readonly InventoryFlag[] {
  const entries: { head: string; body: string[] }[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '');
    if (FLAG_LINE.test(line)) {
      const { head, rest } = splitHead(line);
      entries.push({ head, body: rest === '' ? [] : [rest] });
    } else if (/^\s+\S/.test(line)) entries.at(-1)?.body.push(line.trim());
  }
  return entries.flatMap((entry) => readEntry({ head: entry.head, body: entry.body.join(' ') }));
}

/** Splits `--flag VALUE    meaning` at the wide gap before the meaning. */
function splitHead(line: string): { readonly head: string; readonly rest: string } {
  const trimmed = line.trim();
  const gap = /^((?:--?[^\s,]+(?: [^\s-][^\s,]*)?,\s*)*--?[^\s,]+(?: \S+)*?)\s{2,}(\S.*)$/.exec(
    trimmed,
  );
  return gap === null ? { head: trimmed, rest: '' } : { head: gap[1] ?? '', rest: gap[2] ?? '' };
}

function readEntry(entry: Entry): readonly InventoryFlag[] {
  const names = [...entry.head.matchAll(FLAG_NAME)].map((match) => match[1] ?? '');
  const flag = names.find((name) => name.startsWith('--')) ?? names[0];
  if (flag === undefined) return [];
  const choices = readChoices(entry);
  return [
    {
      flag,
      category: 'help',
      type: kindOf(entry),
      kind: kindOf(entry),
      default: readDefault(entry.body),
      resolvedDefault: null,
      choices,
      choicesByVersion: [],
      meaning: entry.body.slice(0, 240),
      affects: [],
      since: null,
      aliases: names.filter((name) => name !== flag),
      deprecatedAliases: [],
      constraints: [],
      noOp: false,
    },
  ];
}

const CHOICE_LIST = /[{[<]([A-Za-z0-9_.-]+(?:\s*[,|]\s*[A-Za-z0-9_.-]+)+)[}\]>]/;

function readChoices(entry: Entry): readonly string[] | null {
  const inHead = CHOICE_LIST.exec(entry.head)?.[1];
  const allowed = /allowed values: ([A-Za-z0-9_., -]+?)(?:\s*\(|\s*$)/.exec(entry.body)?.[1];
  const list = inHead ?? allowed;
  if (list === undefined || list.includes('...')) return null;
  return list
    .split(/[,|]/)
    .map((choice) => choice.trim())
    .filter(Boolean);
}

function kindOf(entry: Entry): FlagKind {
  const value = entry.head
    .replace(/--?[A-Za-z][A-Za-z0-9_.-]*/g, '')
    .replace(/[,|\s]+/g, ' ')
    .trim();
  if (value === '') return 'bool';
  if (/\.\.\.|\[[A-Z_]+ /.test(value)) return 'list';
  if (/^(N|INT|PORT|SEED)$/i.test(value)) return /float|probab/i.test(value) ? 'float' : 'int';
  return 'str';
}

function readDefault(body: string): string | null {
  return /\(default: ([^),]+)/.exec(body)?.[1]?.trim() ?? null;
}
