import type { SloClause } from '../contract/contract.ts';
import { isQuantileProven, minimumCount, mostAbove } from '../stats/quantile-bound.ts';
import { metricName } from '../stats/spread.ts';
import { describeLoadPoint } from '../workload/workload.ts';
import { loadPoints } from './compare.ts';
import { formatNumber } from './feasibility.ts';
import { type JudgedRun, type JudgedSide, runsAt, usableRuns } from './sides.ts';

const QUANTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** What is known of a bound on a quantile whose point estimate holds. */
export interface Proof {
  /** `unproven`: the upper 95 % bound of the quantile exceeds the limit. `too_few`: no bound exists for so few requests. */
  readonly state: 'proven' | 'unproven' | 'too_few';
  readonly said: string;
}

/**
 * Proofs of the clauses of a side, pooled over the runs of each load point: failures count as slower than any limit.
 * Clauses that were not counted (means, gaps, older measurements) have none.
 * Source: docs/verdicts.md, SLO quantiles.
 */
export function proofsOf(
  side: JudgedSide,
  slo: readonly SloClause[],
  loadPointCount: number,
): readonly Proof[] {
  const usable = usableRuns(side);
  return loadPoints({ loadPointCount }).flatMap((index) => {
    const runs = runsAt(usable, index);
    return slo.flatMap((clause) => proofOf(runs, clause) ?? []);
  });
}

function proofOf(runs: readonly JudgedRun[], clause: SloClause): Proof | null {
  const { quantile } = clause;
  const [first] = runs;
  const counts = countsOf(runs, clause);
  if (quantile === 'mean' || first === undefined || counts === null) return null;
  const q = QUANTILES[quantile];
  const isProven = isQuantileProven(counts, q);
  const name = metricName(clause.metric, quantile);
  const where = `at ${describeLoadPoint(first.measurement.loadPoint)}`;
  const limit = formatNumber(clause.max);
  if (isProven === null) {
    const said = `${name} cannot be proven by ${counts.n} requests ${where}: its upper bound needs ${minimumCount(q, 'one-sided')}, so the estimate stands for it`;
    return { state: 'too_few', said };
  }
  if (isProven) return { state: 'proven', said: `${name} is proven below ${limit} ${where}` };
  const most = mostAbove(counts.n, q) ?? 0;
  const said = `the upper 95 % bound of ${name} exceeds ${limit} ${where}: ${counts.above} of ${counts.n} requests do (failures included), at most ${most} may`;
  return { state: 'unproven', said };
}

/** Sums over runs. Null when: a run was not counted against this clause. */
function countsOf(
  runs: readonly JudgedRun[],
  clause: SloClause,
): { readonly n: number; readonly above: number } | null {
  let n = 0;
  let above = 0;
  for (const { measurement } of runs) {
    const found = measurement.summary.sloCounts?.find(
      (count) =>
        count.metric === clause.metric &&
        count.quantile === clause.quantile &&
        count.maxMs === clause.max,
    );
    // TTFT of the engine replaces that of the client: its requests are not ours to count.
    if (found === undefined || isAtEngine(measurement.ttftSource, clause)) return null;
    n += found.n;
    above += found.above;
  }
  return { n, above };
}

const isAtEngine = (source: string, clause: SloClause): boolean =>
  source === 'engine' && clause.metric === 'ttftMs';
