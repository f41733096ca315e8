import type { SessionState, TrialState } from '../ledger/state.ts';
import type { FloorRow } from '../ledger/vocabulary.ts';
import type { MetricId } from '../metrics/metric.ts';
import { floorName } from '../playbook/floor-rows.ts';

/** Floor row that speaks for an objective; for every other objective it is output throughput. */
const NEAREST: Readonly<Partial<Record<MetricId, string>>> = {
  ttftMs: 'ttftMs.mean',
  scheduledTtftMs: 'ttftMs.mean',
  tbotMs: 'tbotMs.mean',
  iclMs: 'tbotMs.mean',
  ttltMs: 'tbotMs.mean',
};

const nearestTo = (objective: MetricId): string => NEAREST[objective] ?? 'outputTokensPerS';

/**
 * Share of its physical limit that the run diagnosed last reached, in the bounded metric nearest to the objective.
 * Units: ratio, 1 at the limit. Null when: no run was diagnosed, or GPU or model gives no bound.
 */
export function efficiencyOf(state: SessionState, trial: TrialState): number | null {
  const rows = trial.diagnoses.at(-1)?.floor ?? [];
  return shareOf(rows, nearestTo(state.contract.terms.objective.metric));
}

/** The same of one metric of a floor. */
export function shareOf(rows: readonly FloorRow[], metric: string): number | null {
  const row = rows.find((one) => one.metric === metric);
  return row === undefined ? null : 1 / row.ratio;
}

/** `62 %`, and `—` where no bound is known. */
export function asShare(ratio: number | null): string {
  return ratio === null ? '—' : `${Math.round(ratio * 100)} %`;
}

/** What the column of a trial table says. */
export function efficiencyLegend(state: SessionState, column: string): string {
  const name = floorName(nearestTo(state.contract.terms.objective.metric));
  return `${column}: share of the physical limit of ${name} that the run diagnosed last reached; — where GPU or model gives no bound.`;
}
