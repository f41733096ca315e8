import type { LedgerEvent, NewEvent } from '../core/ledger/events.ts';
import type { SessionState } from '../core/ledger/state.ts';

export interface LedgerRead {
  readonly state: SessionState;
  readonly events: readonly LedgerEvent[];
  /** Torn last line dropped, broken chain, unknown events: said, never hidden. */
  readonly warnings: readonly string[];
}

/** The writing end of one session's ledger, held by one process at a time. */
export interface LedgerWriter {
  readonly sessionId: string;
  /** State after every event appended so far. */
  state(): SessionState;
  /** Appends, fsyncs, then returns the new state. Serialised: calls never interleave. Throws when the lock was lost. */
  append(...events: readonly NewEvent[]): Promise<SessionState>;
  /** Gives the lock back. Idempotent. */
  close(): Promise<void>;
}

/** Ledgers of the sessions below one sessions folder. */
export interface LedgerStore {
  /** Session ids, newest last; a folder without a readable ledger is left out. */
  list(): Promise<readonly string[]>;
  /** Reads without a lock. Throws: PreconditionError `E_NO_SESSION` when there is none. */
  read(sessionId: string): Promise<LedgerRead>;
  /** Creates the folder and its first event. Throws: PreconditionError `E_SESSION_EXISTS`. */
  create(first: Extract<NewEvent, { type: 'session_opened' }>): Promise<LedgerWriter>;
  /** Takes the lock. Throws: PreconditionError `E_SESSION_LOCKED` naming the pid that holds it. */
  open(sessionId: string): Promise<LedgerWriter>;
}
