import type { Delta, Spread } from '../ledger/vocabulary.ts';
import { METRIC_CARDS, type MetricId, type Quantile } from '../metrics/metric.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { findSpread, metricName, relativeSd } from '../stats/spread.ts';
import { describeLoadPoint } from '../workload/workload.ts';
import { errorOf } from './error-of.ts';
import { logInterval, probabilityBetter } from './gain.ts';
import { deploymentNoise } from './noise.ts';
import { weighedMean, weighRuns } from './pairing.ts';
import { type JudgeInput, type Ruler, runsAt, usableRuns } from './sides.ts';

/** A difference at one load point, or over all of them. Logs, so that swapping the sides changes the sign and nothing else. */
export interface Comparison {
  readonly delta: Delta;
  /** ln(trial / reference). Null when: either side is undefined. Infinite when: one side is 0. */
  readonly logRatio: number | null;
  /** Standard error of the log ratio and its degrees of freedom. Null when: nothing was calibrated. */
  readonly error: { readonly se: number; readonly df: number } | null;
}

export interface NamedMetric {
  readonly id: MetricId;
  readonly quantile: Quantile;
}

/**
 * The difference that two deployments of one configuration show by noise alone: twice the root of the squared A/A sd of a run
 * and the variance between deployments. Null when: the metric was not calibrated.
 * Source: own rule, 2 sd; `deploymentNoise`.
 */
export function noiseFloorRatio(spread: Spread | null, metric: NamedMetric): number | null {
  const relative = spread === null ? null : relativeSd(spread);
  return relative === null
    ? null
    : 2 * Math.sqrt(relative ** 2 + deploymentNoise(metric, spread?.between).variance);
}

/** Compares one metric at one load point over the usable runs of both sides. */
export function compareAt(
  input: Pick<JudgeInput, 'ruler' | 'trial' | 'reference'>,
  metric: NamedMetric,
  loadPointIndex: number,
): Comparison {
  const trial = runsAt(usableRuns(input.trial), loadPointIndex);
  const reference = runsAt(usableRuns(input.reference), loadPointIndex);
  const spread = findSpread(input.ruler.spreads, metric, loadPointIndex);
  const weighed = weighRuns({ trial, reference }, metric);
  const means = {
    trial: weighedMean(weighed.trial),
    reference: weighedMean(weighed.reference),
  };
  const logRatio = logRatioOf(means.trial, means.reference);
  const error = errorOf(weighed, {
    metric,
    spread,
    isReferenceCalibrated: input.reference.trialId === input.ruler.calibratedOn,
  });
  const point = [...trial, ...reference][0]?.measurement.loadPoint;
  return {
    logRatio,
    error,
    delta: {
      metric: metricName(metric.id, metric.quantile),
      loadPoint: point === undefined ? `load point ${loadPointIndex}` : describeLoadPoint(point),
      reference: means.reference,
      trial: means.trial,
      deltaRatio: finiteRatio(logRatio),
      interval: intervalOf(logRatio, error),
      probabilityBetter: chanceOf(logRatio, error, metric),
      noiseFloorRatio: noiseFloorRatio(spread, metric),
    },
  };
}

/** The metric over all load points: geometric mean of the ratios. With one load point it is that one. */
export function compareOverall(
  input: Pick<JudgeInput, 'ruler' | 'trial' | 'reference'>,
  metric: NamedMetric,
): { readonly overall: Comparison; readonly parts: readonly Comparison[] } {
  const parts = loadPoints(input.ruler).map((index) => compareAt(input, metric, index));
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return { overall: only, parts };
  const logs = parts.map((part) => part.logRatio).filter((log) => log !== null);
  const mean = logs.length === parts.length ? meanOf(logs) : null;
  const logRatio = mean === null || Number.isNaN(mean) ? null : mean;
  const error = errorOfMean(parts);
  const overall: Comparison = {
    logRatio,
    error,
    delta: {
      metric: metricName(metric.id, metric.quantile),
      loadPoint: `all ${parts.length} load points (geometric mean)`,
      reference: null,
      trial: null,
      deltaRatio: finiteRatio(logRatio),
      interval: intervalOf(logRatio, error),
      probabilityBetter: chanceOf(logRatio, error, metric),
      noiseFloorRatio: noiseOfMean(parts),
    },
  };
  return { overall, parts };
}

export function loadPoints(ruler: Pick<Ruler, 'loadPointCount'>): readonly number[] {
  return Array.from({ length: ruler.loadPointCount }, (_, index) => index);
}

/** ln(trial / reference): 0 for two zeros, infinite where one side alone is 0. */
function logRatioOf(trial: number | null, reference: number | null): number | null {
  if (trial === null || reference === null || trial < 0 || reference < 0) return null;
  if (trial === 0 && reference === 0) return 0;
  return Math.log(trial) - Math.log(reference);
}

function finiteRatio(logRatio: number | null): number | null {
  if (logRatio === null || logRatio === Number.POSITIVE_INFINITY) return null;
  return Math.exp(logRatio) - 1;
}

/** 95 % interval of trial / reference − 1. Null when: the error or the ratio is unknown or infinite. */
function intervalOf(logRatio: number | null, error: Comparison['error']): [number, number] | null {
  const interval = logRatio === null ? null : logInterval({ logRatio, error });
  return interval === null ? null : [Math.expm1(interval[0]), Math.expm1(interval[1])];
}

function chanceOf(
  logRatio: number | null,
  error: Comparison['error'],
  metric: NamedMetric,
): number | null {
  if (logRatio === null) return null;
  return probabilityBetter({ logRatio, error }, METRIC_CARDS[metric.id].better);
}

function errorOfMean(parts: readonly Comparison[]): Comparison['error'] {
  const errors = parts.map((part) => part.error).filter((error) => error !== null);
  if (errors.length !== parts.length || errors.length === 0) return null;
  const variance = errors.reduce((sum, error) => sum + error.se ** 2, 0);
  return {
    se: Math.sqrt(variance) / errors.length,
    df: Math.min(...errors.map((error) => error.df)),
  };
}

/** Noise of a mean of independent parts: root of the summed squares, divided by their number. */
function noiseOfMean(parts: readonly Comparison[]): number | null {
  const floors = parts.map((part) => part.delta.noiseFloorRatio).filter((floor) => floor !== null);
  if (floors.length !== parts.length || floors.length === 0) return null;
  return Math.sqrt(floors.reduce((sum, floor) => sum + floor ** 2, 0)) / floors.length;
}
