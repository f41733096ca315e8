import { short } from '../core/playbook/fact.ts';
import type { SampledGauge } from '../core/telemetry/gauge-levels.ts';
import type { MetricSummary, ProfileLine } from '../core/telemetry/graphsignal-digest.ts';
import type { EngineReading } from '../core/telemetry/prometheus.ts';

/** What is known of one measurement's window. */
export interface TelemetryDigest {
  readonly measurementId: string;
  readonly metricsEvidenceId: string | null;
  readonly engine: readonly ({ readonly key: string } & EngineReading)[];
  /** Gauges over the run, sampled at 1 Hz; those that were ever above zero. */
  readonly sampled: readonly SampledGauge[];
  readonly profilerEvidenceId: string | null;
  /** Why there is no profile; null when there is one. */
  readonly profilerMissing: string | null;
  readonly generation: number | null;
  readonly operations: readonly ProfileLine[];
  readonly metrics: readonly MetricSummary[];
  readonly notes: readonly string[];
}

/** Gauges of a scrape after the load say nothing about it; they stand in the digest, not in its summary. */
const AFTER_LOAD: ReadonlySet<string> = new Set(['running', 'queueDepth', 'kvUsageRatio']);
/** Gauges that say how full the engine was. */
const LEVELS = /running|queue_reqs|waiting|deferred|processing|usage/;

/** Digests as a few lines of text. */
export function describeDigests(digests: readonly TelemetryDigest[]): string {
  return digests.flatMap(describeDigest).slice(0, 15).join('\n');
}

function describeDigest(digest: TelemetryDigest): readonly string[] {
  const source = digest.metricsEvidenceId ?? 'no metrics';
  const values = digest.engine
    .filter((reading) => !AFTER_LOAD.has(reading.key))
    .map((reading) => `${reading.key} ${short(reading.value)}`);
  const engine = `${digest.measurementId} engine (${source}): ${values.slice(0, 8).join(', ') || 'nothing known'}.`;
  const levels = digest.sampled
    .filter((gauge) => LEVELS.test(gauge.name))
    .map((gauge) => `${gauge.name} ${short(gauge.mean)} (max ${short(gauge.max)})`);
  const sampled =
    levels.length === 0
      ? []
      : [`${digest.measurementId} sampled during the run: ${levels.slice(0, 4).join(', ')}.`];
  if (digest.profilerMissing !== null) {
    return [
      engine,
      ...sampled,
      `${digest.measurementId} profiler: no data, ${digest.profilerMissing}.`,
    ];
  }
  const top = digest.operations
    .slice(0, 3)
    .map((line) => `${line.operation} ${short(line.cumtimeMs)} ms`);
  return [
    engine,
    ...sampled,
    `${digest.measurementId} profiler (${digest.profilerEvidenceId ?? '?'}, inclusive times): ${top.join(', ') || `${digest.metrics.length} metrics, no profile`}.`,
  ];
}
