import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { InvariantError, PreconditionError } from '../../core/errors.ts';
import { CHAIN_START, type ChainCursor, readChain } from '../../core/ledger/chain.ts';
import {
  applyEvents,
  type FoldableEvent,
  foldEvents,
  isKnownEvent,
} from '../../core/ledger/fold.ts';
import type { SessionState } from '../../core/ledger/state.ts';
import type { Hasher } from '../../ports/hasher.ts';
import type { LedgerRead } from '../../ports/ledger-store.ts';

/** A ledger as read so far; reading again takes only what was added. */
export interface LedgerSnapshot {
  readonly state: SessionState | null;
  readonly events: readonly FoldableEvent[];
  readonly cursor: ChainCursor;
  /** Bytes of finished lines. */
  readonly bytes: number;
  readonly breaks: readonly string[];
  readonly tornWarnings: readonly string[];
}

export const EMPTY_SNAPSHOT: LedgerSnapshot = {
  state: null,
  events: [],
  cursor: CHAIN_START,
  bytes: 0,
  breaks: [],
  tornWarnings: [],
};

/** Reads what was added to the file since the snapshot; a file that shrank is read anew. */
export function readLedgerFile(path: string, before: LedgerSnapshot, hash: Hasher): LedgerSnapshot {
  const fd = openSync(path, 'r');
  try {
    const size = fstatSync(fd).size;
    const from = size < before.bytes ? EMPTY_SNAPSHOT : before;
    return extend(from, readFrom(fd, from.bytes, size), hash);
  } finally {
    closeSync(fd);
  }
}

function readFrom(fd: number, start: number, end: number): Buffer {
  const buffer = Buffer.alloc(end - start);
  let filled = 0;
  while (filled < buffer.length) {
    const count = readSync(fd, buffer, filled, buffer.length - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

function extend(from: LedgerSnapshot, added: Buffer, hash: Hasher): LedgerSnapshot {
  if (added.length === 0) return { ...from, tornWarnings: [] };
  const finished = added.lastIndexOf(0x0a) + 1;
  const read = readChain(added.toString('utf8'), from.cursor, hash);
  const isTorn = read.torn !== '';
  return {
    state: nextState(from.state, read.events),
    events: [...from.events, ...read.events],
    cursor: read.cursor,
    bytes: from.bytes + finished,
    breaks: [...from.breaks, ...(isTorn ? read.warnings.slice(0, -1) : read.warnings)],
    tornWarnings: isTorn ? read.warnings.slice(-1) : [],
  };
}

function nextState(
  state: SessionState | null,
  events: readonly FoldableEvent[],
): SessionState | null {
  if (events.length === 0) return state;
  return state === null ? foldEvents(events) : applyEvents(state, events);
}

/** The snapshot as the port shows it. Throws: PreconditionError `E_NO_SESSION` for a ledger without a finished line. */
export function toLedgerRead(snapshot: LedgerSnapshot, sessionId: string): LedgerRead {
  if (snapshot.state === null) {
    throw new PreconditionError(`The ledger of session ${sessionId} has no finished line.`, {
      code: 'E_NO_SESSION',
      fix: 'Open a new session; this one never began.',
    });
  }
  const unknown = Object.entries(snapshot.state.unknownEvents).map(
    ([type, count]) =>
      `${count} event(s) of the unknown type ${type.slice(0, 60)} are kept and ignored; a newer version wrote them.`,
  );
  return {
    state: snapshot.state,
    events: snapshot.events.filter(isKnownEvent),
    warnings: [...snapshot.breaks, ...snapshot.tornWarnings, ...unknown],
  };
}

/** The appending end of a ledger file: whole lines, each batch on disk before `append` returns. */
export interface LedgerFile {
  append(text: string): void;
  close(): void;
}

/** Opens for appending at `bytes`; anything behind it (a torn line) is cut off. */
export function openLedgerFile(path: string, bytes: number): LedgerFile {
  const fd = openSync(path, 'r+');
  let size = bytes;
  if (fstatSync(fd).size > bytes) {
    ftruncateSync(fd, bytes);
    fsyncSync(fd);
  }
  let closed = false;
  return {
    append(text) {
      const data = Buffer.from(text, 'utf8');
      try {
        writeAll(fd, data, size);
        fsyncSync(fd);
        size += data.length;
      } catch (cause) {
        cutTo(fd, size);
        throw writeError(cause);
      }
    },
    close() {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}

/** Cuts off what a failed write left. Where the disk refuses even that, the next append writes over it. */
function cutTo(fd: number, size: number): void {
  try {
    ftruncateSync(fd, size);
  } catch {
    return;
  }
}

function writeError(cause: unknown): InvariantError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  return new InvariantError(
    `The ledger could not be written (${code}); the event did not take effect.`,
    {
      code: 'E_LEDGER_WRITE',
      fix: 'Free disk space or repair the file system, then call again.',
      retryable: true,
      cause,
    },
  );
}

function writeAll(fd: number, data: Buffer, position: number): void {
  let written = 0;
  while (written < data.length) {
    written += writeSync(fd, data, written, data.length - written, position + written);
  }
}

/** Creates the file, empty and durable. Throws: EEXIST. */
export function createLedgerFile(path: string): void {
  closeSync(openSync(path, 'wx', 0o644));
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
