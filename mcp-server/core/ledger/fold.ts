import { InvariantError } from '../errors.ts';
import type { LedgerEvent } from './events.ts';
import { type Draft, reduceEvent } from './reducers.ts';
import type { SessionState } from './state.ts';

/** An event of a type that this version does not know: kept in the ledger, counted, otherwise ignored. */
interface UnknownEvent {
  readonly seq: number;
  readonly at: string;
  readonly unknownType: string;
}

export type FoldableEvent = LedgerEvent | UnknownEvent;

/** True for an event that this version understands. */
export function isKnownEvent(event: FoldableEvent): event is LedgerEvent {
  return !('unknownType' in event);
}

function openState(event: FoldableEvent): Draft {
  if (!isKnownEvent(event) || event.type !== 'session_opened') {
    const found = isKnownEvent(event) ? event.type : 'an event of an unknown type';
    throw new InvariantError(`A ledger must begin with session_opened; this one has ${found}.`, {
      code: 'E_LEDGER_ORDER',
      fix: 'Restore the first line of ledger.jsonl, or open a new session.',
    });
  }
  const { data, at, seq } = event;
  return {
    sessionId: data.sessionId,
    openedAt: at,
    lastAt: at,
    lastSeq: seq,
    contract: data.contract,
    contractHash: data.contractHash,
    baseDir: data.baseDir,
    budget: data.contract.budget,
    trials: [],
    refusals: [],
    jobs: [],
    evidence: new Map(),
    calibration: null,
    bestId: null,
    confirmed: null,
    promoted: null,
    reported: null,
    stopped: null,
    unknownEvents: {},
  };
}

function step(draft: Draft, event: FoldableEvent): void {
  draft.lastAt = event.at;
  draft.lastSeq = event.seq;
  if (isKnownEvent(event)) {
    reduceEvent(draft, event);
    return;
  }
  draft.unknownEvents[event.unknownType] = (draft.unknownEvents[event.unknownType] ?? 0) + 1;
}

/**
 * State of a session after all its events, in order.
 * Throws: InvariantError `E_LEDGER_ORDER` when the first is not session_opened or one names something unheard of.
 */
export function foldEvents(events: readonly FoldableEvent[]): SessionState {
  const [first, ...rest] = events;
  if (first === undefined) {
    throw new InvariantError('An empty ledger has no state.', {
      code: 'E_LEDGER_ORDER',
      fix: 'Open a session; its first event gives the state.',
    });
  }
  const draft = openState(first);
  for (const event of rest) step(draft, event);
  return draft;
}

/** State after one more event; the given state is left as it was. Null state: the event must open the session. */
export function applyEvent(state: SessionState | null, event: FoldableEvent): SessionState {
  if (state === null) return openState(event);
  return applyEvents(state, [event]);
}

/** State after several more events; the given state is left as it was. */
export function applyEvents(state: SessionState, events: readonly FoldableEvent[]): SessionState {
  const draft: Draft = {
    ...state,
    trials: [...state.trials],
    refusals: [...state.refusals],
    jobs: [...state.jobs],
    evidence: new Map(state.evidence),
    unknownEvents: { ...state.unknownEvents },
  };
  for (const event of events) step(draft, event);
  return draft;
}
