import type { EventData } from '../ledger/events.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import type { Purpose, Spread } from '../ledger/vocabulary.ts';
import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { namedMetrics, spreadKey } from '../stats/spread.ts';
import { OWN_PURPOSES, sideOfTrial } from './from-state.ts';
import { type JudgedRun, readRuns, runsAt, usableRuns } from './sides.ts';

type NamedMetric = ReturnType<typeof namedMetrics>[number];

/** Usable runs of one configuration in one deployment. */
export interface Group {
  readonly deploymentId: string;
  /** Hardware that it ran on: another GPU is no repeat. */
  readonly gpu: string | null;
  readonly runs: readonly JudgedRun[];
}

/** Runs that the noise within a deployment is taken from. */
const CALIBRATING: readonly Purpose[] = ['calibrate', 'anchor'];

/**
 * What the session knows of its noise: the sd of runs within a deployment, from the A/A runs of the calibrated trial, and the sd
 * between deployments, from every configuration that was measured in more than one deployment on the same GPU (the baseline
 * redeployed, the incumbent's anchors). A metric that any A/A run leaves undefined is left out.
 * Source: docs/verdicts.md; one-way analysis of variance, components of variance.
 */
export function calibrationOf(state: SessionState, trialId: string): EventData<'calibrated'> {
  const base = groupsOf(
    state.trials.find((one) => one.trialId === trialId),
    CALIBRATING,
  );
  const families = state.trials.flatMap((trial) => familiesOf(groupsOf(trial, OWN_PURPOSES)));
  const loadPointCount = state.contract.terms.loadPoints.length;
  return {
    trialId,
    measurements: base.flatMap(({ runs }) => runs.map((run) => run.measurement.measurementId)),
    spreads: spreadsAcross({ base, families, loadPointCount }),
    deployments: base.map((group) => group.deploymentId),
  };
}

/** Spreads of every metric at every load point, by `spreadKey`. Shape: a family holds the deployments of one configuration. */
export function spreadsAcross(facts: {
  readonly base: readonly Group[];
  readonly families: readonly (readonly Group[])[];
  readonly loadPointCount: number;
}): Record<string, Spread> {
  const { base, families, loadPointCount } = facts;
  const spreads: Record<string, Spread> = {};
  for (let index = 0; index < loadPointCount; index += 1) {
    for (const metric of namedMetrics()) {
      const within = withinOf(base, metric, index);
      if (within === null) continue;
      const between = betweenOf(families, metric, index);
      spreads[spreadKey(metric.id, metric.quantile, index)] =
        between === null ? within : { ...within, between };
    }
  }
  return spreads;
}

function groupsOf(trial: TrialState | undefined, purposes: readonly Purpose[]): readonly Group[] {
  if (trial === undefined) return [];
  const runs = usableRuns(sideOfTrial(trial, purposes));
  const ids = [...new Set(runs.map((run) => run.measurement.deploymentId))];
  return ids.map((deploymentId) => ({
    deploymentId,
    gpu:
      trial.deployments.find((one) => one.deploymentId === deploymentId)?.ready?.instance.gpu ??
      null,
    runs: runs.filter((run) => run.measurement.deploymentId === deploymentId),
  }));
}

/** Deployments that differ in nothing but themselves. Shape: two or more each. */
function familiesOf(groups: readonly Group[]): readonly (readonly Group[])[] {
  return [...new Set(groups.map((group) => group.gpu))]
    .map((gpu) => groups.filter((group) => group.gpu === gpu))
    .filter((family) => family.length > 1);
}

/** Values of each deployment. Null when: a run has none. */
function valuesOf(
  groups: readonly Group[],
  metric: NamedMetric,
  loadPointIndex: number,
): readonly (readonly number[])[] | null {
  const values = groups.map(({ runs }) => {
    const here = runsAt(runs, loadPointIndex);
    return { wanted: here.length, found: readRuns(here, metric) };
  });
  if (values.some(({ wanted, found }) => found.length < wanted)) return null;
  return values.map(({ found }) => found).filter((found) => found.length > 0);
}

function withinOf(
  groups: readonly Group[],
  metric: NamedMetric,
  loadPointIndex: number,
): Spread | null {
  const values = valuesOf(groups.map(apart), metric, loadPointIndex);
  const all = values?.flat() ?? [];
  const mean = meanOf(all);
  if (values === null || mean === null) return null;
  const { df, squares } = pooledSquares(values);
  return df < 1 ? null : { mean, sd: Math.sqrt(squares / df), n: all.length, df };
}

/** Its runs without those that took turns: between them the other one ran, and the machine had more time to drift. */
const apart = (group: Group): Group => ({
  ...group,
  runs: group.runs.filter(({ measurement }) => measurement.turn === undefined),
});

function pooledSquares(values: readonly (readonly number[])[]): { df: number; squares: number } {
  let df = 0;
  let squares = 0;
  for (const group of values) {
    df += Math.max(0, group.length - 1);
    squares += (group.length - 1) * (sampleSd(group) ?? 0) ** 2;
  }
  return { df, squares };
}

/** What the means of deployments differ by beyond the noise of their runs. Null when: no configuration was deployed twice. */
function betweenOf(
  families: readonly (readonly Group[])[],
  metric: NamedMetric,
  loadPointIndex: number,
): NonNullable<Spread['between']> | null {
  const found = families.map((family) => componentOf(valuesOf(family, metric, loadPointIndex)));
  const known = found.filter((one) => one !== null);
  const df = known.reduce((sum, one) => sum + one.df, 0);
  if (df < 1) return null;
  const variance = known.reduce((sum, one) => sum + one.df * one.variance, 0) / df;
  return { sdRatio: Math.sqrt(Math.max(0, variance)), df };
}

/** Variance of the logs of deployments' means, less what their runs explain; it may be below 0. */
function componentOf(
  values: readonly (readonly number[])[] | null,
): { readonly variance: number; readonly df: number } | null {
  if (values === null || values.length < 2) return null;
  const means = values.map((group) => meanOf(group) ?? 0);
  if (means.some((mean) => mean <= 0)) return null;
  const spread = sampleSd(means.map(Math.log)) ?? 0;
  const { df, squares } = pooledSquares(
    values.map((group, at) => relativeTo(group, means[at] ?? 1)),
  );
  const runs = df < 1 ? 0 : squares / df;
  const share = meanOf(values.map((group) => 1 / group.length)) ?? 0;
  return { variance: spread ** 2 - runs * share, df: values.length - 1 };
}

const relativeTo = (values: readonly number[], mean: number): readonly number[] =>
  values.map((value) => value / mean);
