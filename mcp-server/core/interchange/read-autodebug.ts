import type { BenchReport } from '../metrics/bench-report.ts';
import { tbotMs, ttftMs, ttltMs } from '../metrics/request-metrics.ts';
import { summarise } from '../metrics/summarise.ts';
import type { Distribution, MeasurementSummary } from '../metrics/summary.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { latencyKey } from './metric-name.ts';
import type { LatencyName, RunFacts, Workload } from './result-run.ts';

type Told = Pick<Distribution, 'mean' | 'p50' | 'p95' | 'p99'> & { readonly p90?: number | null };

function statisticsOf(family: LatencyName, told: Told): Record<string, number> {
  const pairs = [
    ['mean', told.mean],
    ['median', told.p50],
    ['p90', told.p90 ?? null],
    ['p95', told.p95],
    ['p99', told.p99],
  ] as const;
  return Object.fromEntries(
    pairs.flatMap(([statistic, value]) =>
      value === null ? [] : [[latencyKey(family, statistic), value] as const],
    ),
  );
}

const rate = (name: string, value: number | null): Record<string, number> =>
  value === null ? {} : { [name]: value };

/** What `autodebug bench --json` prints. It does not tell the workload but for the number of requests. */
export function readBenchReport(report: BenchReport): RunFacts {
  return {
    variants: {},
    metrics: {
      ...rate('output_throughput', report.outputTokensPerS),
      ...rate('request_throughput', report.requestsPerS),
      ...statisticsOf('ttft', report.ttftMs),
      ...statisticsOf('tpot', report.tbotMs),
      ...statisticsOf('e2el', report.ttltMs),
    },
    samples: {},
    completed: report.completed,
    failed: report.failed,
    workload: { num_prompts: report.completed + report.failed },
  };
}

/** Every number of a summary by canonical name. */
function metricsOfSummary(summary: MeasurementSummary): Record<string, number> {
  return {
    ...rate('output_throughput', summary.outputTokensPerS),
    ...rate('total_token_throughput', summary.totalTokensPerS),
    ...rate('input_throughput', summary.prefillTokensPerS),
    ...rate('request_throughput', summary.requestsPerS),
    ...rate('request_goodput', summary.goodputRps),
    ...statisticsOf('ttft', summary.ttftMs),
    ...statisticsOf('tpot', summary.tbotMs),
    ...statisticsOf('icl', summary.iclMs),
    ...statisticsOf('e2el', summary.ttltMs),
  };
}

/** Stored request records of one measurement. */
export function readRecords(records: readonly RequestRecord[]): RunFacts {
  const measured = records.filter((record) => record.phase === 'measure');
  const valid = measured.filter((record) => record.failure === null);
  // The load point does not enter the figures; records do not name it.
  const loadPoint = { kind: 'closed', concurrency: 1, requests: 1 } as const;
  const summary = summarise(records, { loadPoint, slo: [] });
  return {
    variants: {},
    metrics: metricsOfSummary(summary),
    samples: {
      ttft: valid.map(ttftMs).filter((value) => value !== null),
      tpot: valid.map(tbotMs).filter((value) => value !== null),
      e2el: valid.map(ttltMs).filter((value) => value !== null),
    },
    completed: summary.completed,
    failed: summary.failed,
    workload: workloadOf(measured, valid),
  };
}

function workloadOf(measured: readonly RequestRecord[], valid: readonly RequestRecord[]): Workload {
  const isOpen = measured.some((record) => record.intendedAtMs !== null);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const model = valid.find((record) => record.model !== null)?.model;
  return {
    num_prompts: measured.length,
    loop: isOpen ? 'open' : 'closed',
    ...(model === undefined || model === null ? {} : { model_id: model }),
    ...(isOpen ? {} : { max_concurrency: mostInFlight(measured) }),
    inputTokensPerRequest: mean(measured.map((record) => record.requestedInputTokens)),
    outputTokensPerRequest: mean(measured.map((record) => record.requestedOutputTokens)),
  };
}

/** Requests at once, by when they were sent and when they ended. */
function mostInFlight(records: readonly RequestRecord[]): number {
  const steps = records.flatMap((record) => [
    { atMs: record.sentAtMs, by: 1 },
    { atMs: record.closedAtMs ?? record.lastTokenAtMs ?? record.sentAtMs, by: -1 },
  ]);
  let now = 0;
  let most = 0;
  for (const step of steps.toSorted((a, b) => a.atMs - b.atMs || a.by - b.by)) {
    now += step.by;
    most = Math.max(most, now);
  }
  return most;
}
