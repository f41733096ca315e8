import { PreconditionError } from '../core/errors.ts';
import type { LedgerStore, LedgerWriter } from '../ports/ledger-store.ts';
import type { Jobs, Sessions } from './app.ts';
import { closeInterrupted } from './close-interrupted.ts';

/** Sessions of this process: which one tools mean, and the ledgers that are held open for writing. */
export interface OpenSessions extends Sessions {
  /** Writers that this process holds. */
  writers(): readonly LedgerWriter[];
  /** The session that tools mean when they name none. Null when: there is none. */
  currentId(): Promise<string | null>;
}

export function createSessions(deps: {
  readonly ledgers: LedgerStore;
  readonly jobs: Pick<Jobs, 'running'>;
}): OpenSessions {
  const opening = new Map<string, Promise<LedgerWriter>>();
  const held = new Map<string, LedgerWriter>();
  let current: string | null = null;

  async function openWriter(sessionId: string): Promise<LedgerWriter> {
    const writer = await deps.ledgers.open(sessionId);
    held.set(sessionId, writer);
    await closeInterrupted(writer, deps.jobs.running());
    return writer;
  }

  async function use(sessionId?: string): Promise<LedgerWriter> {
    const id = sessionId ?? current ?? (await defaultSession(deps.ledgers));
    const known = opening.get(id);
    const opened = known ?? openWriter(id);
    opening.set(id, opened);
    try {
      const writer = await opened;
      current = id;
      return writer;
    } catch (error) {
      opening.delete(id);
      throw error;
    }
  }

  return {
    use,
    read: async (sessionId) =>
      deps.ledgers.read(sessionId ?? current ?? (await defaultSession(deps.ledgers))),
    create: async (first) => {
      const writer = await deps.ledgers.create({ type: 'session_opened', data: first });
      opening.set(writer.sessionId, Promise.resolve(writer));
      held.set(writer.sessionId, writer);
      current = writer.sessionId;
      return writer;
    },
    close: async () => {
      for (const writer of held.values()) await writer.close();
      held.clear();
      opening.clear();
    },
    writers: () => [...held.values()],
    currentId: async () => current ?? (await newestSession(deps.ledgers)),
  };
}

async function defaultSession(ledgers: LedgerStore): Promise<string> {
  const id = await newestSession(ledgers);
  if (id !== null) return id;
  throw new PreconditionError('There is no session yet.', {
    code: 'E_NO_SESSION',
    fix: 'Call open_session with a contract file or its fields.',
  });
}

/** The newest session that has not stopped, else the newest that can be read. A damaged one is passed over. */
async function newestSession(ledgers: LedgerStore): Promise<string | null> {
  const ids = (await ledgers.list()).toReversed();
  let newest: string | null = null;
  for (const id of ids) {
    const read = await ledgers.read(id).catch(() => null);
    if (read === null) continue;
    if (read.state.stopped === null) return id;
    newest ??= id;
  }
  return newest ?? ids[0] ?? null;
}
