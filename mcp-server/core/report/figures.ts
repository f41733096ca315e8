import { OWN_PURPOSES, sideOfTrial } from '../judge/from-state.ts';
import { type JudgedRun, readRuns, runsAt, usableRuns } from '../judge/sides.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import type { Purpose } from '../ledger/vocabulary.ts';
import type { MetricId, Quantile } from '../metrics/metric.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { describeLoadPoint } from '../workload/workload.ts';

/** What one trial did at one load point: means over its usable runs. Null where undefined or not measured. */
export interface Figures {
  readonly loadPointIndex: number;
  readonly loadPoint: string;
  readonly runs: readonly JudgedRun[];
  readonly mean: (id: MetricId, quantile?: Quantile) => number | null;
  readonly attempted: number;
  readonly failed: number;
}

/** Figures of a trial at every load point of the contract, from its own runs (not those of a confirmation). */
export function figuresOf(
  state: SessionState,
  trial: TrialState,
  purposes: readonly Purpose[] = OWN_PURPOSES,
): readonly Figures[] {
  const side = sideOfTrial(trial, purposes);
  const usable = usableRuns(side);
  const shown = usable.length > 0 ? usable : side.runs;
  return state.contract.terms.loadPoints.map((point, loadPointIndex) => {
    const runs = runsAt(shown, loadPointIndex);
    const sum = (read: (run: JudgedRun) => number): number =>
      runs.reduce((total, run) => total + read(run), 0);
    return {
      loadPointIndex,
      loadPoint: describeLoadPoint(point),
      runs,
      mean: (id, quantile = 'mean') => meanOf(readRuns(runs, { id, quantile })),
      attempted: sum((run) => run.measurement.summary.attempted),
      failed: sum((run) => run.measurement.summary.failed),
    };
  });
}

/** True where any number of the session comes from the simulator. */
export function isSimulated(state: SessionState): boolean {
  return (
    state.contract.terms.backend === 'simulated' ||
    state.trials.some((trial) => trial.deployments.some((one) => one.ready?.simulated === true))
  );
}
