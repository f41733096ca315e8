import type { RequestRecord } from '../../core/workload/request-record.ts';
import type { StampedLoadRun } from './run-load.ts';

/** One run from the shares of its workers: times on the first one's origin, measured records in order of the plan. */
export function mergeRuns(
  first: StampedLoadRun,
  others: readonly StampedLoadRun[],
): StampedLoadRun {
  if (others.length === 0) return first;
  const all = [first, ...others];
  const moved = all.flatMap((run) =>
    run.records.map((record) => shift(record, run.originMonotonicMs - first.originMonotonicMs)),
  );
  const measured = moved
    .filter((record) => record.phase === 'measure')
    .toSorted((a, b) => a.index - b.index);
  return {
    ...first,
    records: [...moved.filter((record) => record.phase !== 'measure'), ...measured],
    windowStartMs: Math.min(...all.map((run) => run.windowStartMs)),
    windowEndMs: Math.max(...all.map((run) => run.windowEndMs)),
    cancelled: all.some((run) => run.cancelled),
    overSaturated: all.some((run) => run.overSaturated === true),
    client: worstClient(all),
    notes: [...new Set(all.flatMap((run) => run.notes))],
  };
}

/** The busiest worker speaks for the client; events per read are of all. */
function worstClient(runs: readonly StampedLoadRun[]): StampedLoadRun['client'] {
  const clients = runs.map((run) => run.client);
  const lags = clients.map((one) => one.sendLagP99Ms).filter((lag) => lag !== null);
  const perRead = clients.map((one) => one.eventsPerRead).filter((ratio) => ratio !== null);
  return {
    loopUtilisation: Math.max(...clients.map((one) => one.loopUtilisation)),
    loopLagP99Ms: Math.max(...clients.map((one) => one.loopLagP99Ms)),
    workers: runs.length,
    sendLagP99Ms: lags.length === 0 ? null : Math.max(...lags),
    eventsPerRead: perRead.length === 0 ? null : Math.max(...perRead),
  };
}

const TIMES = [
  'intendedAtMs',
  'headersAtMs',
  'roleAtMs',
  'firstTokenAtMs',
  'lastTokenAtMs',
  'closedAtMs',
] as const;

function shift(record: RequestRecord, byMs: number): RequestRecord {
  if (byMs === 0) return record;
  const moved = { ...record, sentAtMs: record.sentAtMs + byMs };
  for (const field of TIMES) {
    const time = moved[field];
    if (time !== null) moved[field] = time + byMs;
  }
  return moved;
}
