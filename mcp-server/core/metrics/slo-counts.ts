import type { SloClause } from '../contract/contract.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { scheduledTtftMs, tbotMs, ttftMs, ttltMs } from './request-metrics.ts';
import type { SloCount } from './summary.ts';

const VALUES = { ttftMs, scheduledTtftMs, tbotMs, ttltMs } as const;
type Counted = keyof typeof VALUES;

const isCounted = (metric: string): metric is Counted => metric in VALUES;

/**
 * Counts for every clause on a quantile of a latency that each request has once. A failed request exceeds any bound; a
 * valid one that has no such value (TBOT of a single token) is not counted. Give what was attempted, not what we cancelled.
 */
export function countAgainstSlo(
  attempted: readonly RequestRecord[],
  slo: readonly SloClause[],
): SloCount[] {
  return slo.flatMap(({ metric, quantile, max }) => {
    if (quantile === 'mean' || !isCounted(metric)) return [];
    const valueOf = VALUES[metric];
    const values = attempted
      .map((record) => (record.failure === null ? valueOf(record) : Number.POSITIVE_INFINITY))
      .filter((value) => value !== null);
    const above = values.filter((value) => value > max).length;
    return [{ metric, quantile, maxMs: max, n: values.length, above }];
  });
}
