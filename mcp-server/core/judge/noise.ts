import type { MetricId, Quantile } from '../metrics/metric.ts';
import type { JudgedRun } from './sides.ts';

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

/** A variance that was estimated, one that is taken as known, and what follows for their sum. */
export interface CombinedError {
  readonly se: number;
  readonly df: number;
}

/**
 * Adds a known variance to an estimated one. Degrees of freedom grow as the known share does.
 * Source: Satterthwaite 1946; the known part has infinitely many degrees of freedom.
 */
export function combineErrors(
  estimated: { readonly variance: number; readonly df: number },
  knownVariance: number,
): CombinedError {
  const total = estimated.variance + knownVariance;
  const df =
    estimated.variance === 0
      ? Number.POSITIVE_INFINITY
      : estimated.df * (total / estimated.variance) ** 2;
  return { se: Math.sqrt(total), df };
}

/**
 * Variance that deployments add to a difference of two means of logs: the prior times the sum of squared shares of each
 * deployment in its side. 0 when both sides ran in the same deployments.
 */
export function deploymentVariance(
  sides: { readonly trial: readonly JudgedRun[]; readonly reference: readonly JudgedRun[] },
  sdRatio: number,
): number {
  const shares = new Map<string, number>();
  const add = (runs: readonly JudgedRun[], sign: number): void => {
    for (const { measurement } of runs) {
      const before = shares.get(measurement.deploymentId) ?? 0;
      shares.set(measurement.deploymentId, before + sign / runs.length);
    }
  };
  add(sides.trial, 1);
  add(sides.reference, -1);
  return [...shares.values()].reduce((sum, share) => sum + share ** 2, 0) * sdRatio ** 2;
}
