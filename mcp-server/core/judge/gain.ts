import { pocockLevel } from '../stats/group-sequential.ts';
import { studentCdf, studentQuantile } from '../stats/student-t.ts';

/** Retests before an unclear gain counts as none. Source: docs/verdicts.md, the gain ("at most twice"). */
export const MAX_RETESTS = 2;

/** Smallest relative gain worth having where nobody said another. Source: default of the contract. */
export const DEFAULT_MIN_EFFECT_RATIO = 0.02;

/**
 * Level of each end of an interval that may be looked at three times: the lower bound is then a 95 % bound over all looks,
 * and the interval of one look holds 95.4 %. Source: Pocock 1977.
 */
const LOOK_LEVEL = pocockLevel(MAX_RETESTS + 1, 'one-sided');

/** A difference of logs with its standard error; positive is better once `sign` says so. */
export interface LogDifference {
  /** ln(trial / reference). May be infinite. */
  readonly logRatio: number;
  /** Null when: the noise is unknown. */
  readonly error: { readonly se: number; readonly df: number } | null;
}

/** Interval of ln(trial / reference). Null when: the noise is unknown or the ratio is infinite. */
export function logInterval({ logRatio, error }: LogDifference): [number, number] | null {
  if (error === null || error.df < 1 || !Number.isFinite(logRatio)) return null;
  const half = studentQuantile(1 - LOOK_LEVEL, error.df) * error.se;
  return [logRatio - half, logRatio + half];
}

/**
 * How probable it is that the trial is better, from a flat prior. Units: 0..1. Null when: the noise is unknown.
 * Source: posterior of a location with known or t-distributed error.
 */
export function probabilityBetter(
  { logRatio, error }: LogDifference,
  better: 'maximise' | 'minimise',
): number | null {
  const gain = better === 'maximise' ? logRatio : -logRatio;
  if (error === null || error.df < 1) return null;
  if (error.se === 0) return gain === 0 ? 0.5 : Number(gain > 0);
  return studentCdf(gain / error.se, error.df);
}

/**
 * The rule of every verdict on one metric: `keep` when the estimate is at least the minimum effect and the lower 95 %
 * bound is above 0; `unclear` when only the first holds; `discard` when the same is true of a loss; else `tie`.
 * A ratio that is infinite is clear by itself. Source: docs/verdicts.md, the gain.
 */
export function ruleOnGain(
  difference: LogDifference,
  terms: { readonly better: 'maximise' | 'minimise'; readonly minEffectRatio: number },
): 'keep' | 'discard' | 'unclear' | 'tie' {
  const sign = terms.better === 'maximise' ? 1 : -1;
  const gain = sign * difference.logRatio;
  const enough = Math.log1p(terms.minEffectRatio);
  const isClear = isOffZero(difference);
  if (gain >= enough) return isClear ? 'keep' : 'unclear';
  return gain <= -enough && isClear ? 'discard' : 'tie';
}

/** True when the whole interval lies on one side of 0, which is that of the estimate. */
function isOffZero(difference: LogDifference): boolean {
  if (!Number.isFinite(difference.logRatio)) return true;
  const interval = logInterval(difference);
  return interval !== null && interval[0] * interval[1] > 0;
}
