import { isScalar, isSeq } from 'yaml';
import { InvalidInputError, InvariantError } from '../errors.ts';
import { type FlagSyntax, type FlagWords, oppositeFlag, readFlagWords } from './flags.ts';
import { type Launch, parseLaunch } from './launch.ts';
import { locateScalar, type ScalarSource, type ScalarStyle } from './scalar-source.ts';
import { encodeInScalar, scalarStyle } from './scalar-text.ts';
import { parseServiceFile, readDocument } from './service-file.ts';
import { quoteForShell } from './shell-quote.ts';
import type { ShellWord } from './shell-words.ts';
import { type Splice, splice } from './splice.ts';

interface Editor {
  readonly text: string;
  readonly launch: Launch;
  readonly source: ScalarSource;
  readonly encode: (shellText: string) => string;
  readonly flags: readonly FlagWords[];
  /** Words of argv, so that indices of `flags` apply. */
  readonly words: readonly ShellWord[];
}

/**
 * Sets a flag of the launch: the value of its last occurrence under any alias, else a new flag behind the last word.
 * Its `--no-` opposite is taken out. Throws: InvalidInputError `E_LAUNCH` when the flag comes from a shell substitution.
 */
export function setFlag(
  text: string,
  change: { readonly flag: string; readonly value: string | null },
  syntax: FlagSyntax,
): string {
  const opposite = oppositeFlag(change.flag);
  const cleared = hasFlag(text, opposite, syntax) ? removeFlag(text, opposite, syntax) : text;
  const editor = openEditor(cleared, syntax);
  const given = editor.flags.findLast((flag) => isSame(flag.flag, change.flag, syntax));
  const rendered = renderFlag(change, given, syntax);
  const splices =
    given === undefined ? [appendWords(editor, rendered)] : replaceWords(editor, given, rendered);
  const [first, last] = given === undefined ? [editor.words.length, 0] : [given.first, given.last];
  const expected = editor.launch.argv.toSpliced(
    first,
    given === undefined ? 0 : last - first + 1,
    ...rendered.map((word) => word.value),
  );
  return checked(splice(cleared, splices), expected);
}

/** Takes every occurrence of a flag out of the launch. Throws: InvalidInputError when there is none. */
export function removeFlag(text: string, flag: string, syntax: FlagSyntax): string {
  const editor = openEditor(text, syntax);
  const given = editor.flags.filter((found) => isSame(found.flag, flag, syntax));
  if (given.length === 0) {
    const known = editor.flags.map((found) => found.flag).join(', ');
    throw refuse(
      `The launch has no flag ${flag} to remove.`,
      `Leave this change out, or name a flag that the launch has: ${known || 'it has none'}.`,
    );
  }
  const splices = given.map((found) => {
    refuseSubstitution(editor, found);
    const before = editor.launch.words[editor.launch.argvStart + found.first - 1];
    const start = before === undefined ? 0 : endOf(editor, before);
    return { start, end: endOf(editor, wordAt(editor, found.last)), text: '' };
  });
  const gone = new Set(given.flatMap((found) => range(found.first, found.last)));
  const expected = editor.launch.argv.filter((_, index) => !gone.has(index));
  return checked(splice(text, splices), expected);
}

/**
 * Takes a wrapper (by its base name) out of the launch, so that what it wraps runs bare. Only its word and the blanks behind it go.
 * Throws: InvalidInputError `E_LAUNCH` when the launch has no such wrapper, or cannot be edited in place.
 */
export function removeWrapper(text: string, wrapper: string): string {
  const service = parseServiceFile(text);
  if (service.launch === null)
    throw refuse(service.launchProblem ?? 'The service file has no launch command.');
  const { source } = locateLaunch(text, service.commands);
  const { words, argvStart, argv } = parseLaunch(source.value);
  const splices = words.slice(0, argvStart).flatMap((word, index) => {
    if (word.value.slice(word.value.lastIndexOf('/') + 1) !== wrapper) return [];
    const next = words[index + 1];
    const start = source.starts[word.start];
    const end = next === undefined ? undefined : source.starts[next.start];
    return start === undefined || end === undefined ? [] : [{ start, end, text: '' }];
  });
  if (splices.length === 0)
    throw refuse(
      `The launch has no wrapper ${wrapper} to remove.`,
      'Nothing is wrapped: measure the service as it is.',
    );
  return checked(splice(text, splices), argv);
}

function hasFlag(text: string, flag: string, syntax: FlagSyntax): boolean {
  const { launch } = parseServiceFile(text);
  if (launch === null) return false;
  return readFlagWords(launch.argv, syntax).some((found) => isSame(found.flag, flag, syntax));
}

const isSame = (a: string, b: string, syntax: FlagSyntax): boolean =>
  syntax.canonicalFlag(a) === syntax.canonicalFlag(b);
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

const SPELL_OUT =
  'Write the launch as one simple command in a block scalar (|) with its flags spelled out.';

function refuse(message: string, fix = SPELL_OUT): InvalidInputError {
  return new InvalidInputError(message, { code: 'E_LAUNCH', fix });
}

function openEditor(text: string, syntax: FlagSyntax): Editor {
  const service = parseServiceFile(text);
  if (service.launch === null)
    throw refuse(service.launchProblem ?? 'The service file has no launch command.');
  const { source, style, inFlow } = locateLaunch(text, service.commands);
  const launch = parseLaunch(source.value);
  return {
    text,
    launch,
    source,
    encode: (shellText) => encodeInScalar(shellText, style, inFlow),
    flags: readFlagWords(launch.argv, syntax),
    words: launch.words.slice(launch.argvStart),
  };
}

function locateLaunch(
  text: string,
  commands: readonly string[],
): { readonly source: ScalarSource; readonly style: ScalarStyle; readonly inFlow: boolean } {
  const { doc } = readDocument(text);
  const node: unknown = doc.getIn(['commands', commands.length - 1], true);
  const style = isScalar(node) ? scalarStyle(node.type) : null;
  if (!isScalar(node) || style === null || !node.range)
    throw refuse('The launch command is a YAML alias; it cannot be edited in place.');
  const source = locateScalar(text, [node.range[0], node.range[1]], style);
  const trim = (value: string): string => value.replace(/\n+$/, '');
  if (source === null || trim(commands.at(-1) ?? '') !== trim(source.value))
    throw refuse('The layout of the launch command is too unusual to be edited in place.');
  const list: unknown = doc.get('commands', true);
  return { source, style, inFlow: isSeq(list) && list.flow === true };
}

interface RenderedWord {
  readonly value: string;
  readonly shell: string;
}

/** The words of a flag: as the file spells it where it is given, `--flag=value` kept where it was so. */
function renderFlag(
  change: { readonly flag: string; readonly value: string | null },
  given: FlagWords | undefined,
  syntax: FlagSyntax,
): readonly RenderedWord[] {
  const name = given?.flag ?? change.flag;
  const word = (value: string): RenderedWord => ({ value, shell: quoteForShell(value) });
  if (change.value === null) return [word(name)];
  if (given?.joined === true) return [word(`${name}=${change.value}`)];
  const values = syntax.isListFlag(name)
    ? change.value.split(/\s+/).filter(Boolean)
    : [change.value];
  const first = values[0] ?? '';
  // A value that looks like a flag is only read as a value when it is joined to its flag.
  if (/^-[^\d.]/.test(first)) return [word(`${name}=${change.value}`)];
  return [word(name), ...values.map(word)];
}

function appendWords(editor: Editor, rendered: readonly RenderedWord[]): Splice {
  const at = endOf(editor, wordAt(editor, editor.words.length - 1));
  return { start: at, end: at, text: gapOf(editor) + joinWords(editor, rendered) };
}

/** Replaces what differs: the value words where the flag itself stays, else the whole. */
function replaceWords(
  editor: Editor,
  given: FlagWords,
  rendered: readonly RenderedWord[],
): readonly Splice[] {
  refuseSubstitution(editor, given);
  const keepsName = !given.joined && given.last > given.first && rendered.length > 1;
  const from = keepsName ? given.first + 1 : given.first;
  const start = editor.source.starts[wordAt(editor, from).start] ?? 0;
  const end = endOf(editor, wordAt(editor, given.last));
  return [{ start, end, text: joinWords(editor, rendered.slice(keepsName ? 1 : 0)) }];
}

const joinWords = (editor: Editor, rendered: readonly RenderedWord[]): string =>
  editor.encode(rendered.map((word) => word.shell).join(' '));

function wordAt(editor: Editor, index: number): ShellWord {
  const word = editor.words[index];
  if (word === undefined)
    throw new InvariantError(`The launch has no word ${index}.`, {
      code: 'E_SPLICE',
      fix: 'Report this as a bug.',
    });
  return word;
}

const endOf = (editor: Editor, word: ShellWord): number => editor.source.ends[word.end - 1] ?? 0;

function refuseSubstitution(editor: Editor, flag: FlagWords): void {
  const substituted = range(flag.first, flag.last).some(
    (index) => wordAt(editor, index).hasSubstitution,
  );
  if (substituted)
    throw refuse(`The flag ${flag.flag} holds a shell substitution, which cannot be edited.`);
}

/** The blanks (or `\` line end) that stand before the last flag, so that a new one is laid out alike. */
function gapOf(editor: Editor): string {
  const last = editor.flags.at(-1);
  const before = last === undefined ? undefined : editor.words[last.first - 1];
  if (last === undefined || before === undefined) return ' ';
  const start = endOf(editor, before);
  const end = editor.source.starts[wordAt(editor, last.first).start] ?? start;
  const gap = editor.text.slice(start, end);
  return /^[ \t]*(?:\\?\r?\n[ \t]*)?$/.test(gap) && gap !== '' ? gap : ' ';
}

/** Throws: InvariantError when the edited text does not read back as meant. */
function checked(text: string, expected: readonly string[]): string {
  const argv = parseServiceFile(text).launch?.argv ?? [];
  if (argv.length === expected.length && argv.every((word, index) => word === expected[index]))
    return text;
  throw new InvariantError('An edit of the launch did not read back as meant.', {
    code: 'E_SPLICE',
    fix: 'Write the launch as one simple command in a block scalar (|), and report the file as a bug.',
  });
}
