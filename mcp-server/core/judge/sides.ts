import type { Objective, SloClause } from '../contract/contract.ts';
import type { GateReport } from '../gates/gate-run.ts';
import type { EventData } from '../ledger/events.ts';
import type { Spread } from '../ledger/vocabulary.ts';
import { type MetricId, type Quantile, readMetric } from '../metrics/metric.ts';

/** One load run as the judge sees it, with the price of the hardware that it ran on. */
export interface JudgedRun {
  readonly measurement: EventData<'measurement_recorded'>;
  readonly priceUsdPerHour: number | null;
}

/** One configuration: its measured runs, usable or not. */
export interface JudgedSide {
  readonly trialId: string;
  readonly runs: readonly JudgedRun[];
}

/** The terms that a verdict follows from. */
export interface Ruler {
  readonly objective: Objective;
  readonly slo: readonly SloClause[];
  readonly loadPointCount: number;
  readonly spreads: Readonly<Record<string, Spread>>;
  /** Trial whose runs gave the spreads. */
  readonly calibratedOn: string;
}

export interface JudgeInput {
  readonly ruler: Ruler;
  readonly trial: JudgedSide;
  readonly reference: JudgedSide;
  /** Set when the trial never became ready or died. */
  readonly crash: { readonly crashClass: string; readonly message: string } | null;
  readonly quality: {
    /** True for a change that can alter outputs: it cannot be kept without a check. */
    readonly required: boolean;
    readonly result: Pick<
      EventData<'quality_checked'>,
      'armed' | 'passed' | 'comparable' | 'reasons' | 'tiers'
    > | null;
    /** What a reader must know of the check beside its result. */
    readonly note?: string;
  };
  /** Physical lower bounds of latencies, where they are known. */
  readonly floors: readonly { readonly metric: 'ttftMs' | 'tbotMs'; readonly floorMs: number }[];
  /** How often this trial was sent back for another measurement. */
  readonly retests: number;
  /** Why the measurements cannot speak for this change (speculation on random words); null when they can. */
  readonly unfit: string | null;
  /** True when the trial only takes something away from the reference, so that it wins a tie. Absent: false. */
  readonly isSimpler?: boolean;
  /** What the requests themselves say for and against the trial. Absent: nobody looked at them. */
  readonly gates?: GateReport | undefined;
}

/** Runs that may be judged: no flag stands on them. */
export function usableRuns(side: JudgedSide): readonly JudgedRun[] {
  return side.runs.filter((run) => run.measurement.flags.length === 0);
}

export function runsAt(runs: readonly JudgedRun[], loadPointIndex: number): readonly JudgedRun[] {
  return runs.filter((run) => run.measurement.loadPointIndex === loadPointIndex);
}

/**
 * One metric of a run. TTFT is the engine's own mean where the path's round trip is too large to judge it at the client.
 * Null when: the metric is undefined for this run.
 */
export function readRun(
  run: JudgedRun,
  metric: { readonly id: MetricId; readonly quantile: Quantile },
): number | null {
  const { measurement } = run;
  const atEngine = metric.id === 'ttftMs' && measurement.ttftSource === 'engine';
  if (atEngine && metric.quantile !== 'p95' && metric.quantile !== 'p99') {
    return measurement.engineTtftMeanMs ?? readMetric(measurement.summary, metric);
  }
  return readMetric(measurement.summary, metric, run.priceUsdPerHour);
}

/** Values of a metric over runs, undefined ones left out. */
export function readRuns(
  runs: readonly JudgedRun[],
  metric: { readonly id: MetricId; readonly quantile: Quantile },
): readonly number[] {
  return runs.map((run) => readRun(run, metric)).filter((value) => value !== null);
}
