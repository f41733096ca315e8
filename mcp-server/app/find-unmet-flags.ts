import type { DeploymentState, SessionState, TrialState } from '../core/ledger/state.ts';
import { cleanText } from '../core/redact.ts';
import {
  settingsInLog,
  type ToldSettings,
  unmetFlags,
} from '../core/telemetry/effective-settings.ts';
import { engineById } from '../engines/index.ts';
import type { App } from './app.ts';
import { readStoredLog } from './fetch-logs.ts';
import { requestedFlags } from './observe.ts';
import { observeEffective } from './observe-evidence.ts';

/** Findings that an answer has room for. */
const MAX_FINDINGS = 6;

/**
 * Flags that the launch asked for and the engine does not run with, by what it says of itself and by its start-up lines,
 * each as one sentence that names where it stands. Empty when: all took effect, or nothing tells.
 */
export async function findUnmetFlags(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  place: { readonly trial: TrialState; readonly deployment: DeploymentState | null },
): Promise<readonly string[]> {
  const { trial, deployment } = place;
  if (deployment === null) return [];
  const told: ToldSettings[] = [];
  const info = await observeEffective(app, state, deployment);
  if (info !== null) told.push(info);
  const log = await readStoredLog(app, state, deployment.deploymentId);
  if (log.evidenceId !== null) {
    told.push({ values: settingsInLog(log.text), evidenceId: log.evidenceId });
  }
  const requested = requestedFlags(trial.planned.command, engineById(trial.planned.engine));
  return unmetFlags(requested, told)
    .slice(0, MAX_FINDINGS)
    .map(
      ({ flag, asked, found, name, evidenceId }) =>
        `${flag} ${cleanText(asked, 80)} did not take effect: the engine runs with ${JSON.stringify(cleanText(found, 80))} (${name}, ${evidenceId})`,
    );
}
