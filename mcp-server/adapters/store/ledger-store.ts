import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { InvariantError, PreconditionError } from '../../core/errors.ts';
import { type ChainCursor, chainEvent } from '../../core/ledger/chain.ts';
import { checkEvent, fitEvent } from '../../core/ledger/event-schema.ts';
import type { LedgerEvent, NewEvent } from '../../core/ledger/events.ts';
import { applyEvents, foldEvents } from '../../core/ledger/fold.ts';
import { SessionId } from '../../core/ledger/ids.ts';
import type { SessionState } from '../../core/ledger/state.ts';
import { redactValue } from '../../core/redact.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Hasher } from '../../ports/hasher.ts';
import type { LedgerStore, LedgerWriter } from '../../ports/ledger-store.ts';
import {
  createLedgerFile,
  EMPTY_SNAPSHOT,
  type LedgerFile,
  type LedgerSnapshot,
  openLedgerFile,
  readLedgerFile,
  toLedgerRead,
} from './ledger-file.ts';
import { type LockFile, takeLock } from './lock-file.ts';

export interface LedgerStoreOptions {
  readonly sessionsDir: string;
  readonly clock: Clock;
  readonly hash: Hasher;
  /** Values that must never reach the disk. */
  readonly secrets: readonly string[];
}

/** Ledgers as JSON Lines below the sessions folder, one locked writer each (docs/architecture.md). */
export function createLedgerStore(options: LedgerStoreOptions): LedgerStore {
  const snapshots = new Map<string, LedgerSnapshot>();
  const folder = (sessionId: string): string => join(options.sessionsDir, sessionId);
  const file = (sessionId: string): string => join(folder(sessionId), 'ledger.jsonl');

  function refresh(sessionId: string): LedgerSnapshot {
    if (!SessionId.safeParse(sessionId).success || !existsSync(file(sessionId))) {
      throw noSession(sessionId, listSessions(options.sessionsDir));
    }
    const before = snapshots.get(sessionId) ?? EMPTY_SNAPSHOT;
    const snapshot = readLedgerFile(file(sessionId), before, options.hash);
    snapshots.set(sessionId, snapshot);
    return snapshot;
  }

  function openWriter(sessionId: string, lock: LockFile): LedgerWriter {
    try {
      const snapshot = refresh(sessionId);
      return createWriter(options, {
        sessionId,
        lock,
        state: snapshot.state,
        cursor: snapshot.cursor,
        file: openLedgerFile(file(sessionId), snapshot.bytes),
      });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  return {
    list: () => Promise.resolve(listSessions(options.sessionsDir)),
    read: async (sessionId) => toLedgerRead(refresh(sessionId), sessionId),
    create: async (first) => {
      const { sessionId } = first.data;
      mkdirSync(folder(sessionId), { recursive: true });
      if (existsSync(file(sessionId))) throw sessionExists(sessionId);
      const lock = lockSession(folder(sessionId), sessionId);
      createLedgerFile(file(sessionId));
      const writer = openWriter(sessionId, lock);
      await writer.append(first);
      return writer;
    },
    open: async (sessionId) => {
      refresh(sessionId);
      return openWriter(sessionId, lockSession(folder(sessionId), sessionId));
    },
  };
}

function lockSession(folder: string, sessionId: string): LockFile {
  return takeLock(join(folder, 'lock'), `Session ${sessionId}`);
}

interface WriterParts {
  readonly sessionId: string;
  readonly lock: LockFile;
  readonly file: LedgerFile;
  /** Null until the first event of a new ledger. */
  readonly state: SessionState | null;
  readonly cursor: ChainCursor;
}

function createWriter(options: LedgerStoreOptions, parts: WriterParts): LedgerWriter {
  let { state, cursor } = parts;
  let closed = false;

  function readState(): SessionState {
    if (state === null) throw noSession(parts.sessionId, []);
    return state;
  }

  function append(events: readonly NewEvent[]): SessionState {
    if (closed || !parts.lock.isHeld()) throw lockLost(parts.sessionId);
    const at = new Date(options.clock.nowMs()).toISOString();
    let ahead = cursor;
    const lines: string[] = [];
    const added: LedgerEvent[] = [];
    for (const event of events) {
      const checked = prepare(event, options.secrets);
      const chained = chainEvent(ahead, { at, ...checked }, options.hash);
      lines.push(`${chained.line}\n`);
      added.push({ v: 1, seq: chained.seq, at, ...checked });
      ahead = chained.cursor;
    }
    const next = state === null ? foldEvents(added) : applyEvents(state, added);
    parts.file.append(lines.join(''));
    cursor = ahead;
    state = next;
    return next;
  }

  return {
    sessionId: parts.sessionId,
    state: readState,
    append: async (...events) => (events.length === 0 ? readState() : append(events)),
    close: async () => {
      if (closed) return;
      closed = true;
      parts.file.close();
      parts.lock.release();
    },
  };
}

/** Redacted, shortened to what the schema holds, then checked. */
function prepare(event: NewEvent, secrets: readonly string[]): NewEvent {
  const data = fitEvent({ type: event.type, data: redactValue(event.data, secrets) });
  const checked = checkEvent({ type: event.type, data });
  if (checked.event !== null) return checked.event;
  throw new InvariantError(`An event ${event.type} has wrong data: ${checked.faults}.`, {
    code: 'E_EVENT',
    fix: 'Report this text; nothing was written.',
  });
}

function sessionExists(sessionId: string): PreconditionError {
  return new PreconditionError(`Session ${sessionId} exists already.`, {
    code: 'E_SESSION_EXISTS',
    fix: 'Use it, or open a session with another contract.',
  });
}

function lockLost(sessionId: string): PreconditionError {
  return new PreconditionError(`The lock of session ${sessionId} is no longer held here.`, {
    code: 'E_LOCK_LOST',
    fix: 'Another process took the session over, or it was closed; call get_status and go on there.',
  });
}

function noSession(sessionId: string, known: readonly string[]): PreconditionError {
  return new PreconditionError(`There is no session ${sessionId.slice(0, 40)} here.`, {
    code: 'E_NO_SESSION',
    fix:
      known.length === 0
        ? 'Call open_session with a contract.'
        : `Use one of ${known.slice(-5).join(', ')}, or call open_session.`,
  });
}

/** Session ids with a readable ledger, by the time in its first line, newest last. */
function listSessions(sessionsDir: string): readonly string[] {
  if (!existsSync(sessionsDir)) return [];
  return readdirSync(sessionsDir)
    .filter((name) => SessionId.safeParse(name).success)
    .map((sessionId) => ({
      sessionId,
      at: openedAt(join(sessionsDir, sessionId, 'ledger.jsonl')),
    }))
    .flatMap(({ sessionId, at }) => (at === null ? [] : [{ sessionId, at }]))
    .toSorted((a, b) => a.at.localeCompare(b.at) || a.sessionId.localeCompare(b.sessionId))
    .map(({ sessionId }) => sessionId);
}

function openedAt(path: string): string | null {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(200);
      const count = readSync(fd, head, 0, head.length, 0);
      return /"at":"([^"]{10,40})"/.exec(head.toString('utf8', 0, count))?.[1] ?? null;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
