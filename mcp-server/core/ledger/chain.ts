import { z } from 'zod';
import { InvariantError } from '../errors.ts';
import { parseJson } from '../parse.ts';
import { checkEvent, isEventType } from './event-schema.ts';
import type { FoldableEvent } from './fold.ts';
import { migrateLine } from './migrate.ts';

/** Version of the lines that this program writes. */
const LEDGER_VERSION = 1;
/** `prev` of the first line. */
const FIRST_PREV = '0'.repeat(64);

/** Where the chain stands: what the next line must carry. */
export interface ChainCursor {
  readonly seq: number;
  readonly prev: string;
  /** Lines read so far; the next line has number `lines + 1`. */
  readonly lines: number;
}

/** Start of a chain. */
export const CHAIN_START: ChainCursor = { seq: 0, prev: FIRST_PREV, lines: 0 };

type Hash = (text: string) => string;

const Line = z.looseObject({
  v: z.number().int(),
  seq: z.number().int(),
  at: z.string(),
  type: z.string().max(60),
  prev: z.string(),
  data: z.unknown(),
});

/** One event as a ledger line (without the newline) and the cursor behind it. */
export function chainEvent(
  cursor: ChainCursor,
  event: { readonly at: string; readonly type: string; readonly data: unknown },
  hash: Hash,
): { readonly line: string; readonly seq: number; readonly cursor: ChainCursor } {
  const seq = cursor.seq + 1;
  const line = JSON.stringify({
    v: LEDGER_VERSION,
    seq,
    at: event.at,
    type: event.type,
    prev: cursor.prev,
    data: event.data,
  });
  return { line, seq, cursor: { seq, prev: hash(line), lines: cursor.lines + 1 } };
}

export interface ChainRead {
  readonly events: readonly FoldableEvent[];
  readonly cursor: ChainCursor;
  readonly warnings: readonly string[];
  /** Characters behind the last newline: a line that was never finished. Empty when there is none. */
  readonly torn: string;
}

/**
 * Reads ledger text from a cursor on. A last line without its newline is torn: not read, and given back in `torn`.
 * Breaks of the chain and unknown events become warnings.
 * Throws: InvariantError `E_LEDGER_LINE` for a finished line that is not an event, naming its number.
 */
export function readChain(text: string, from: ChainCursor, hash: Hash): ChainRead {
  const end = text.lastIndexOf('\n') + 1;
  const torn = text.slice(end);
  const events: FoldableEvent[] = [];
  const breaks: string[] = [];
  let cursor = from;
  for (const line of text.slice(0, end).split('\n').slice(0, -1)) {
    const read = readLine(line, cursor, hash);
    events.push(read.event);
    if (read.broken !== null) breaks.push(read.broken);
    cursor = read.cursor;
  }
  return { events, cursor, warnings: chainWarnings(breaks, torn), torn };
}

function chainWarnings(breaks: readonly string[], torn: string): readonly string[] {
  const warnings = breaks.slice(0, 3);
  if (breaks.length > 3) warnings.push(`… and ${breaks.length - 3} more breaks of the chain.`);
  if (torn !== '') {
    warnings.push(
      `The last line of the ledger was torn (${torn.length} characters) and is dropped; its event never took effect.`,
    );
  }
  return warnings;
}

function readLine(
  line: string,
  cursor: ChainCursor,
  hash: Hash,
): { readonly event: FoldableEvent; readonly broken: string | null; readonly cursor: ChainCursor } {
  const number = cursor.lines + 1;
  const head = parseHead(line, number);
  const broken =
    head.prev !== cursor.prev || head.seq !== cursor.seq + 1
      ? `The chain of the ledger is broken at line ${number}: it was changed after it was written.`
      : null;
  return {
    event: parseEvent(head, number),
    broken,
    cursor: { seq: head.seq, prev: hash(line), lines: number },
  };
}

function lineError(number: number, what: string): InvariantError {
  return new InvariantError(`ledger.jsonl line ${number} ${what}.`, {
    code: 'E_LEDGER_LINE',
    fix: `Restore line ${number} from a copy, or open a new session; nothing before it is lost.`,
  });
}

function parseHead(line: string, number: number): z.infer<typeof Line> {
  const raw = parseJson(line);
  if (raw === undefined) throw lineError(number, 'is not JSON');
  const head = Line.safeParse(migrateLine(raw));
  if (!head.success) throw lineError(number, 'is not a ledger event');
  return head.data;
}

function parseEvent(head: z.infer<typeof Line>, number: number): FoldableEvent {
  if (head.v > LEDGER_VERSION || !isEventType(head.type)) {
    return { seq: head.seq, at: head.at, unknownType: head.type };
  }
  const checked = checkEvent({ type: head.type, data: head.data });
  if (checked.event === null) {
    throw lineError(number, `(${head.type}) has wrong data: ${checked.faults}`);
  }
  return { v: 1, seq: head.seq, at: head.at, ...checked.event };
}
