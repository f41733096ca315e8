import type { SessionState } from '../core/ledger/state.ts';
import { endOf, nextStep } from '../core/next-step/next-step.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App } from './app.ts';

/** Notes that the session is over, and why, once nothing is left to do. Returns the state behind it. */
export async function finishSession(
  app: Pick<App, 'clock'>,
  writer: LedgerWriter,
): Promise<SessionState> {
  const state = writer.state();
  const nowMs = app.clock.nowMs();
  const end = endOf(state, nowMs);
  const isOver = state.stopped === null && end !== null && nextStep(state, nowMs).tool === null;
  return isOver ? writer.append({ type: 'session_stopped', data: end }) : state;
}
