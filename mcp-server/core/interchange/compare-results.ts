import { InvalidInputError } from '../errors.ts';
import { MAX_ERROR_RATIO } from '../judge/feasibility.ts';
import { logInterval, probabilityBetter, ruleOnGain } from '../judge/gain.ts';
import { deploymentSdRatio } from '../judge/noise.ts';
import type { Verdict } from '../ledger/vocabulary.ts';
import { percent } from '../percent.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { minimumCount } from '../stats/quantile-bound.ts';
import { definitionOf } from './definitions.ts';
import type { ComparedMetric } from './metric-name.ts';
import { refuseUnequal, uncheckedFacts } from './refuse-unequal.ts';
import type { ResultRun } from './result-run.ts';
import { noiseOfRuns, type RunNoise, type Sides } from './run-noise.ts';

/** What `autodebug compare` answers. `deltaRatio` = candidate / baseline − 1, raw sign. */
export interface ResultComparison {
  readonly metric: string;
  /** Means over runs. */
  readonly baseline: number;
  readonly candidate: number;
  /** Null when: the baseline is 0. */
  readonly deltaRatio: number | null;
  /** 95 % interval of deltaRatio. Null when: the noise is unknown. */
  readonly interval: readonly [number, number] | null;
  readonly probabilityBetter: number | null;
  readonly noiseFloorRatio: number | null;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

/**
 * Judges one metric of result files as `judge_trial` would.
 * Throws: PreconditionError for other definitions or workloads; InvalidInputError for a file without the metric.
 */
export function compareResults(
  sides: Sides,
  terms: { readonly noiseSdRatio: number | null; readonly minEffectRatio: number },
): ResultComparison {
  const { metric } = sides;
  const runs = [...sides.baseline, ...sides.candidate];
  refuseUnequal(runs, metric);
  const baseline = meanOf(sides.baseline.map((run) => valueOf(run, metric))) ?? 0;
  const candidate = meanOf(sides.candidate.map((run) => valueOf(run, metric))) ?? 0;
  const noise = noiseOfRuns(sides, terms.noiseSdRatio);
  const logRatio = baseline === candidate ? 0 : Math.log(candidate) - Math.log(baseline);
  const difference = { logRatio, error: noise.error };
  const interval = logInterval(difference);
  const ruling = rule(sides, difference, terms.minEffectRatio);
  return {
    metric: metric.name,
    baseline,
    candidate,
    deltaRatio: baseline === 0 && candidate > 0 ? null : Math.expm1(logRatio),
    interval: interval === null ? null : [Math.expm1(interval[0]), Math.expm1(interval[1])],
    probabilityBetter: probabilityBetter(difference, metric.better),
    noiseFloorRatio: floorOf(noise, metric),
    verdict: ruling.verdict,
    reasons: [...ruling.reasons, ...notes(runs, metric, noise)],
  };
}

function valueOf(run: ResultRun, metric: ComparedMetric): number {
  const value = run.metrics[metric.name];
  if (value !== undefined) return value;
  const known = Object.keys(run.metrics).join(', ');
  throw new InvalidInputError(`${run.source} has no ${metric.name}.`, {
    code: 'E_NO_METRIC',
    fix: `Name a metric that it has: ${known === '' ? 'it has none' : known}.`,
  });
}

/** What two deployments of one configuration differ by through noise alone: 2 sd of one run on one deployment. */
function floorOf(noise: RunNoise, metric: ComparedMetric): number | null {
  return noise.sdRatio === null
    ? null
    : 2 * Math.hypot(noise.sdRatio, deploymentSdRatio(metric.own));
}

interface Ruling {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

function rule(
  sides: Sides,
  difference: Parameters<typeof ruleOnGain>[0],
  minEffectRatio: number,
): Ruling {
  const gate = countGate(sides) ?? errorGate(sides);
  if (gate !== null) return gate;
  const ask = 'measure each side again on a fresh start and give all files';
  const { better } = sides.metric;
  if (difference.error === null) {
    return {
      verdict: 'retest',
      reasons: [`the noise is unknown: give at least two runs of a side, or --noise-sd; ${ask}`],
    };
  }
  const enough = `the minimum effect of ${percent(minEffectRatio)}`;
  const ruling = ruleOnGain(difference, { better, minEffectRatio });
  if (ruling === 'keep') return { verdict: 'keep', reasons: ['better beyond noise'] };
  if (ruling === 'discard') return { verdict: 'discard', reasons: ['worse beyond noise'] };
  if (Math.abs(difference.logRatio) >= Math.log1p(minEffectRatio)) {
    const reason = `the difference is larger than ${enough}, and noise could explain it; ${ask}`;
    return { verdict: 'retest', reasons: [reason] };
  }
  const reason = `no difference beyond noise and ${enough}; the simpler one stays`;
  return { verdict: 'tie', reasons: [reason] };
}

/** A percentile of too few requests is no number. */
function countGate({ baseline, candidate, metric }: Sides): Ruling | null {
  if (metric.quantile === null || metric.quantile <= 0.5) return null;
  const needed = minimumCount(metric.quantile, 'two-sided');
  const short = [...baseline, ...candidate].find((run) => (run.completed ?? 0) < needed);
  if (short === undefined) return null;
  const reason = `${metric.name} needs ${needed} requests a run, and ${short.source} has ${short.completed ?? 'an unknown number'}`;
  return { verdict: 'invalid', reasons: [reason] };
}

/** A side that drops requests is not faster for it. Source: the judge's own bound on errors. */
function errorGate({ baseline, candidate }: Sides): Ruling | null {
  const failing = (runs: readonly ResultRun[]): ResultRun | undefined =>
    runs.find(
      ({ completed, failed }) =>
        completed !== null && failed !== null && failed > MAX_ERROR_RATIO * (completed + failed),
    );
  const say = ({ source, completed, failed }: ResultRun): string =>
    `${source}: ${failed} of ${(completed ?? 0) + (failed ?? 0)} requests failed, more than ${MAX_ERROR_RATIO * 100} %`;
  const bad = failing(candidate);
  if (bad !== undefined) return { verdict: 'discard', reasons: [say(bad)] };
  const worse = failing(baseline);
  return worse === undefined ? null : { verdict: 'invalid', reasons: [say(worse)] };
}

function notes(
  runs: readonly ResultRun[],
  metric: ComparedMetric,
  noise: RunNoise,
): readonly string[] {
  const [first] = runs;
  const unchecked = uncheckedFacts(runs);
  const isSilent = runs.every((run) => Object.keys(run.workload).length <= 1);
  return [
    noise.said,
    ...(first === undefined ? [] : [`${metric.name} by ${definitionOf(first, metric.family)}`]),
    ...(unchecked.length === 0
      ? []
      : [`not every file tells ${unchecked.join(', ')}: equality there was not checked`]),
    ...(isSilent ? ['the files tell no more of their workload than the number of requests'] : []),
    ...(runs.some((run) => run.failed === null)
      ? ['the tool does not count failures; a broken stream may stand among its successes']
      : []),
  ];
}
