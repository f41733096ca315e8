import { quantile } from '../stats/quantile.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { endedAtMs, ttltMs } from './request-metrics.ts';

/** Span of the run in which `active` requests were in flight. Units: ms since the run's origin. */
export interface FlightSpan {
  readonly startMs: number;
  readonly endMs: number;
  readonly active: number;
}

/** Requests in flight over time, as consecutive spans. Source: sweep line over sends and ends. */
export function flightSpans(records: readonly RequestRecord[]): readonly FlightSpan[] {
  const steps = records
    .flatMap((record) => [
      { atMs: record.sentAtMs, change: 1 },
      { atMs: endedAtMs(record), change: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || b.change - a.change);
  const spans: FlightSpan[] = [];
  let active = 0;
  for (const [index, step] of steps.entries()) {
    active += step.change;
    const next = steps[index + 1];
    if (next !== undefined && next.atMs > step.atMs) {
      spans.push({ startMs: step.atMs, endMs: next.atMs, active });
    }
  }
  return spans;
}

/** Time-weighted mean of requests in flight between two moments. Null when: the span is empty. */
export function meanInFlight(
  spans: readonly FlightSpan[],
  startMs: number,
  endMs: number,
): number | null {
  if (endMs <= startMs) return null;
  const area = spans.reduce((sum, span) => {
    const overlap = Math.min(span.endMs, endMs) - Math.max(span.startMs, startMs);
    return overlap > 0 ? sum + overlap * span.active : sum;
  }, 0);
  return area / (endMs - startMs);
}

/** The span that rates are counted in. Units: ms since the run's origin. */
export interface SteadyWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** False when the steady part is under half of the run; then the window is the whole run. */
  readonly steady: boolean;
}

/** Part of the peak that counts as fully loaded. Source: SGLang's serving benchmark, steady-state ratio. */
const LOADED_RATIO = 0.9;
/** Steady part of the run below which the whole run is used. Source: docs/measuring.md. */
const MIN_STEADY_RATIO = 0.5;
/**
 * A dip this short is a change of shift, not idleness. Source: own reasoning; a synchronised batch ends and restarts
 * within a few round trips.
 */
const SHORT_DIP_MS = 20;
const SHORT_DIP_OF_TTLT = 0.05;

/**
 * Longest stretch with requests in flight at nine tenths of the peak or one below it. Null when: nothing was sent.
 */
export function steadyWindow(records: readonly RequestRecord[]): SteadyWindow | null {
  const spans = flightSpans(records);
  const first = spans[0];
  const last = spans.at(-1);
  if (first === undefined || last === undefined) return null;
  const whole = { startMs: first.startMs, endMs: last.endMs, steady: false };
  const longest = longestLoaded(spans, shortDipMs(records));
  const isSteady =
    longest.endMs - longest.startMs >= MIN_STEADY_RATIO * (whole.endMs - whole.startMs);
  return isSteady ? { ...longest, steady: true } : whole;
}

function shortDipMs(records: readonly RequestRecord[]): number {
  const ttlts = records.map(ttltMs).filter((value) => value !== null);
  return Math.max(SHORT_DIP_MS, SHORT_DIP_OF_TTLT * (quantile(ttlts, 0.5) ?? 0));
}

function longestLoaded(
  spans: readonly FlightSpan[],
  dipMs: number,
): { readonly startMs: number; readonly endMs: number } {
  const peak = spans.reduce((max, span) => Math.max(max, span.active), 0);
  const threshold = Math.max(1, Math.min(LOADED_RATIO * peak, peak - 1));
  let best = { startMs: 0, endMs: 0 };
  let current: { startMs: number; endMs: number } | null = null;
  for (const span of spans) {
    if (span.active < threshold) continue;
    const joins: boolean = current !== null && span.startMs - current.endMs <= dipMs;
    current = {
      startMs: joins && current !== null ? current.startMs : span.startMs,
      endMs: span.endMs,
    };
    if (current.endMs - current.startMs > best.endMs - best.startMs) best = current;
  }
  return best;
}
