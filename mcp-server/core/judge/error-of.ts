import type { Spread } from '../ledger/vocabulary.ts';
import type { MetricId, Quantile } from '../metrics/metric.ts';
import { bootstrapPairs } from '../stats/bootstrap.ts';
import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { relativeSd } from '../stats/spread.ts';
import {
  type CombinedError,
  deploymentNoise,
  deploymentShare,
  sumErrors,
  type Variance,
} from './noise.ts';
import { pairValues, type Weighed, type WeighedRun } from './pairing.ts';

/** From how many paired runs on the bootstrap speaks. Source: docs/verdicts.md. */
const PAIRS_FOR_BOOTSTRAP = 5;
/** Fixed, so that a verdict is the same when it is replayed. */
const SEED = 20_260_101;

export interface ErrorContext {
  readonly metric: { readonly id: MetricId; readonly quantile: Quantile };
  readonly spread: Spread | null;
  /** True where the reference's runs gave the spread, so that they are not counted twice. */
  readonly isReferenceCalibrated: boolean;
}

/**
 * Error of a log ratio of two means: that of runs within deployments, and that between deployments where the sides ran in
 * different ones. From five pairs of runs on the first comes from a two-level bootstrap over them, put right for the few pairs
 * that it draws from (n / (n − 1)); before, from the pooled sd of the A/A runs and of those compared, which also holds for pairs: they
 * differ by no more than that. Runs that took turns tell it by the differences inside their blocks. Null when: nothing was calibrated, or a side has no runs.
 * Source: docs/verdicts.md; pooled two-sample t, delta method for logs.
 */
export function errorOf(sides: Weighed, context: ErrorContext): CombinedError | null {
  const calibrated = context.spread === null ? null : relativeSd(context.spread);
  if (context.spread === null || calibrated === null) return null;
  if (sides.trial.length === 0 || sides.reference.length === 0) return null;
  const within =
    bootstrapped(sides) ?? pooled(sides, { ...context, spread: context.spread, calibrated });
  const between = deploymentNoise(context.metric, context.spread.between);
  return sumErrors([
    within,
    { variance: between.variance * deploymentShare(sides), df: between.df },
  ]);
}

function bootstrapped(sides: Weighed): Variance | null {
  const pairs = sides.pairs?.length ?? 0;
  if (pairs < PAIRS_FOR_BOOTSTRAP) return null;
  const se = bootstrapPairs(pairValues(sides, sides.pairs ?? []), { seed: SEED, resamples: 1000 });
  return se === null ? null : { variance: (se ** 2 * pairs) / (pairs - 1), df: pairs - 1 };
}

function pooled(
  sides: Weighed,
  context: ErrorContext & { readonly spread: Spread; readonly calibrated: number },
): Variance {
  const { spread, calibrated } = context;
  const apart = (runs: readonly WeighedRun[]): readonly WeighedRun[] =>
    runs.filter((run) => !sides.blocks.includes(run.key));
  const groups = [
    { df: spread.df ?? spread.n - 1, relative: calibrated },
    ...withinDeployments(apart(sides.trial)),
    ...(context.isReferenceCalibrated ? [] : withinDeployments(apart(sides.reference))),
    withinBlocks(sides),
  ];
  const df = groups.reduce((sum, group) => sum + group.df, 0);
  const squares = groups.reduce((sum, group) => sum + group.df * group.relative ** 2, 0);
  const weights = [...sides.trial, ...sides.reference];
  const share = weights.reduce((sum, { weight }) => sum + weight ** 2, 0);
  return { variance: (squares / df) * share, df };
}

/** Sd of one run by what the two runs of a block differ by, from block to block: what the machine did to both is no part of it. */
function withinBlocks(sides: Weighed): { readonly df: number; readonly relative: number } {
  const logs = pairValues(sides, sides.blocks).map(({ trial, reference }) =>
    Math.log((meanOf(trial) ?? 0) / (meanOf(reference) ?? 0)),
  );
  const sd = sampleSd(logs);
  if (sd === null || !Number.isFinite(sd)) return { df: 0, relative: 0 };
  return { df: logs.length - 1, relative: sd / Math.SQRT2 };
}

/** Relative sd of the runs of each deployment. */
function withinDeployments(
  runs: readonly WeighedRun[],
): readonly { readonly df: number; readonly relative: number }[] {
  const ids = [...new Set(runs.map((run) => run.deploymentId))];
  return ids.map((id) => {
    const values = runs.filter((run) => run.deploymentId === id).map((run) => run.value);
    const mean = meanOf(values);
    const sd = sampleSd(values);
    if (sd === null || mean === null || mean === 0) return { df: 0, relative: 0 };
    return { df: values.length - 1, relative: sd / Math.abs(mean) };
  });
}
