import type { SessionState } from '../core/ledger/state.ts';
import type { InventoryFlag } from '../engines/engine.ts';
import { extractHelp, parseHelp } from '../engines/help.ts';
import type { App } from './app.ts';
import type { PlanSubject } from './plan-subject.ts';

/** A --help with fewer flags than this was cut or is another program's. Source: own reasoning; the engines print over 100. */
const MIN_FLAGS = 20;

/**
 * The flags that the image itself named in its `--help`, as the session's first deployment of it printed them.
 * Null when: no deployment of the same engine and version has printed them.
 */
export async function sessionInventory(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  subject: PlanSubject,
): Promise<readonly InventoryFlag[] | null> {
  const seen = [...state.evidence.values()].findLast(
    (evidence) => evidence.kind === 'engine_help' && isOfSubject(state, evidence.trialId, subject),
  );
  if (seen === undefined) return null;
  const text = await app.evidence.get(state.sessionId, seen).catch(() => null);
  if (text === null) return null;
  const flags = parseHelp(extractHelp(text) ?? text);
  return flags.length < MIN_FLAGS ? null : flags;
}

function isOfSubject(state: SessionState, trialId: string | null, subject: PlanSubject): boolean {
  const trial = state.trials.find((one) => one.trialId === trialId);
  if (trial === undefined || trial.planned.engine !== subject.engine.id) return false;
  return subject.version === null || trial.planned.engineVersion === subject.version;
}
