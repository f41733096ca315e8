import type { SloClause } from '../contract/contract.ts';
import { InvalidInputError } from '../errors.ts';
import type { MeasurementFlag } from '../ledger/vocabulary.ts';
import type { MeasurementSummary } from '../metrics/summary.ts';
import type { LoadPoint } from '../workload/workload.ts';
import { MOST_PRESSURE, pressureOf } from './pressure.ts';
import type { CapacityGoal } from './search.ts';

/** Seconds that a run at one rate lasts. Source: own reasoning; long enough for the over-saturation rule. */
const RATE_RUN_S = 30;
/** A p95 has an upper bound from 59 requests on. Source: 0.95^59 < 5 %, one-sided. */
const MIN_REQUESTS = 59;
const MAX_REQUESTS = 20_000;
/** Requests per lane of a closed loop, so that the steady part outweighs the ramp. Source: own reasoning. */
const ROUNDS = 4;

/** Load point of a level. `requests` fixes how many are sent; null: as many as the level needs. */
export function levelLoadPoint(
  goal: Pick<CapacityGoal, 'find'>,
  level: number,
  requests: number | null,
): LoadPoint {
  const bounded = (count: number): number =>
    requests ?? Math.min(MAX_REQUESTS, Math.max(MIN_REQUESTS, Math.ceil(count)));
  return goal.find === 'max_rate'
    ? {
        kind: 'open',
        requestRatePerS: level,
        requests: bounded(level * RATE_RUN_S),
        burstiness: 1,
      }
    : { kind: 'closed', concurrency: level, requests: bounded(level * ROUNDS) };
}

/** Refuses a search that nothing can end. Throws: InvalidInputError `E_NO_SLO`. */
export function refuseWithoutSlo(slo: readonly SloClause[]): void {
  if (slo.length > 0) return;
  throw new InvalidInputError(
    'A search for the most load needs a service level, and there is none.',
    {
      code: 'E_NO_SLO',
      fix: 'State what must hold: in the contract under slo, or with --goodput ttft:500 tbot:50.',
    },
  );
}

/** A level that was not reached, or whose queue grew, fails whatever its percentiles say. Source: docs/load.md. */
const LOAD_FLAGS: ReadonlySet<MeasurementFlag> = new Set(['SATURATED', 'UNDER_DRIVEN']);
/** Pressure that such a level has at least. Source: own reasoning; clearly failed, and finite for the fit. */
const FAILED_PRESSURE = 2;

export interface LevelOutcome {
  readonly pressure: number;
  /** The clause that pressed most, or the flag that failed the level. */
  readonly limitedBy: string;
}

/** What a run says about its level. Null when: the client was the limit or the run was stopped, so that it says nothing. */
export function levelOutcome(
  run: {
    readonly summary: MeasurementSummary;
    readonly flags: readonly MeasurementFlag[];
  },
  slo: readonly SloClause[],
): LevelOutcome | null {
  const failed = run.flags.find((flag) => LOAD_FLAGS.has(flag));
  const pressure = pressureOf(run.summary, slo);
  if (failed !== undefined) {
    return { pressure: Math.max(FAILED_PRESSURE, pressure?.ratio ?? 0), limitedBy: failed };
  }
  const isSpoiled = run.flags.some((flag) => flag === 'CLIENT_LIMITED' || flag === 'INTERRUPTED');
  if (isSpoiled && (pressure?.ratio ?? 0) <= 1) return null;
  if (pressure === null) return { pressure: MOST_PRESSURE, limitedBy: 'nothing completed' };
  return { pressure: pressure.ratio, limitedBy: pressure.clause };
}
