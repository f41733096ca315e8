import { type CombinedError, combineErrors, deploymentSdRatio } from '../judge/noise.ts';
import { percent } from '../percent.ts';
import { bootstrapLogRatio } from '../stats/bootstrap.ts';
import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { quantile } from '../stats/quantile.ts';
import type { ComparedMetric } from './metric-name.ts';
import { LATENCY_NAMES, type ResultRun } from './result-run.ts';

export interface RunNoise {
  /** Relative sd of one run. Null when: nothing tells it. */
  readonly sdRatio: number | null;
  /** Error of ln(candidate / baseline), the prior between deployments included. Null when: nothing tells it. */
  readonly error: CombinedError | null;
  /** Where the noise was taken from, in words. */
  readonly said: string;
}

export interface Sides {
  readonly baseline: readonly ResultRun[];
  readonly candidate: readonly ResultRun[];
  readonly metric: ComparedMetric;
}

/** From how many runs a side on the bootstrap speaks. Source: docs/verdicts.md. */
const RUNS_FOR_BOOTSTRAP = 5;

/** Fixed, so that the same files give the same answer. */
const SEED = 20_260_101;

/**
 * The noise of a comparison of files: as told, by a two-level bootstrap from five runs a side on, else from the pooled spread
 * of the runs. Each side is taken for one deployment, and the prior between deployments is added in quadrature.
 */
export function noiseOfRuns(sides: Sides, toldSdRatio: number | null): RunNoise {
  const { metric } = sides;
  const prior = deploymentSdRatio(metric.own);
  const within = toldSdRatio === null ? estimate(sides) : told(sides, toldSdRatio);
  if (within === null) {
    return { sdRatio: null, error: null, said: 'one run a side tells nothing of their noise' };
  }
  return {
    sdRatio: within.sdRatio,
    error: combineErrors(within, 2 * prior ** 2),
    said: `${within.said}; ${percent(prior, 2)} between deployments is a prior, added in quadrature`,
  };
}

interface Within {
  readonly sdRatio: number;
  readonly variance: number;
  readonly df: number;
  readonly said: string;
}

const valuesOf = (runs: readonly ResultRun[], name: string): number[] =>
  runs.map((run) => run.metrics[name]).filter((value) => value !== undefined);

function told({ baseline, candidate }: Sides, sdRatio: number): Within {
  return {
    sdRatio,
    variance: sdRatio ** 2 * (1 / baseline.length + 1 / candidate.length),
    df: Number.POSITIVE_INFINITY,
    said: `run noise ${percent(sdRatio, 2)} as told`,
  };
}

function estimate(sides: Sides): Within | null {
  const groups = [sides.baseline, sides.candidate].map((runs) => {
    const values = valuesOf(runs, sides.metric.name);
    const mean = meanOf(values) ?? 0;
    const sd = sampleSd(values);
    return { n: values.length, relative: sd === null || mean === 0 ? 0 : sd / mean };
  });
  const df = groups.reduce((sum, group) => sum + group.n - 1, 0);
  if (df < 1) return null;
  const squares = groups.reduce((sum, group) => sum + (group.n - 1) * group.relative ** 2, 0);
  const sdRatio = Math.sqrt(squares / df);
  const share = groups.reduce((sum, group) => sum + 1 / group.n, 0);
  const pooled = {
    sdRatio,
    variance: sdRatio ** 2 * share,
    df,
    said: `run noise ${percent(sdRatio, 2)} from the spread of ${df + 2} runs`,
  };
  return resampled(sides, pooled) ?? pooled;
}

/** The bootstrap's variance, put right for the few runs that it draws from (n / (n − 1)). Null when: too few runs. */
function resampled(sides: Sides, pooled: Within): Within | null {
  const fewest = Math.min(sides.baseline.length, sides.candidate.length);
  if (fewest < RUNS_FOR_BOOTSTRAP) return null;
  const [baseline, candidate] = [sides.baseline, sides.candidate].map((runs) =>
    runs.map((run) => samplesOf(run, sides.metric)),
  );
  const found = bootstrapLogRatio(baseline ?? [], candidate ?? [], {
    seed: SEED,
    statistic: (values) => (values.length === 1 ? (values[0] ?? null) : statisticOf(values, sides)),
  });
  if (found === null) return null;
  return {
    ...pooled,
    variance: (found.se ** 2 * fewest) / (fewest - 1),
    said: `run noise ${percent(pooled.sdRatio, 2)}; error by a two-level bootstrap over runs and requests`,
  };
}

/** Request values of a latency where the file has them, else the run's one value. */
function samplesOf(run: ResultRun, metric: ComparedMetric): readonly number[] {
  const latency = LATENCY_NAMES.find((name) => name === metric.family);
  const samples = latency === undefined ? undefined : run.samples[latency];
  if (samples !== undefined && samples.length > 1) return samples;
  return [run.metrics[metric.name] ?? 0];
}

function statisticOf(values: readonly number[], { metric }: Sides): number | null {
  return metric.quantile === null ? meanOf(values) : quantile(values, metric.quantile);
}
