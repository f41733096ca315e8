import { ownChecks } from '../core/judge/from-state.ts';
import type { EventData } from '../core/ledger/events.ts';
import { baselineTrial } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { parseJson } from '../core/parse.ts';
import { QualityRun } from '../core/quality/quality-run.ts';
import { withRedeploy } from '../core/quality/with-redeploy.ts';
import type { App } from './app.ts';

type Check = EventData<'quality_checked'>;

/** The baseline's last check on a deployment of its own. Null when: it was never checked. */
export function referenceCheckOf(state: SessionState): Check | null {
  return ownChecks(baselineTrial(state)).at(-1) ?? null;
}

/** The baseline's answers, joined with what its redeploy answered. Null when: it was never checked, or its file cannot be read. */
export async function readReference(app: App, state: SessionState): Promise<QualityRun | null> {
  const check = referenceCheckOf(state);
  const run = check === null ? null : await readRun(app, state, check);
  if (check === null || run === null) return null;
  const { quality } = baselineTrial(state);
  const redeploy = quality.slice(quality.indexOf(check) + 1).at(-1);
  return withRedeploy(run, redeploy === undefined ? null : await readRun(app, state, redeploy));
}

async function readRun(app: App, state: SessionState, check: Check): Promise<QualityRun | null> {
  const stored = state.evidence.get(check.evidenceId);
  if (stored === undefined) return null;
  const run = QualityRun.safeParse(parseJson(await app.evidence.get(state.sessionId, stored)));
  return run.success ? run.data : null;
}
