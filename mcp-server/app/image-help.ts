import type { DeploymentState, SessionState, TrialState } from '../core/ledger/state.ts';
import { extractHelp } from '../engines/help.ts';
import { withHelpCommand } from '../engines/help-command.ts';
import type { Deploy } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App } from './app.ts';
import { recordEvidence } from './record-evidence.ts';

/** The help stands at the start of the log; this much of it is looked at. Source: own reasoning; the longest help is 200 kB. */
const MAX_LOG_BYTES = 4_000_000;

/** True until a deployment of the same engine and version has printed its `--help`. The simulator has no image to ask. */
function isHelpWanted(state: SessionState, trial: TrialState): boolean {
  if (state.contract.terms.backend === 'simulated') return false;
  const { engine, engineVersion } = trial.planned;
  return ![...state.evidence.values()].some((evidence) => {
    if (evidence.kind !== 'engine_help') return false;
    const from = state.trials.find((one) => one.trialId === evidence.trialId)?.planned;
    return from?.engine === engine && from.engineVersion === engineVersion;
  });
}

/** The service text to apply: on a session's first deployment of an engine it prints the image's own `--help` first. */
export function askForHelp(state: SessionState, trial: TrialState, serviceYaml: string): string {
  return isHelpWanted(state, trial) ? withHelpCommand(serviceYaml) : serviceYaml;
}

/** Keeps the `--help` that the image printed: from then on it is the session's inventory of flags. */
export async function keepHelp(
  app: App,
  writer: LedgerWriter,
  place: {
    readonly backend: Deploy;
    readonly deployment: DeploymentState;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { backend, deployment, signal } = place;
  const trial = writer.state().trials.find((one) => one.trialId === deployment.trialId);
  if (trial === undefined || deployment.handle === null) return;
  if (!isHelpWanted(writer.state(), trial)) return;
  const log = await backend.logs(deployment.handle, { maxBytes: MAX_LOG_BYTES, signal });
  const help = extractHelp(log);
  if (help === null) return;
  await recordEvidence(app, writer, {
    kind: 'engine_help',
    trialId: deployment.trialId,
    deploymentId: deployment.deploymentId,
    measurementId: null,
    name: 'engine_help.txt',
    text: help,
    source: `${trial.planned.engine} --help`,
    windowStartMs: null,
    windowEndMs: null,
  });
}
