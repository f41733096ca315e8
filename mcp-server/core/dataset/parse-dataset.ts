import { InvalidInputError } from '../errors.ts';
import { isRecord, parseJson } from '../parse.ts';
import { ROW_READERS } from './read-row.ts';
import type { DatasetFormat, DatasetRow } from './row.ts';
import { splitArray } from './split-array.ts';

export interface DatasetProblem {
  /** First line of the file is 1. */
  readonly line: number;
  readonly why: string;
}

/** Rows that are sound, and every line that is not, with why. */
export function readDataset(
  text: string,
  format: DatasetFormat,
): { readonly rows: readonly DatasetRow[]; readonly problems: readonly DatasetProblem[] } {
  const rows: DatasetRow[] = [];
  const problems: DatasetProblem[] = [];
  const seen = new Map<string, number>();
  for (const piece of piecesOf(text.replace(/^\uFEFF/, ''))) {
    const read = readPiece(piece.text, format);
    if ('why' in read) {
      problems.push({ line: piece.line, why: read.why });
      continue;
    }
    const { id } = read.row;
    const before = id === null || format !== 'openai-batch' ? undefined : seen.get(id);
    if (before !== undefined) {
      problems.push({ line: piece.line, why: `repeats the custom_id of line ${before}` });
      continue;
    }
    if (id !== null) seen.set(id, piece.line);
    rows.push({ ...read.row, id: id ?? String(piece.line), line: piece.line });
  }
  return { rows, problems };
}

interface Piece {
  readonly text: string;
  readonly line: number;
}

/** An array's elements, or the lines that are not empty. */
function piecesOf(text: string): readonly Piece[] {
  const elements = splitArray(text);
  if (elements !== null) return elements;
  return text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), line: index + 1 }))
    .filter((piece) => piece.text !== '');
}

function readPiece(
  text: string,
  format: DatasetFormat,
): ReturnType<(typeof ROW_READERS)['custom']> {
  const value = parseJson(text);
  if (value === undefined) return { why: 'is not JSON' };
  return isRecord(value) ? ROW_READERS[format](value) : { why: 'is no JSON object' };
}

/** Lines that one message names. */
const NAMED_LINES = 20;

/**
 * All rows of a dataset. `name` is the file, for messages.
 * Throws: InvalidInputError `E_DATASET` that names every malformed row by its line (the first twenty, then a count).
 */
export function parseDataset(
  text: string,
  what: { readonly format: DatasetFormat; readonly name: string },
): readonly DatasetRow[] {
  const { rows, problems } = readDataset(text, what.format);
  if (problems.length > 0) {
    const named = problems
      .slice(0, NAMED_LINES)
      .map(({ line, why }) => `line ${line} ${why}`)
      .join('; ');
    const more = problems.length - NAMED_LINES;
    throw new InvalidInputError(
      `${what.name}: ${problems.length} of ${problems.length + rows.length} rows are not ${what.format}: ${named}${more > 0 ? `; and ${more} more` : ''}.`,
      { code: 'E_DATASET', fix: 'Correct or remove these lines, or name another format.' },
    );
  }
  if (rows.length > 0) return rows;
  throw new InvalidInputError(`${what.name} has no rows.`, {
    code: 'E_DATASET',
    fix: 'Name a file with at least one request.',
  });
}
