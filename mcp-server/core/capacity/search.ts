import { quantile } from '../stats/quantile.ts';

/** One run at one level of load: a rate per second, or requests in flight. */
export interface CapacityProbe {
  readonly level: number;
  /** Measured over allowed, of the worst clause; at most 1 meets the service level. */
  readonly pressure: number;
}

export interface CapacityGoal {
  readonly find: 'max_rate' | 'max_concurrency';
  readonly startLevel: number;
  readonly maxLevel: number;
}

export type CapacityStep =
  | { readonly kind: 'probe'; readonly level: number; readonly why: string }
  | {
      readonly kind: 'done';
      readonly reason: 'found' | 'above_max' | 'below_min' | 'probes_used';
    };

/** The limit is known this closely, as a ratio of the two levels around it. Source: docs/load.md. */
const RESOLUTION = 1.05;
/** Runs at each of the two levels around the limit. Source: as above. */
const REPEATS = 3;
/** Runs of one search. Source: own reasoning; doubling to 4,096, bisection and repeats take about 25. */
const MAX_PROBES = 40;
/** Least level. Source: own reasoning; one request in a hundred seconds is no service. */
const MIN_LEVEL = { max_rate: 0.01, max_concurrency: 1 } as const;

/**
 * The next run of a search, from those made: doubling until a level fails (halving while it does), bisection on the
 * logarithm, then repeats at the two levels around the limit, whose medians decide. The same runs give the same step.
 */
export function nextCapacityStep(
  goal: CapacityGoal,
  probes: readonly CapacityProbe[],
): CapacityStep {
  if (probes.length >= MAX_PROBES) return { kind: 'done', reason: 'probes_used' };
  if (probes.length === 0) return probe(goal, goal.startLevel, 'start');
  const { pass, fail } = bracketOf(probes);
  if (fail === null)
    return pass === null ? probe(goal, goal.startLevel, 'start') : raise(goal, pass);
  if (pass === null) return lower(goal, fail);
  const middle = middleOf(goal, pass, fail);
  if (fail / pass > RESOLUTION && middle !== null) return probe(goal, middle, 'bisect');
  const thin = [pass, fail].find((level) => runsAt(probes, level).length < REPEATS);
  if (thin !== undefined) return { kind: 'probe', level: thin, why: 'repeat' };
  return { kind: 'done', reason: 'found' };
}

function raise(goal: CapacityGoal, pass: number): CapacityStep {
  if (pass >= goal.maxLevel) return { kind: 'done', reason: 'above_max' };
  return probe(goal, Math.min(goal.maxLevel, pass * 2), 'bracket');
}

function lower(goal: CapacityGoal, fail: number): CapacityStep {
  const least = MIN_LEVEL[goal.find];
  if (fail <= least) return { kind: 'done', reason: 'below_min' };
  return probe(goal, Math.max(least, fail / 2), 'bracket');
}

function probe(goal: CapacityGoal, level: number, why: string): CapacityStep {
  const whole = goal.find === 'max_concurrency' ? Math.max(1, Math.round(level)) : level;
  return { kind: 'probe', level: whole, why };
}

/** Null when: no level lies between. */
function middleOf(goal: CapacityGoal, pass: number, fail: number): number | null {
  const middle = Math.sqrt(pass * fail);
  if (goal.find === 'max_rate') return middle;
  const whole = Math.round(middle);
  return whole <= pass || whole >= fail ? (fail - pass > 1 ? pass + 1 : null) : whole;
}

/** Lowest level whose median fails, and the highest below it, whose median then passes. */
export function bracketOf(probes: readonly CapacityProbe[]): {
  readonly pass: number | null;
  readonly fail: number | null;
} {
  const levels = [...new Set(probes.map((one) => one.level))].toSorted((a, b) => a - b);
  const fails = (level: number): boolean => (quantile(runsAt(probes, level), 0.5) ?? 0) > 1;
  const fail = levels.find(fails) ?? null;
  const pass = levels.findLast((level) => fail === null || level < fail) ?? null;
  return { pass, fail };
}

function runsAt(probes: readonly CapacityProbe[], level: number): readonly number[] {
  return probes.filter((one) => one.level === level).map((one) => one.pressure);
}
