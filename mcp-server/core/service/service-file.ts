import { type Document, LineCounter, parseDocument } from 'yaml';
import { givenAt } from '../describe-issues.ts';
import { AutodebugError, InvalidInputError } from '../errors.ts';
import { isRecord } from '../parse.ts';
import { type Launch, parseLaunch } from './launch.ts';
import { SERVICE_KEYS, ServiceFields } from './service-schema.ts';

/** A dstack service file, read. `text` is the truth: edits splice it and never render it anew. */
export interface ServiceFile {
  readonly text: string;
  readonly name: string | null;
  readonly image: string | null;
  /** Port inside the container. */
  readonly port: number;
  readonly modelName: string | null;
  readonly commands: readonly string[];
  /** Value null: taken from the environment of whoever deploys. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly resources: Readonly<Record<string, unknown>>;
  /** Null when the file gives none, so that dstack adds its default probe. */
  readonly probes: readonly unknown[] | null;
  /** The last command, read as one simple command. Null when: it is not one; `launchProblem` says why. */
  readonly launch: Launch | null;
  readonly launchProblem: string | null;
  readonly warnings: readonly string[];
}

const FIX =
  'Correct the service file; dstack documents its fields under reference/dstack.yml/service.';

/** Throws: InvalidInputError `E_SERVICE_FILE` that names the line. */
export function readDocument(text: string): {
  readonly doc: Document.Parsed;
  readonly lineOf: (at: number) => number;
} {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, keepSourceTokens: true });
  const error = doc.errors[0];
  const lineOf = (at: number): number => lines.linePos(at).line;
  if (error !== undefined) {
    const what = error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '') ?? 'syntax error';
    throw refuse(`line ${lineOf(error.pos[0])}: ${what}`);
  }
  return { doc, lineOf };
}

/**
 * Reads the text of a dstack `type: service` file.
 * Throws: InvalidInputError `E_SERVICE_FILE` with the line and field: not YAML, another type, no commands, no port, a wrong value.
 */
export function parseServiceFile(text: string): ServiceFile {
  const { doc, lineOf } = readDocument(text);
  const value: unknown = doc.toJS({ maxAliasCount: 100 });
  if (!isRecord(value)) throw refuse('line 1: expected a mapping with type: service at the top');
  if ('groups' in value)
    throw refuse(
      `line ${lineOfPath(doc, ['groups'], lineOf)}: groups are not supported; write commands at the top level`,
    );
  const parsed = ServiceFields.safeParse(value);
  if (!parsed.success) throw refuseField(parsed.error.issues[0], doc, lineOf);
  const fields = parsed.data;
  return {
    text,
    name: fields.name,
    image: fields.image,
    port: fields.port,
    modelName: fields.model,
    commands: fields.commands,
    env: fields.env,
    resources: fields.resources,
    probes: fields.probes,
    ...readLaunch(fields.commands.at(-1) ?? ''),
    warnings: unknownKeys(value),
  };
}

function refuseField(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
  doc: Document.Parsed,
  lineOf: (at: number) => number,
): InvalidInputError {
  const path = issue?.path ?? [];
  const line = lineOfPath(doc, path, lineOf);
  const given = givenAt(doc.toJS({ maxAliasCount: 100 }), path);
  return refuse(
    `line ${line}: ${path.join('.') || 'top level'}: ${issue?.message ?? 'not valid'}${given}`,
  );
}

function refuse(problem: string): InvalidInputError {
  return new InvalidInputError(`The service file is not usable: ${problem}.`, {
    code: 'E_SERVICE_FILE',
    fix: FIX,
  });
}

/** Line of the deepest node of a path that exists. */
function lineOfPath(
  doc: Document.Parsed,
  path: readonly PropertyKey[],
  lineOf: (at: number) => number,
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = doc.getIn(path.slice(0, length), true);
    const range = isRecord(node) || typeof node === 'object' ? rangeOf(node) : null;
    if (range !== null) return lineOf(range);
  }
  return 1;
}

function rangeOf(node: unknown): number | null {
  if (typeof node !== 'object' || node === null || !('range' in node)) return null;
  const range: unknown = node.range;
  const start: unknown = Array.isArray(range) ? range[0] : null;
  return typeof start === 'number' ? start : null;
}

function readLaunch(command: string): Pick<ServiceFile, 'launch' | 'launchProblem'> {
  try {
    return { launch: parseLaunch(command), launchProblem: null };
  } catch (error) {
    if (!(error instanceof AutodebugError)) throw error;
    return { launch: null, launchProblem: error.message };
  }
}

function unknownKeys(value: Record<string, unknown>): readonly string[] {
  return Object.keys(value)
    .filter((key) => !SERVICE_KEYS.some((known) => known === key))
    .map((key) => `${key} is not a field of a dstack service; dstack refuses unknown fields.`);
}
