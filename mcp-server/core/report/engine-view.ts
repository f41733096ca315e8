import type { Sample } from '../telemetry/prometheus.ts';
import { parsePrometheus, windowDelta } from '../telemetry/prometheus.ts';

/** Latencies of a window as the engine itself counted them. Units: ms. Null where it has no such histogram. */
export interface EngineLatency {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly mean: number | null;
}

/**
 * Reads a latency histogram (in seconds) of the window between two scrapes.
 * Quantiles interpolate inside a bucket. Source: Prometheus `histogram_quantile`.
 */
export function engineLatency(
  scrapes: { readonly before: string; readonly after: string },
  names: readonly string[],
): EngineLatency {
  const deltas = windowDelta(parsePrometheus(scrapes.before), parsePrometheus(scrapes.after));
  for (const name of names) {
    const count = total(deltas, `${name}_count`);
    if (count <= 0) continue;
    const buckets = bucketsOf(deltas, `${name}_bucket`);
    return {
      p50: inMs(histogramQuantile(buckets, 0.5)),
      p95: inMs(histogramQuantile(buckets, 0.95)),
      mean: (total(deltas, `${name}_sum`) / count) * 1000,
    };
  }
  return { p50: null, p95: null, mean: null };
}

const inMs = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);

function total(samples: readonly Sample[], name: string): number {
  return samples
    .filter((sample) => sample.name === name)
    .reduce((sum, sample) => sum + sample.value, 0);
}

interface Bucket {
  readonly upTo: number;
  readonly count: number;
}

function bucketsOf(samples: readonly Sample[], name: string): readonly Bucket[] {
  const counts = new Map<number, number>();
  for (const sample of samples) {
    if (sample.name !== name) continue;
    const le = sample.labels['le'] ?? '';
    const upTo = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    if (!Number.isNaN(upTo)) counts.set(upTo, (counts.get(upTo) ?? 0) + sample.value);
  }
  return [...counts].map(([upTo, count]) => ({ upTo, count })).toSorted((a, b) => a.upTo - b.upTo);
}

/** Quantile of cumulative buckets. Null when: they are empty, or it lies in the open last bucket. */
export function histogramQuantile(buckets: readonly Bucket[], share: number): number | null {
  const all = buckets.at(-1)?.count ?? 0;
  if (all <= 0) return null;
  const rank = share * all;
  const index = buckets.findIndex((bucket) => bucket.count >= rank);
  const bucket = buckets[index];
  if (bucket === undefined || !Number.isFinite(bucket.upTo)) return null;
  const below = buckets[index - 1] ?? { upTo: 0, count: 0 };
  const inside = bucket.count - below.count;
  if (inside <= 0) return bucket.upTo;
  return below.upTo + ((bucket.upTo - below.upTo) * (rank - below.count)) / inside;
}
