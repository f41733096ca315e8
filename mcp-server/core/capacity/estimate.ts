import { meanOf } from '../stats/mean-sd.ts';
import { quantile } from '../stats/quantile.ts';
import { keyedRandom } from '../workload/keyed-random.ts';
import { crossingOf, type FitPoint, fitRising } from './pool-adjacent.ts';
import { bracketOf, type CapacityProbe } from './search.ts';

/** Most load that meets the service level, and what speaks for it. */
export interface CapacityEstimate {
  /** Level at which the fit crosses the limit. Null when: every level passed, or none did. */
  readonly level: number | null;
  /** 95 % interval: of the bootstrap, and never narrower than the two levels around the limit. */
  readonly interval: readonly [number, number] | null;
  readonly highestPassing: number | null;
  readonly lowestFailing: number | null;
  readonly curve: readonly {
    readonly level: number;
    readonly runs: number;
    /** Median of the runs, and the fit. */
    readonly pressure: number;
    readonly fitted: number;
  }[];
}

/** Resamples of the bootstrap. Source: own reasoning; the 2.5 % ends rest on 12 of 500. */
const RESAMPLES = 500;

/**
 * Fits pressure that never falls with load (both on a log scale) and takes the level where it reaches 1. The interval
 * resamples what repeated runs of one level differ by around the fit.
 */
export function estimateCapacity(probes: readonly CapacityProbe[], seed: number): CapacityEstimate {
  const points = probes.map(({ level, pressure }) => ({
    x: Math.log(level),
    y: Math.log(Math.max(pressure, LEAST_PRESSURE)),
  }));
  const fit = fitRising(points);
  const at = crossingOf(fit, 0);
  const { pass, fail } = bracketOf(probes);
  const level = at === null ? null : Math.exp(at);
  return {
    level,
    interval:
      level === null || pass === null || fail === null
        ? null
        : widen(bootstrap(points, fit, seed), [pass, fail], level),
    highestPassing: pass,
    lowestFailing: fail,
    curve: fit.map(({ x, y }) => {
      const runs = points.filter((point) => point.x === x);
      const median = quantile(
        runs.map((run) => run.y),
        0.5,
      );
      return {
        level: probes.find((one) => Math.log(one.level) === x)?.level ?? Math.exp(x),
        runs: runs.length,
        pressure: Math.exp(median ?? y),
        fitted: Math.exp(y),
      };
    }),
  };
}

/** Below it a clause is not felt at all; keeps the logarithm finite. */
const LEAST_PRESSURE = 1e-3;

function widen(
  boot: readonly [number, number] | null,
  bracket: readonly [number, number],
  level: number,
): readonly [number, number] {
  const ends = [...(boot ?? []), ...bracket, level];
  return [Math.min(...ends), Math.max(...ends)];
}

/** Null when: no level was run twice, so that nothing is known of the noise. */
function bootstrap(
  points: readonly FitPoint[],
  fit: readonly FitPoint[],
  seed: number,
): readonly [number, number] | null {
  const residuals = residualsOf(points);
  if (residuals.length === 0) return null;
  const random = keyedRandom(['capacity', seed]);
  const fitted = new Map(fit.map(({ x, y }) => [x, y]));
  const crossings: number[] = [];
  for (let round = 0; round < RESAMPLES; round += 1) {
    const resampled = points.map(({ x }) => ({
      x,
      y: (fitted.get(x) ?? 0) + (residuals[random.int(0, residuals.length - 1)] ?? 0),
    }));
    const at = crossingOf(fitRising(resampled), 0);
    if (at !== null) crossings.push(Math.exp(at));
  }
  const low = quantile(crossings, 0.025);
  const high = quantile(crossings, 0.975);
  return low === null || high === null ? null : [low, high];
}

/** What repeated runs differ by from their level's mean, scaled for the mean that was taken off. */
function residualsOf(points: readonly FitPoint[]): readonly number[] {
  return [...new Set(points.map((point) => point.x))].flatMap((x) => {
    const ys = points.filter((point) => point.x === x).map((point) => point.y);
    const mean = meanOf(ys) ?? 0;
    if (ys.length < 2) return [];
    const scale = Math.sqrt(ys.length / (ys.length - 1));
    return ys.map((y) => (y - mean) * scale);
  });
}
