import { LoadError } from '../core/errors.ts';
import { calibrationOf } from '../core/judge/calibrate.ts';
import { findDeployment, findTrial } from '../core/ledger/lookup.ts';
import type { MeasurementFlag } from '../core/ledger/vocabulary.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { backendOf } from './backend.ts';
import { type BenchmarkPlan, SPARE_REPEATS } from './benchmark-plan.ts';
import { noteFailure } from './deploy-outcome.ts';
import { type Measurement, measureOnce } from './measure.ts';
import { takeSample } from './take-sample.ts';

/** Runs of an A/A calibration that must be clean at every load point. Source: docs/verdicts.md, noise. */
const MIN_CLEAN_RUNS = 3;
/** Purposes whose runs say something about the session's noise. */
const CALIBRATING: ReadonlySet<string> = new Set(['calibrate', 'anchor']);
/** Flags that another run may not meet again; the others say something about the service or the workload. */
const PASSING_FLAGS: ReadonlySet<MeasurementFlag> = new Set(['CLIENT_LIMITED', 'UNDER_DRIVEN']);

/**
 * Measures a ready deployment as planned, load point by load point within each repeat, and calibrates after a clean A/A.
 * A run that only the client spoiled is made again, twice at most. Stops early when told to or when the service dies.
 * Throws: LoadError `E_SERVICE_DIED`, `E_NOT_CALIBRATED`, `E_ENDPOINT`; PreconditionError `E_NOT_READY`.
 */
export async function runBenchmark(
  app: App,
  writer: LedgerWriter,
  { plan, call }: { readonly plan: BenchmarkPlan; readonly call: Call },
): Promise<readonly Measurement[]> {
  await refuseDead(app, writer, { plan, call });
  const runs: Measurement[] = [];
  let wanted = plan.repeats;
  for (let done = 0; done < wanted && !call.signal.aborted; done += 1) {
    const round = await measureRound(app, writer, { plan, call, done, wanted });
    runs.push(...round);
    const mayRepeat = plan.purpose !== 'probe' && wanted < plan.repeats + SPARE_REPEATS;
    if (mayRepeat && isSpoiled(round)) wanted += 1;
  }
  await takeSample(app, writer, { plan, run: runs.at(-1), call });
  if (CALIBRATING.has(plan.purpose) && !call.signal.aborted) {
    await calibrate(writer, plan);
  }
  return runs;
}

/** True where another try may be clean: only the client or the load marked these runs. */
export function isSpoiled(round: readonly Measurement[]): boolean {
  const flags = round.flatMap((run) => run.flags);
  return flags.length > 0 && flags.every((flag) => PASSING_FLAGS.has(flag));
}

interface Round {
  readonly plan: BenchmarkPlan;
  readonly call: Call;
  readonly done: number;
  readonly wanted: number;
}

async function measureRound(
  app: App,
  writer: LedgerWriter,
  { plan, call, done, wanted }: Round,
): Promise<readonly Measurement[]> {
  const runs: Measurement[] = [];
  for (const [number, { point, index }] of plan.loadPoints.entries()) {
    if (call.signal.aborted) break;
    const of = plan.loadPoints.length === 1 ? '' : `, load point ${number + 1}`;
    const label = `${plan.trialId} run ${done + 1} of ${wanted}${of}`;
    const run = await measurePoint(app, writer, { plan, call, done, label, at: { point, index } });
    if (run !== null) runs.push(run);
  }
  return runs;
}

/** One run of a plan at one of its load points. Null when: it was stopped before a request. Throws: LoadError `E_SERVICE_DIED`. */
export async function measurePoint(
  app: App,
  writer: LedgerWriter,
  wish: {
    readonly plan: BenchmarkPlan;
    readonly call: Call;
    /** Repeats of the plan before this one. */
    readonly done: number;
    readonly label: string;
    readonly at: BenchmarkPlan['loadPoints'][number];
    readonly turn?: Measurement['turn'];
  },
): Promise<Measurement | null> {
  const { plan, call, at } = wish;
  const run = await measureOnce(app, writer, {
    deploymentId: plan.deploymentId,
    purpose: plan.purpose,
    workload: plan.workload,
    workloadHash: plan.workloadHash,
    loadPoint: at.point,
    loadPointIndex: at.index,
    seed: plan.seed,
    repeat: plan.firstRepeat + wish.done,
    turn: wish.turn,
    label: wish.label,
    call,
  });
  if (run === null || run.summary.failed > 0) await refuseDead(app, writer, { plan, call });
  return run;
}

/** A deployment that no longer serves is written down as failed, so that the next step sees it. */
export async function refuseDead(
  app: App,
  writer: LedgerWriter,
  { plan, call }: { readonly plan: BenchmarkPlan; readonly call: Call },
): Promise<void> {
  const backend = backendOf(app, writer.state());
  const { deploymentId } = plan;
  const { handle } = findDeployment(writer.state(), deploymentId);
  if (handle === null || call.signal.aborted) return;
  // A backend that cannot be asked now says nothing about the deployment; the load itself will tell.
  const status = await backend.status(handle, call.signal).catch(() => null);
  if (status?.kind !== 'failed' && status?.kind !== 'gone') return;
  await noteFailure(app, writer, { backend, deploymentId, call, handle, failure: status });
  throw new LoadError(`${deploymentId} no longer serves (${status.kind}).`, {
    code: 'E_SERVICE_DIED',
    fix: 'What was measured is recorded. Call get_status: fetch_logs tells why it ended.',
  });
}

/** Writes down the session's noise anew: after the A/A runs, after each redeploy of the baseline, after each anchor. */
export async function calibrate(writer: LedgerWriter, plan: BenchmarkPlan): Promise<void> {
  const state = writer.state();
  const trialId = state.calibration?.trialId ?? plan.trialId;
  const all = findTrial(state, trialId)
    .measurements.map((measurement) => measurement.data)
    .filter((run) => run.purpose === 'calibrate' && run.loadPointIndex !== null);
  const clean = all.filter((run) => run.flags.length === 0);
  const counts = state.contract.terms.loadPoints.map(
    (_, index) => clean.filter((run) => run.loadPointIndex === index).length,
  );
  if (Math.min(...counts) < MIN_CLEAN_RUNS) throw notCalibrated(all, counts);
  await writer.append({ type: 'calibrated', data: calibrationOf(state, trialId) });
}

function notCalibrated(all: readonly Measurement[], counts: readonly number[]): LoadError {
  const flags = [...new Set(all.flatMap((run) => run.flags))];
  const why = flags.length === 0 ? '' : ` (flags: ${flags.join(', ')})`;
  return new LoadError(
    `Only ${Math.min(...counts)} clean runs of the ${MIN_CLEAN_RUNS} that a calibration needs${why}.`,
    {
      code: 'E_NOT_CALIBRATED',
      fix: 'Read the notes of the measurements with compute_metrics, remove the cause, then benchmark with purpose "calibrate" again.',
    },
  );
}
