import type { Spread } from '../ledger/vocabulary.ts';
import type { MetricId, Quantile } from '../metrics/metric.ts';
import { percent } from '../percent.ts';
import type { Weighed, WeighedRun } from './pairing.ts';

/**
 * Relative sd between fresh launches of one configuration, and between sessions on one machine. A calibration inside one
 * deployment sees neither. Source: published repeats of engines (launch 0.3 %, session 0.5 % on a dedicated GPU).
 */
const LAUNCH_SD_RATIO = 0.003;
const SESSION_SD_RATIO = 0.005;

/**
 * The same for TTFT, median and tail. Source: published repeats: five fresh launches on an L40S, median TTFT 3.8 to
 * 15.5 %; re-measured on another date, median 2 %, 90th percentile 10 %.
 */
const TTFT_SD_RATIO = 0.05;
const TTFT_TAIL_SD_RATIO = 0.1;

/** Tails of the other latencies. Source: own reasoning, twice the prior of their means. */
const TAIL_FACTOR = 2;

const TAILS: readonly Quantile[] = ['p90', 'p95', 'p99'];

/** What is believed about the noise between deployments before it was measured. Units: relative sd. */
export function deploymentSdRatio(metric: {
  readonly id: MetricId;
  readonly quantile: Quantile;
}): number {
  const isTail = TAILS.includes(metric.quantile);
  if (metric.id === 'ttftMs' || metric.id === 'scheduledTtftMs') {
    return isTail ? TTFT_TAIL_SD_RATIO : TTFT_SD_RATIO;
  }
  const base = Math.hypot(LAUNCH_SD_RATIO, SESSION_SD_RATIO);
  const isLatency = metric.id === 'tbotMs' || metric.id === 'iclMs' || metric.id === 'ttltMs';
  return isLatency && isTail ? TAIL_FACTOR * base : base;
}

/**
 * Deployments that the prior is worth against the session's own: what two deployments of one configuration show moves it by a
 * fifth. Source: own reasoning; one difference between two deployments is a poor estimate of their sd.
 */
const PRIOR_DF = 4;

/** A variance and how well it is known; infinitely many degrees of freedom: taken as known. */
export interface Variance {
  readonly variance: number;
  readonly df: number;
}

/**
 * Noise between deployments: the session's own estimate where it has one, combined with the stated prior by their degrees of
 * freedom. Units: variance of a logarithm. Source: scaled inverse chi-squared posterior of a variance (Gelman et al., BDA 3, §2.6).
 */
export function deploymentNoise(
  metric: { readonly id: MetricId; readonly quantile: Quantile },
  own: Spread['between'],
): Variance {
  const prior = deploymentSdRatio(metric) ** 2;
  if (own === undefined) return { variance: prior, df: Number.POSITIVE_INFINITY };
  const df = PRIOR_DF + own.df;
  return { variance: (PRIOR_DF * prior + own.df * own.sdRatio ** 2) / df, df };
}

/** Which part of the noise between deployments was measured and which is believed, in words. */
export function describeDeploymentNoise(
  metric: { readonly id: MetricId; readonly quantile: Quantile },
  own: Spread['between'],
): string {
  const prior = deploymentSdRatio(metric);
  if (own === undefined) {
    return `noise between deployments is a prior of ${percent(prior)}: one deployment cannot show it`;
  }
  const combined = Math.sqrt(deploymentNoise(metric, own).variance);
  return `noise between deployments is ${percent(combined)}: ${percent(own.sdRatio)} over ${own.df === 1 ? 'one redeploy' : `${own.df} redeploys`} of one configuration, with a prior of ${percent(prior)}`;
}

/** A variance that was estimated, one that is taken as known, and what follows for their sum. */
export interface CombinedError {
  readonly se: number;
  readonly df: number;
}

/** Adds a known variance to an estimated one. Degrees of freedom grow as the known share does. */
export function combineErrors(estimated: Variance, knownVariance: number): CombinedError {
  return sumErrors([estimated, { variance: knownVariance, df: Number.POSITIVE_INFINITY }]);
}

/** Root of the summed variances with the degrees of freedom of the sum. Source: Satterthwaite 1946. */
export function sumErrors(parts: readonly Variance[]): CombinedError {
  const total = parts.reduce((sum, { variance }) => sum + variance, 0);
  const doubt = parts.reduce((sum, { variance, df }) => sum + variance ** 2 / df, 0);
  return { se: Math.sqrt(total), df: doubt === 0 ? Number.POSITIVE_INFINITY : total ** 2 / doubt };
}

/**
 * Sum of squared shares that deployments have in a difference of two means: what the variance between deployments is
 * multiplied by. 0 when both sides ran in the same deployments.
 */
export function deploymentShare(sides: Weighed): number {
  const shares = new Map<string, number>();
  const add = (runs: readonly WeighedRun[], sign: number): void => {
    for (const { deploymentId, weight } of runs) {
      shares.set(deploymentId, (shares.get(deploymentId) ?? 0) + sign * weight);
    }
  };
  add(sides.trial, 1);
  add(sides.reference, -1);
  return [...shares.values()].reduce((sum, share) => sum + share ** 2, 0);
}
