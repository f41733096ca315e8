import type { EventData } from '../core/ledger/events.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { engineLatency } from '../core/report/engine-view.ts';
import { figuresOf } from '../core/report/figures.ts';
import type { EngineFigures } from '../core/report/session-log.ts';
import { engineById } from '../engines/index.ts';
import type { App } from './app.ts';

/** What the engine counted in the last run at each load point, from the scrapes before and after it. */
export async function readEngineFigures(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  trial: TrialState,
): Promise<ReadonlyMap<number, EngineFigures>> {
  const { metricNames } = engineById(trial.planned.engine);
  const figures = new Map<number, EngineFigures>();
  for (const one of figuresOf(state, trial)) {
    const run = one.runs.at(-1)?.measurement;
    const before = await readScrape(app, state, { kind: 'metrics_before', run });
    const after = await readScrape(app, state, { kind: 'metrics_after', run });
    if (before === null || after === null) continue;
    const latency = (names: readonly string[]): EngineFigures['ttftMs'] =>
      engineLatency({ before, after }, names);
    figures.set(one.loadPointIndex, {
      ttftMs: latency(metricNames.ttftSeconds),
      tbotMs: latency(metricNames.tbotSeconds),
      ttltMs: latency(metricNames.e2eSeconds),
    });
  }
  return figures;
}

/** Null when: it was not scraped, or the file cannot be read any more. */
async function readScrape(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  wanted: {
    readonly kind: 'metrics_before' | 'metrics_after';
    readonly run: EventData<'measurement_recorded'> | undefined;
  },
): Promise<string | null> {
  const stored = [...state.evidence.values()].find(
    (one) => one.kind === wanted.kind && one.measurementId === wanted.run?.measurementId,
  );
  if (stored === undefined || wanted.run === undefined) return null;
  try {
    return await app.evidence.get(state.sessionId, stored);
  } catch {
    return null;
  }
}
