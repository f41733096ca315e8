import { PreconditionError } from '../core/errors.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { FloorRow } from '../core/ledger/vocabulary.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import {
  checkLittle,
  describeFloors,
  describeLittle,
  floorRows,
} from '../core/playbook/floor-rows.ts';
import { isSimulated } from '../core/report/figures.ts';
import { type MetricsRow, metricsTable, renderMetricsTable } from '../core/report/metrics-table.ts';
import { describeLoadPoint } from '../core/workload/workload.ts';
import type { Answer, App } from './app.ts';
import { readEngineFigures } from './engine-figures.ts';
import { observe } from './observe.ts';

export interface ComputeMetricsArgs {
  readonly session_id?: string | undefined;
  readonly trial_id?: string | undefined;
}

export interface ComputeMetricsAnswer extends Answer {
  readonly trialId: string;
  readonly baselineId: string | null;
  readonly bestId: string | null;
  readonly simulated: boolean;
  readonly rows: MetricsRow[];
  readonly floors: FloorRow[];
  readonly measurements: {
    readonly measurementId: string;
    readonly purpose: string;
    readonly loadPoint: string;
    readonly repeat: number;
    readonly ttftSource: string;
    readonly flags: string[];
    readonly notes: string[];
    readonly evidence: string[];
  }[];
}

/** Measurements of a trial that an answer lists, the newest. Source: own reasoning; all stand in the ledger. */
const MAX_LISTED = 40;

/** Tool `compute_metrics`: what a trial's runs come to, beside baseline and best. Takes no lock. */
export async function computeMetrics(
  app: App,
  args: ComputeMetricsArgs,
): Promise<ComputeMetricsAnswer> {
  const { state, warnings } = await app.sessions.read(args.session_id);
  const trial = chooseTrial(state, args.trial_id);
  const baseline = state.trials.find((one) => one.planned.parentId === null) ?? null;
  const best = state.bestId === null ? null : findTrial(state, state.bestId);
  const engine = await readEngineFigures(app, state, trial);
  const rows = metricsTable(state, trial, { baseline, best, engine });
  const limits = await limitsOf(app, state, trial);
  const point = state.contract.terms.loadPoints[0];
  const head = [
    trial.trialId,
    isSimulated(state) ? 'SIMULATED' : null,
    `${trial.measurements.length} measurements`,
    point === undefined ? null : describeLoadPoint(point),
  ].filter((part) => part !== null);
  return {
    summary: [head.join(', '), renderMetricsTable(rows), ...limits.lines].join('\n'),
    warnings: [...warnings, ...flagWarnings(trial)],
    next: nextStep(state, app.clock.nowMs()),
    trialId: trial.trialId,
    baselineId: baseline?.trialId ?? null,
    bestId: state.bestId,
    simulated: isSimulated(state),
    rows: [...rows],
    floors: limits.floors,
    measurements: trial.measurements.slice(-MAX_LISTED).map(({ data }) => ({
      measurementId: data.measurementId,
      purpose: data.purpose,
      loadPoint: describeLoadPoint(data.loadPoint),
      repeat: data.repeat,
      ttftSource: data.ttftSource,
      flags: data.flags,
      notes: data.notes,
      evidence: data.evidence,
    })),
  };
}

/** Distance of the last run to the physical limits, and whether its own counts agree. */
async function limitsOf(
  app: App,
  state: SessionState,
  trial: TrialState,
): Promise<{ readonly floors: FloorRow[]; readonly lines: readonly string[] }> {
  const run = trial.measurements.findLast(({ data }) => data.purpose !== 'probe')?.data;
  if (run === undefined) return { floors: [], lines: [] };
  const floors = floorRows(await observe(app, state, { trial, run }));
  const little = checkLittle(run.summary);
  const said = describeFloors(floors);
  const lines = [
    ...(said === null ? [] : [`Physical limit (${run.measurementId}): ${said}.`]),
    ...(little === null ? [] : [`${describeLittle(little)}.`]),
  ];
  return { floors, lines };
}

/** The named trial, else the one measured last. Throws: PreconditionError `E_NOT_MEASURED`. */
function chooseTrial(state: SessionState, trialId: string | undefined): TrialState {
  if (trialId !== undefined) return findTrial(state, trialId);
  const measured = state.trials
    .filter((trial) => trial.measurements.length > 0)
    .toSorted((a, b) => lastAt(a).localeCompare(lastAt(b)))
    .at(-1);
  if (measured !== undefined) return measured;
  throw new PreconditionError('Nothing was measured in this session yet.', {
    code: 'E_NOT_MEASURED',
    fix: 'Call benchmark once a trial is deployed and ready.',
  });
}

const lastAt = (trial: TrialState): string => trial.measurements.at(-1)?.at ?? '';

function flagWarnings(trial: TrialState): string[] {
  return trial.measurements
    .filter(({ data }) => data.flags.length > 0)
    .slice(-3)
    .map(({ data }) => `${data.measurementId} is not judged: ${data.flags.join(', ')}.`);
}
