/** What must be known of an engine's command line to read and edit it; every Engine is one. */
export interface FlagSyntax {
  /** Index in argv of the first engine flag. */
  flagsStart(argv: readonly string[]): number;
  isBooleanFlag(flag: string): boolean;
  /** True for a flag that takes several words, e.g. `--cuda-graph-bs 1 2 4`. */
  isListFlag(flag: string): boolean;
  /** One spelling for all aliases of a flag. An unknown flag is returned as it is. */
  canonicalFlag(flag: string): string;
}

export interface Flag {
  /** As written, without `=value`. */
  readonly flag: string;
  /** Null for a flag without a value; the words of a list joined by one blank. */
  readonly value: string | null;
}

export interface FlagWords extends Flag {
  /** Indices in argv of its first and last word. */
  readonly first: number;
  readonly last: number;
  /** True when written `--flag=value`. */
  readonly joined: boolean;
}

const FLAG = /^--?[A-Za-z]/;

/** The flags of an argv in order, each with the words it covers. Positional words are skipped. */
export function readFlagWords(argv: readonly string[], syntax: FlagSyntax): readonly FlagWords[] {
  const flags: FlagWords[] = [];
  let at = syntax.flagsStart(argv);
  while (at < argv.length) {
    const word = argv[at] ?? '';
    if (!FLAG.test(word)) {
      at += 1;
      continue;
    }
    const read = readOne(argv, at, syntax);
    flags.push(read);
    at = read.last + 1;
  }
  return flags;
}

function readOne(argv: readonly string[], at: number, syntax: FlagSyntax): FlagWords {
  const word = argv[at] ?? '';
  const equals = word.indexOf('=');
  if (equals > 0) {
    const flag = word.slice(0, equals);
    return { flag, value: word.slice(equals + 1), first: at, last: at, joined: true };
  }
  const alone = { flag: word, value: null, first: at, last: at, joined: false };
  if (syntax.isBooleanFlag(word)) return alone;
  let last = at;
  const limit = syntax.isListFlag(word) ? argv.length : at + 2;
  while (last + 1 < Math.min(limit, argv.length) && !FLAG.test(argv[last + 1] ?? '')) last += 1;
  if (last === at) return alone;
  return { ...alone, value: argv.slice(at + 1, last + 1).join(' '), last };
}

/** The flags of an argv in order, as written. */
export function readFlags(argv: readonly string[], syntax: FlagSyntax): readonly Flag[] {
  return readFlagWords(argv, syntax).map(({ flag, value }) => ({ flag, value }));
}

/** The value in force of one flag under any of its aliases: the last one wins. Undefined when it is not given. */
export function flagValue(
  flags: readonly Flag[],
  flag: string,
  syntax: FlagSyntax,
): string | null | undefined {
  const wanted = syntax.canonicalFlag(flag);
  return flags.findLast((given) => syntax.canonicalFlag(given.flag) === wanted)?.value;
}

/** `--no-x` for `--x` and the reverse: the flag that says the opposite. */
export function oppositeFlag(flag: string): string {
  return flag.startsWith('--no-') ? `--${flag.slice(5)}` : `--no-${flag.replace(/^-+/, '')}`;
}
