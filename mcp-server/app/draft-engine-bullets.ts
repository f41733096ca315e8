import { type ArtefactKind, readArtefact } from '../core/evidence/lookup.ts';
import type { EventData } from '../core/ledger/events.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import {
  attributeBullets,
  type CitedArtefact,
  engineWindowBullets,
  spanBullets,
} from '../core/report/engine-bullets.ts';
import { capacityBullets, settingBullets } from '../core/report/start-bullets.ts';
import { classifyLog } from '../core/telemetry/logs.ts';
import type { Engine } from '../engines/engine.ts';
import { engineById } from '../engines/index.ts';
import type { App } from './app.ts';
import { evidenceOf } from './engine-window.ts';

type Stored = EventData<'evidence_stored'>;

/** Bullets from engine metrics, profiler attributes and spans of the trial's last judged run, for a drafted analysis. */
export async function draftEngineBullets(
  app: App,
  state: SessionState,
  trial: TrialState,
): Promise<readonly string[]> {
  const run = trial.measurements.findLast(({ data }) => data.purpose !== 'probe')?.data;
  if (run === undefined) return [];
  const engine = engineById(trial.planned.engine);
  const { metricNames } = engine;
  const read = (kind: ArtefactKind): Promise<CitedArtefact | null> =>
    readStored(app, state, { kind, measurementId: run.measurementId });
  const [delta, profile] = [await read('metrics_delta'), await read('graphsignal')];
  return [
    ...(delta === null
      ? []
      : engineWindowBullets(delta, {
          ttft: metricNames.ttftSeconds,
          tbot: metricNames.tbotSeconds,
          queue: metricNames.queueSeconds,
        })),
    ...(profile === null ? [] : attributeBullets(profile, trial.planned.changes)),
    ...(profile === null ? [] : spanBullets(profile)),
    ...(await startBullets(app, state, { deploymentId: run.deploymentId, engine })),
  ];
}

/** What the deployment said of itself: its settings, and the line of its log that tells what it holds. */
async function startBullets(
  app: App,
  state: SessionState,
  place: { readonly deploymentId: string; readonly engine: Engine },
): Promise<readonly string[]> {
  const ofDeployment = (kind: ArtefactKind): Stored | undefined =>
    [...state.evidence.values()].findLast(
      (one) => one.kind === kind && one.deploymentId === place.deploymentId,
    );
  const [info, log] = [ofDeployment('server_info'), ofDeployment('engine_log')];
  const bullets: string[] = [];
  if (info !== undefined) {
    const artefact = readArtefact(
      'server_info',
      await app.evidence.get(state.sessionId, info),
      null,
    );
    bullets.push(...settingBullets({ evidenceId: info.evidenceId, artefact }));
  }
  if (log !== undefined) {
    const events = classifyLog(await app.evidence.get(state.sessionId, log), place.engine);
    bullets.push(...capacityBullets(log.evidenceId, events));
  }
  return bullets;
}

async function readStored(
  app: App,
  state: SessionState,
  wanted: { readonly kind: ArtefactKind; readonly measurementId: string },
): Promise<CitedArtefact | null> {
  const stored = evidenceOf(state, wanted.measurementId, wanted.kind);
  if (stored === null) return null;
  const text = await app.evidence.get(state.sessionId, stored);
  return { evidenceId: stored.evidenceId, artefact: readArtefact(stored.kind, text, null) };
}
