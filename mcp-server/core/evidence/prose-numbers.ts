import { type PrintedNumber, readPrinted } from './rounding.ts';

/** A number of a bullet's prose that needs a citation. */
export interface ProseNumber {
  /** As written, unit included, e.g. `412.3 ms`. */
  readonly text: string;
  readonly printed: PrintedNumber;
  readonly unit: string | null;
}

/** Factor from a unit to the base of its family; values of one family may be cited in another unit of it. */
export const UNITS: Readonly<Record<string, { readonly family: string; readonly factor: number }>> =
  {
    ns: { family: 'time', factor: 1e-9 },
    us: { family: 'time', factor: 1e-6 },
    µs: { family: 'time', factor: 1e-6 },
    ms: { family: 'time', factor: 1e-3 },
    s: { family: 'time', factor: 1 },
    sec: { family: 'time', factor: 1 },
    seconds: { family: 'time', factor: 1 },
    min: { family: 'time', factor: 60 },
    minutes: { family: 'time', factor: 60 },
    h: { family: 'time', factor: 3600 },
    hours: { family: 'time', factor: 3600 },
    kb: { family: 'bytes', factor: 1e3 },
    mb: { family: 'bytes', factor: 1e6 },
    gb: { family: 'bytes', factor: 1e9 },
    kib: { family: 'bytes', factor: 1024 },
    mib: { family: 'bytes', factor: 1024 ** 2 },
    gib: { family: 'bytes', factor: 1024 ** 3 },
    '%': { family: 'share', factor: 0.01 },
    percent: { family: 'share', factor: 0.01 },
    x: { family: 'times', factor: 1 },
    '×': { family: 'times', factor: 1 },
    times: { family: 'times', factor: 1 },
    k: { family: 'count', factor: 1e3 },
  };

const NUMBER = '[-+−]?(?:\\d{1,3}(?:,\\d{3})+(?!\\d)|\\d+)(?:\\.\\d+)?(?:e[-+]?\\d+)?';
const WITH_UNIT = new RegExp(
  `^(${NUMBER})(ns|us|µs|ms|s|sec|min|h|kb|mb|gb|kib|mib|gib|%|x|×|k)?$`,
  'i',
);
/** Dates, clock times and versions: names of moments and releases, not measurements. */
const NAME_LIKE =
  /^(?:\d{4}-\d{2}-\d{2}.*|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?|v?\d+(?:\.\d+){2,}.*)$/;
const FLAG = /^--?[A-Za-z][\w.-]*$/;

/**
 * Numbers of a prose that need a citation. Exempt are digits inside names, ids, versions, dates and flags, and the value
 * that stands directly behind a flag.
 */
export function proseNumbers(prose: string): readonly ProseNumber[] {
  const words = prose
    .replace(/[()[\]{}"'“”„`*|]/g, ' ')
    .replace(/[→⇒]|\.\.\.|…/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
  return words.flatMap((word, index) => {
    if (FLAG.test(words[index - 1] ?? '')) return [];
    return numbersOfWord(word, words[index + 1] ?? '');
  });
}

function numbersOfWord(word: string, following: string): readonly ProseNumber[] {
  const bare = word.replace(/^[~≈<>≤≥=$€,;:]+|[.,;:!?]+$/g, '');
  if (!/\d/.test(bare) || NAME_LIKE.test(bare) || bare.startsWith('--')) return [];
  const parts = splitWord(bare);
  return parts.flatMap((part, index) => {
    const isLast = index === parts.length - 1;
    const read = readNumber(part, isLast ? following : '');
    return read === null ? [] : [read];
  });
}

/** `14/20`, `10–20` and `reqs=14` hold several parts; a name with digits in it is one. */
function splitWord(word: string): readonly string[] {
  const afterEquals = word.includes('=') ? word.split('=').slice(1) : [word];
  return afterEquals.flatMap((part) =>
    new RegExp(`^${NUMBER}(?:[a-z%]{0,3})(?:[/–:]|-(?=\\d)|\\.\\.)\\S+$`, 'i').test(part)
      ? part.split(/[/–:]|(?<=\d)-(?=\d)|\.\./)
      : [part],
  );
}

function readNumber(part: string, following: string): ProseNumber | null {
  const match = WITH_UNIT.exec(part.replace(/^[~≈<>≤≥$€]+/, ''));
  const printed = match === null ? null : readPrinted(match[1] ?? '');
  if (match === null || printed === null) return null;
  const next = following.replace(/[.,;:!?]+$/, '').toLowerCase();
  const unit = match[2]?.toLowerCase() ?? (Object.hasOwn(UNITS, next) ? next : null);
  return { text: unit === null ? part : `${match[1]} ${unit}`, printed, unit };
}
