import { findSuspect } from '../core/gates/find-suspect.ts';
import type { GateReport, GateRun, GateSample, GateSide } from '../core/gates/gate-run.ts';
import type { JudgedSide, JudgeInput } from '../core/judge/sides.ts';
import type { EventData } from '../core/ledger/events.ts';
import { baselineTrial, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { isRecord, parseJson } from '../core/parse.ts';
import { meanOf } from '../core/stats/mean-sd.ts';
import type { App } from './app.ts';
import { evidenceOf, readEngineWindow } from './engine-window.ts';
import { floorsOfRun, type RunFloors } from './gate-floors.ts';
import { resolveWorkload } from './resolve-workload.ts';
import { readRecords, SAMPLE_SOURCE, SampleFile } from './stored-records.ts';

type Measurement = EventData<'measurement_recorded'>;

/** What the judge takes from the requests and from the hardware. */
export interface Gated {
  readonly gates: GateReport;
  readonly floors: JudgeInput['floors'];
}

/**
 * Reads the requests behind a trial's runs and the baseline's, and looks for what speaks against the trial.
 * `incumbent` is the side that the trial is judged against.
 */
export async function gateTrial(
  app: Pick<App, 'evidence' | 'files'>,
  state: SessionState,
  sides: {
    readonly trial: JudgedSide;
    readonly incumbent: JudgedSide;
    readonly canAlterOutputs: boolean;
  },
): Promise<Gated> {
  const subject = findTrial(state, sides.trial.trialId);
  const runs = sides.trial.runs.map((run) => run.measurement);
  const floors = await Promise.all(
    runs.map((run) => floorsOfRun(app, state, { trial: subject, run })),
  );
  const { exactOutput } = await resolveWorkload(app, state.contract.terms.workload);
  const trial = await readSide(app, state, { runs, floors, exactOutput });
  const baseline = await readSide(app, state, {
    runs: baselineRuns(state),
    floors: [],
    exactOutput,
  });
  const gates = findSuspect({
    trial,
    baseline,
    incumbentTokensPerS: throughputs(sides.incumbent),
    canAlterOutputs: sides.canAlterOutputs,
    isGreedy: state.contract.terms.sampling.temperature === 0,
  });
  return { gates, floors: leastFloors(floors) };
}

function baselineRuns(state: SessionState): readonly Measurement[] {
  return baselineTrial(state)
    .measurements.map(({ data }) => data)
    .filter((run) => run.loadPointIndex !== null && run.purpose !== 'probe');
}

interface SideFacts {
  readonly runs: readonly Measurement[];
  readonly floors: readonly (RunFloors | null)[];
  readonly exactOutput: boolean;
}

async function readSide(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  { runs, floors, exactOutput }: SideFacts,
): Promise<GateSide> {
  const read: GateRun[] = [];
  const samples: GateSample[] = [];
  for (const [place, run] of runs.entries()) {
    read.push({ ...(await readRun(app, state, run)), exactOutput, floors: floors[place] ?? null });
    const sample = await readSample(app, state, run);
    if (sample !== null) samples.push(sample);
  }
  return { runs: read, samples };
}

async function readRun(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  run: Measurement,
): Promise<Omit<GateRun, 'exactOutput' | 'floors'>> {
  const text = await textOf(app, state, evidenceOf(state, run.measurementId, 'requests'));
  const stored = parseJson(
    await textOf(app, state, evidenceOf(state, run.measurementId, 'client')),
  );
  const client = isRecord(stored) ? stored : {};
  const window = await readEngineWindow(app, state, run).catch(() => null);
  const counted = (key: string): number | null =>
    window === null || window.restarted ? null : (window.readings[key]?.value ?? null);
  return {
    measurementId: run.measurementId,
    deploymentId: run.deploymentId,
    loadPointIndex: run.loadPointIndex ?? 0,
    seed: run.seed,
    repeat: run.repeat,
    flags: run.flags,
    ttftSource: run.ttftSource,
    records: readRecords(text).filter((record) => record.phase === 'measure'),
    summary: run.summary,
    rttMs: run.rttMs.p50,
    eventsPerRead: numberOf(client['eventsPerRead']),
    clientLagMs: numberOf(client['loopLagP99Ms']),
    sharedPromptRatio: numberOf(client['sharedPromptRatio']),
    wallMs: run.windowEndMs - run.windowStartMs,
    engine: {
      promptTokens: counted('promptTokens'),
      generationTokens: counted('generationTokens'),
      ttftMeanMs: run.engineTtftMeanMs,
    },
  };
}

async function readSample(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  run: Measurement,
): Promise<GateSample | null> {
  const stored = [...state.evidence.values()].findLast(
    (one) => one.measurementId === run.measurementId && one.source === SAMPLE_SOURCE,
  );
  const parsed = SampleFile.safeParse(parseJson(await textOf(app, state, stored ?? null)));
  if (!parsed.success) return null;
  const { deploymentId, measurementId } = run;
  return { deploymentId, measurementId, ...parsed.data };
}

/** Empty when: it was not stored, or its file cannot be read; the notes of the gates say that nothing was compared. */
async function textOf(
  app: Pick<App, 'evidence'>,
  state: SessionState,
  stored: EventData<'evidence_stored'> | null,
): Promise<string> {
  return stored === null ? '' : app.evidence.get(state.sessionId, stored);
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

function throughputs(side: JudgedSide): ReadonlyMap<number, number> {
  const rates = new Map<number, number>();
  for (const index of new Set(side.runs.map((run) => run.measurement.loadPointIndex ?? 0))) {
    const here = side.runs.filter((run) => run.measurement.loadPointIndex === index);
    const mean = meanOf(here.flatMap((run) => run.measurement.summary.outputTokensPerS ?? []));
    if (mean !== null) rates.set(index, mean);
  }
  return rates;
}

/** The lowest bound of all load points: no run of the trial may lie below it. */
function leastFloors(floors: readonly (RunFloors | null)[]): JudgeInput['floors'] {
  const known = floors.filter((one) => one !== null);
  if (known.length === 0) return [];
  return [
    { metric: 'tbotMs', floorMs: Math.min(...known.map((one) => one.decodeMs)) },
    { metric: 'ttftMs', floorMs: Math.min(...known.map((one) => one.firstTokenMs)) },
  ];
}
