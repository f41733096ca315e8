import { AutodebugError } from '../core/errors.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { parseLaunch } from '../core/service/launch.ts';
import { parseServiceFile } from '../core/service/service-file.ts';
import { type ProfilerFinding, profilerFindings } from '../core/telemetry/profiler-absence.ts';
import type { App } from './app.ts';
import { readStoredLog } from './fetch-logs.ts';

/** Why a trial's profiler gave nothing. Empty when: nothing known explains it, or its file cannot be read. */
export async function explainProfiler(
  app: Pick<App, 'evidence' | 'files'>,
  state: SessionState,
  place: { readonly trialId: string; readonly deploymentId: string },
): Promise<readonly ProfilerFinding[]> {
  const { planned } = findTrial(state, place.trialId);
  const service = await app.files.readOutput(planned.file);
  if (service === null) return [];
  const { text: log } = await readStoredLog(app, state, place.deploymentId);
  try {
    const { commands, env, image } = parseServiceFile(service);
    const { wrappers } = parseLaunch(planned.command);
    const envNames = Object.keys(env);
    return profilerFindings({ service, commands, envNames, image, wrappers, log });
  } catch (error) {
    if (error instanceof AutodebugError) return [];
    throw error;
  }
}
