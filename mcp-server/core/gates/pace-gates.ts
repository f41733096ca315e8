import { paceMs } from '../metrics/request-metrics.ts';
import { percent } from '../percent.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type Gate, invalid } from './gate-context.ts';
import { type GateRun, type GateSide, isBusy } from './gate-run.ts';
import { type Estimate, estimateOf, excess } from './shares.ts';

/** Slower by so much at the end, beyond the baseline's own course. Source: own reasoning; clocks of a machine fall by less. */
const SLOWER = 0.1;

/**
 * A speed that lasts: the last third of a deployment's requests beside the first, against the baseline's course.
 * Closed loop alone, since a queue that grows slows an honest service down too.
 */
export const speedLasts: Gate = ({ trial, baseline }) => {
  if (isBusy([...trial.runs, ...baseline.runs])) return [];
  return [...new Set(trial.runs.map((run) => run.loadPointIndex))].flatMap((index) => {
    const before = meanEstimate(coursesAt(baseline, index));
    if (before === null) return [];
    return coursesAt(trial, index).flatMap((now) => {
      if (excess(now, before, SLOWER) <= 0) return [];
      const slower = Math.exp(now.mean) - 1;
      return [
        invalid('slows_down', {
          size: slower,
          detail: `a token takes ${percent(slower)} longer in the last third of the requests than in the first, ${percent(Math.exp(before.mean) - 1)} before`,
        }),
      ];
    });
  });
};

/** Of each deployment: logarithm of the pace in its last third over that in its first. */
function coursesAt(side: GateSide, index: number): readonly Estimate[] {
  const here = side.runs.filter((run) => run.loadPointIndex === index && isClosed(run));
  const deployments = [...new Set(here.map((run) => run.deploymentId))];
  return deployments.flatMap((id) => {
    const paces = here
      .filter((run) => run.deploymentId === id)
      .flatMap((run) => run.records.toSorted((a, b) => a.index - b.index))
      .map(logPace)
      .filter((pace) => pace !== null);
    const third = Math.floor(paces.length / 3);
    const first = estimateOf(paces.slice(0, third));
    const last = estimateOf(paces.slice(paces.length - third));
    if (first === null || last === null) return [];
    const error = Math.hypot(first.error, last.error);
    return [{ mean: last.mean - first.mean, error, n: third }];
  });
}

const isClosed = ({ records }: GateRun): boolean =>
  records.every((record) => record.intendedAtMs === null);

/** Logarithm of the time a token takes. Null when: the answer failed or does not show it. */
export function logPace(record: RequestRecord): number | null {
  const pace = record.failure === null ? paceMs(record) : null;
  return pace === null || pace <= 0 ? null : Math.log(pace);
}

function meanEstimate(all: readonly Estimate[]): Estimate | null {
  if (all.length === 0) return null;
  return {
    mean: all.reduce((sum, one) => sum + one.mean, 0) / all.length,
    error: Math.hypot(...all.map((one) => one.error)) / all.length,
    n: all.reduce((sum, one) => sum + one.n, 0),
  };
}
