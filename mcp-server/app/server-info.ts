import { findTrial } from '../core/ledger/lookup.ts';
import type { DeploymentState } from '../core/ledger/state.ts';
import type { Endpoint } from '../core/ledger/vocabulary.ts';
import { cleanText } from '../core/redact.ts';
import { engineById } from '../engines/index.ts';
import type { Deploy } from '../ports/deploy.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App } from './app.ts';
import { recordEvidence } from './record-evidence.ts';

/** Keys under which engines tell their version. Source: SGLang /server_info, vLLM /version, llama.cpp /props. */
const VERSION = /"(?:version|build_info)"\s*:\s*"([^"\\]{1,60})"/;

/**
 * Asks a serving engine for its effective configuration, keeps the answer as evidence and returns the engine's version.
 * Null when: it does not tell.
 */
export async function readServerInfo(
  app: App,
  writer: LedgerWriter,
  place: {
    readonly backend: Deploy;
    readonly deployment: DeploymentState;
    readonly endpoint: Endpoint;
    readonly signal: AbortSignal;
  },
): Promise<string | null> {
  const { backend, deployment, endpoint, signal } = place;
  const trial = findTrial(writer.state(), deployment.trialId);
  const paths = engineById(trial.planned.engine).infoPaths;
  const headers = await backend.authHeaders(endpoint);
  const request = { baseUrl: endpoint.baseUrl, headers, paths };
  const answer = await app.telemetry.serverInfo(request, signal);
  if (answer.kind === 'none') return null;
  await recordEvidence(app, writer, {
    kind: 'server_info',
    trialId: trial.trialId,
    deploymentId: deployment.deploymentId,
    measurementId: null,
    name: `${deployment.deploymentId}-server-info.json`,
    text: answer.raw,
    source: `GET ${paths.join(', ')}`,
    windowStartMs: null,
    windowEndMs: app.clock.nowMs(),
  });
  const version = VERSION.exec(answer.raw)?.[1];
  return version === undefined ? null : cleanText(version, 60);
}
