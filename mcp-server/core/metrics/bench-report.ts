import { z } from 'zod';
import { FailureClass } from '../workload/request-record.ts';
import { describeMissing, supported } from './counts-needed.ts';
import type { Distribution, MeasurementSummary } from './summary.ts';

const Quantiles = z.object({
  mean: z.number().nullable(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});

/** What `autodebug bench --json` prints: exactly these keys. A quantile that too few requests carry is null. */
export const BenchReport = z.object({
  completed: z.number().int(),
  failed: z.number().int(),
  failures: z.partialRecord(FailureClass, z.number().int()),
  ttftMs: Quantiles,
  tbotMs: Quantiles,
  ttltMs: Quantiles,
  outputTokensPerS: z.number().nullable(),
  requestsPerS: z.number().nullable(),
  durationMs: z.number(),
});
export type BenchReport = z.infer<typeof BenchReport>;

/** The part of a summary that the bench command prints. */
export function toBenchReport(summary: MeasurementSummary): BenchReport {
  return {
    completed: summary.completed,
    failed: summary.failed,
    failures: summary.failures,
    ttftMs: quantilesOf(summary.ttftMs),
    tbotMs: quantilesOf(summary.tbotMs),
    ttltMs: quantilesOf(summary.ttltMs),
    outputTokensPerS: summary.outputTokensPerS,
    requestsPerS: summary.requestsPerS,
    durationMs: summary.durationMs,
  };
}

function quantilesOf(distribution: Distribution): z.infer<typeof Quantiles> {
  return {
    mean: distribution.mean,
    p50: distribution.p50,
    p95: supported(distribution, 'p95'),
    p99: supported(distribution, 'p99'),
  };
}

/** The summary as a table of at most 72 columns; what is unknown, or carried by too few requests, shows as `-`. */
export function renderBenchTable(summary: MeasurementSummary): string {
  const rows = [
    ['', 'mean', 'p50', 'p95', 'p99'],
    ['TTFT ms', ...latencyCells(summary.ttftMs)],
    ['TBOT ms', ...latencyCells(summary.tbotMs)],
    ['TTLT ms', ...latencyCells(summary.ttltMs)],
  ];
  const table = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(10) : cell.padStart(12))).join(''),
  );
  const failures = Object.entries(summary.failures).map(([cls, count]) => `${cls} ${count}`);
  return [
    ...table,
    ...describeMissing(summary.ttftMs.n, ['p95', 'p99']),
    '',
    `completed ${summary.completed}  failed ${summary.failed}${failures.length === 0 ? '' : ` (${failures.join(', ')})`}  in ${(summary.durationMs / 1000).toFixed(1)} s`,
    `output ${cell(summary.outputTokensPerS)} tok/s  prefill ${cell(summary.prefillTokensPerS)} tok/s  requests ${cell(summary.requestsPerS)} /s`,
    `in flight ${cell(summary.concurrencyMean)} on average over ${summary.steady ? 'the steady' : 'the whole'} ${(summary.steadyWindowMs / 1000).toFixed(1)} s`,
  ].join('\n');
}

function latencyCells(distribution: Distribution): string[] {
  return Object.values(quantilesOf(distribution)).map(cell);
}

function cell(value: number | null): string {
  return value === null ? '-' : value.toFixed(value < 100 ? 2 : 1);
}
