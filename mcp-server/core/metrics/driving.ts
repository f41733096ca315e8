import type { RequestRecord } from '../workload/request-record.ts';
import type { LoadPoint } from '../workload/workload.ts';
import { flightSpans, meanInFlight } from './in-flight.ts';

/**
 * Load reached over load wanted. Closed loop: mean requests in flight while there was still something to send, from
 * the moment the loop was full. Open loop: rate of sends over the rate asked for.
 * Null when: the run is too short to tell (fewer than twice as many requests as the concurrency).
 */
export function drivenRatio(records: readonly RequestRecord[], point: LoadPoint): number | null {
  const sends = records.map((record) => record.sentAtMs).toSorted((a, b) => a - b);
  const first = sends[0];
  const last = sends.at(-1);
  if (first === undefined || last === undefined || last <= first) return null;
  if (point.kind === 'open') return openRatio(records, point.requestRatePerS, last);
  const full = sends[point.concurrency - 1];
  if (full === undefined || last <= full || sends.length < 2 * point.concurrency) return null;
  const mean = meanInFlight(flightSpans(records), full, last);
  return mean === null ? null : mean / point.concurrency;
}

function openRatio(
  records: readonly RequestRecord[],
  ratePerS: number,
  lastSentMs: number,
): number | null {
  const intended = records.flatMap((record) =>
    record.intendedAtMs === null ? [] : [record.intendedAtMs],
  );
  if (intended.length < 2) return null;
  const originMs = Math.max(...intended) - (records.length / ratePerS) * 1000;
  const tookMs = lastSentMs - originMs;
  return tookMs <= 0 ? null : (records.length / ratePerS) * (1000 / tookMs);
}

/** Growth of requests in flight over an open run that says the service cannot keep up. Source: own reasoning. */
const SATURATED_GROWTH = 2;
/** Growth from the second third to the last that says it has not come to rest. Source: own reasoning. */
const LATE_GROWTH = 1.25;
/** In flight below this, growth says nothing. Source: own reasoning. */
const MIN_IN_FLIGHT = 4;

/**
 * True when an open loop's queue grew without end: more than twice as many in flight in the last third of the arrivals
 * as in the first, and still growing since the second. Percentiles of such a run are a function of its length.
 */
export function isSaturated(records: readonly RequestRecord[], point: LoadPoint): boolean {
  if (point.kind !== 'open' || records.length < 30 || isRateMoving(point)) return false;
  const sends = records.map((record) => record.sentAtMs).toSorted((a, b) => a - b);
  const at = (part: number): number => sends[Math.floor((sends.length - 1) * part)] ?? 0;
  const spans = flightSpans(records);
  const middle = meanInFlight(spans, at(1 / 3), at(2 / 3));
  const end = meanInFlight(spans, at(2 / 3), at(1));
  if (middle === null || end === null || end < MIN_IN_FLIGHT) return false;
  const early = meanInFlight(spans, at(0), at(1 / 3)) ?? 0;
  return end > SATURATED_GROWTH * Math.max(early, 1) && end > LATE_GROWTH * middle;
}

/** A form whose rate itself moves: in flight then follows the load, and its growth says nothing. */
function isRateMoving(point: Extract<LoadPoint, { readonly kind: 'open' }>): boolean {
  const kind = point.pattern?.kind;
  return kind === 'ramp' || kind === 'steps' || kind === 'trace';
}
