import { InvalidInputError } from '../errors.ts';
import { type ShellWord, scanShell } from './shell-words.ts';

/** The command that starts the engine, read as the shell would. */
export interface Launch {
  readonly command: string;
  readonly words: readonly ShellWord[];
  /** Index in `words` of the first word of `argv`. */
  readonly argvStart: number;
  /** What runs, after assignments and wrappers. */
  readonly argv: readonly string[];
  /** Wrappers in order, by base name. */
  readonly wrappers: readonly string[];
  /** Assignments before the program (`A=1 vllm serve …`, `env A=1 …`). */
  readonly env: Readonly<Record<string, string>>;
}

const WRAPPERS = ['graphsignal-run', 'exec', 'env'];
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/;

const OPERATOR_NAMES: Readonly<Record<string, string>> = {
  '|': 'a pipe (|)',
  '||': 'a list (||)',
  '&&': 'a list (&&)',
  ';': 'a list (;)',
  '&': 'a background mark (&)',
  '<<': 'a here-document (<<)',
  '<<-': 'a here-document (<<-)',
  '(': 'a subshell',
  ')': 'a subshell',
};

/**
 * Reads a launch: one simple command, optionally behind `graphsignal-run`, `exec` or `env`, with `\` line ends.
 * Throws: InvalidInputError `E_LAUNCH` for pipes, lists, redirections, here-documents, several commands, open quotes.
 */
export function parseLaunch(command: string): Launch {
  const scan = scanShell(command);
  if (scan.problem !== null) throw refuse(`The launch command cannot be read: ${scan.problem}.`);
  const operator = scan.operators.find((found) => found.text !== '\n');
  if (operator !== undefined) {
    const name = OPERATOR_NAMES[operator.text] ?? `a redirection (${operator.text})`;
    throw refuse(`The launch command holds ${name}; it must be one simple command.`);
  }
  if (hasSeveralCommands(scan.words, scan.operators))
    throw refuse('The launch command spans several lines that the shell runs one by one.');
  return readPrefix(command, scan.words);
}

function refuse(message: string): InvalidInputError {
  return new InvalidInputError(message, {
    code: 'E_LAUNCH',
    fix: 'Give the launch an entry of its own in commands, as one simple command with \\ at line ends; put everything else in earlier entries.',
  });
}

function hasSeveralCommands(
  words: readonly ShellWord[],
  operators: readonly { readonly at: number }[],
): boolean {
  const first = words[0]?.start ?? 0;
  const last = words[words.length - 1]?.start ?? 0;
  return operators.some((lineEnd) => lineEnd.at > first && lineEnd.at < last);
}

function readPrefix(command: string, words: readonly ShellWord[]): Launch {
  const env: Record<string, string> = {};
  const wrappers: string[] = [];
  let at = 0;
  for (; at < words.length; at += 1) {
    const value = words[at]?.value ?? '';
    const assignment = ASSIGNMENT.exec(value);
    const base = value.slice(value.lastIndexOf('/') + 1);
    if (assignment !== null) env[assignment[1] ?? ''] = assignment[2] ?? '';
    else if (WRAPPERS.includes(base)) wrappers.push(base);
    else break;
  }
  if (at >= words.length) throw refuse('The launch command names no program.');
  const argv = words.slice(at).map((word) => word.value);
  return { command, words, argvStart: at, argv, wrappers, env };
}
