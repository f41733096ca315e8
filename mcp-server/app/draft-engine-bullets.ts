import { type ArtefactKind, readArtefact } from '../core/evidence/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import {
  attributeBullets,
  type CitedArtefact,
  engineWindowBullets,
  spanBullets,
} from '../core/report/engine-bullets.ts';
import { engineById } from '../engines/index.ts';
import type { App } from './app.ts';
import { evidenceOf } from './engine-window.ts';

/** Bullets from engine metrics, profiler attributes and spans of the trial's last judged run, for a drafted analysis. */
export async function draftEngineBullets(
  app: App,
  state: SessionState,
  trial: TrialState,
): Promise<readonly string[]> {
  const run = trial.measurements.findLast(({ data }) => data.purpose !== 'probe')?.data;
  if (run === undefined) return [];
  const { metricNames } = engineById(trial.planned.engine);
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
  ];
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
