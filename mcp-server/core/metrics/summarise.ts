import type { SloClause } from '../contract/contract.ts';
import type { FailureClass, RequestRecord } from '../workload/request-record.ts';
import type { LoadPoint } from '../workload/workload.ts';
import { distributionOf } from './distribution.ts';
import { flightSpans, meanInFlight, type SteadyWindow, steadyWindow } from './in-flight.ts';
import {
  endedAtMs,
  meetsSlo,
  scheduledTtftMs,
  tbotMs,
  tokenEvents,
  ttftMs,
  ttltMs,
} from './request-metrics.ts';
import { countAgainstSlo } from './slo-counts.ts';
import type { MeasurementSummary } from './summary.ts';

const EMPTY_WINDOW: SteadyWindow = { startMs: 0, endMs: 0, steady: false };

/**
 * Metrics of one run from its measured records. Latencies over valid responses that were sent inside the steady window;
 * rates by what was delivered inside it; attainment and errors over everything attempted, what we cancelled censored.
 * Source: docs/measuring.md.
 */
export function summarise(
  records: readonly RequestRecord[],
  terms: { readonly loadPoint: LoadPoint; readonly slo: readonly SloClause[] },
): MeasurementSummary {
  const measured = records.filter((record) => record.phase === 'measure');
  const valid = measured.filter((record) => record.failure === null);
  const attempted = measured.filter((record) => record.failure !== 'cancelled');
  const window = steadyWindow(measured) ?? EMPTY_WINDOW;
  const inside = (atMs: number): boolean => atMs >= window.startMs && atMs <= window.endMs;
  const started = valid.filter((record) => inside(record.sentAtMs));
  return {
    ttftMs: distributionOf(started.map(ttftMs)),
    scheduledTtftMs: distributionOf(started.map(scheduledTtftMs)),
    tbotMs: distributionOf(started.map(tbotMs)),
    iclMs: distributionOf(started.flatMap((record) => record.gapsMs)),
    ttltMs: distributionOf(started.map(ttltMs)),
    ...rates(valid, window),
    ...sloFigures({ valid, attempted: attempted.length, window, slo: terms.slo }),
    errorRatio: attempted.length === 0 ? 0 : (attempted.length - valid.length) / attempted.length,
    attempted: attempted.length,
    completed: valid.length,
    failed: attempted.length - valid.length,
    failures: countFailures(measured),
    concurrencyMean: meanInFlight(flightSpans(measured), window.startMs, window.endMs),
    durationMs: durationOf(measured),
    steadyWindowMs: window.endMs - window.startMs,
    steady: window.steady,
    ...tokenTotals(valid),
    sloCounts: countAgainstSlo(
      attempted.filter((record) => inside(record.sentAtMs)),
      terms.slo,
    ),
  };
}

type Rates = Pick<
  MeasurementSummary,
  'outputTokensPerS' | 'prefillTokensPerS' | 'decodeTokensPerS' | 'totalTokensPerS' | 'requestsPerS'
>;

function rates(valid: readonly RequestRecord[], window: SteadyWindow): Rates {
  const seconds = (window.endMs - window.startMs) / 1000;
  if (seconds <= 0 || valid.length === 0) {
    return {
      outputTokensPerS: null,
      prefillTokensPerS: null,
      decodeTokensPerS: null,
      totalTokensPerS: null,
      requestsPerS: null,
    };
  }
  const inside = (atMs: number | null): boolean =>
    atMs !== null && atMs >= window.startMs && atMs <= window.endMs;
  const events = valid.flatMap(tokenEvents).filter((event) => inside(event.atMs));
  const output = sum(events.map((event) => event.tokens));
  const decode = sum(events.map((event) => (event.isFirst ? 0 : event.tokens)));
  const prefilled = valid.filter((record) => inside(record.firstTokenAtMs));
  const input = sum(prefilled.map((record) => record.inputTokens ?? 0));
  const cached = sum(prefilled.map((record) => record.cachedTokens ?? 0));
  return {
    outputTokensPerS: output / seconds,
    prefillTokensPerS: (input - cached) / seconds,
    decodeTokensPerS: decode / seconds,
    totalTokensPerS: (output + input) / seconds,
    requestsPerS: valid.filter((record) => inside(record.lastTokenAtMs)).length / seconds,
  };
}

function sloFigures(facts: {
  readonly valid: readonly RequestRecord[];
  readonly attempted: number;
  readonly window: SteadyWindow;
  readonly slo: readonly SloClause[];
}): Pick<MeasurementSummary, 'goodputRps' | 'sloAttainmentRatio'> {
  const { window, slo } = facts;
  const seconds = (window.endMs - window.startMs) / 1000;
  if (slo.length === 0) return { goodputRps: null, sloAttainmentRatio: null };
  const good = facts.valid.filter((record) => meetsSlo(record, slo));
  const goodInside = good.filter(
    (record) =>
      record.lastTokenAtMs !== null &&
      record.lastTokenAtMs >= window.startMs &&
      record.lastTokenAtMs <= window.endMs,
  );
  return {
    goodputRps: seconds <= 0 ? null : goodInside.length / seconds,
    sloAttainmentRatio: facts.attempted === 0 ? null : good.length / facts.attempted,
  };
}

function tokenTotals(
  valid: readonly RequestRecord[],
): Pick<
  MeasurementSummary,
  'inputTokens' | 'cachedTokens' | 'outputTokens' | 'prefixCacheHitRatio'
> {
  const inputTokens = sum(valid.map((record) => record.inputTokens ?? 0));
  const told = valid.filter((record) => record.cachedTokens !== null);
  const cached = told.length === 0 ? null : sum(told.map((record) => record.cachedTokens ?? 0));
  return {
    inputTokens,
    cachedTokens: cached,
    outputTokens: sum(valid.map((record) => record.outputTokens ?? 0)),
    prefixCacheHitRatio: cached === null || inputTokens === 0 ? null : cached / inputTokens,
  };
}

function countFailures(measured: readonly RequestRecord[]): MeasurementSummary['failures'] {
  const counts: Partial<Record<FailureClass, number>> = {};
  for (const { failure } of measured) {
    if (failure !== null) counts[failure] = (counts[failure] ?? 0) + 1;
  }
  return counts;
}

function durationOf(measured: readonly RequestRecord[]): number {
  if (measured.length === 0) return 0;
  const start = measured.reduce((min, record) => Math.min(min, record.sentAtMs), Infinity);
  const end = measured.reduce((max, record) => Math.max(max, endedAtMs(record)), -Infinity);
  return end - start;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
