import type {
  ContextMetric,
  ContextOperation,
  ContextPoint,
  ProfilerContext,
} from './graphsignal-types.ts';

export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** A point may carry the stamp of the next tick. Source: tick of 10 s of Graphsignal 0.19. */
const LATE_POINT_MS = 10_000;
const MAX_LINES = 10;

/** Categories whose times are no cost: they wrap everything, wait, or never return. Source: profile traps of Graphsignal 0.19. */
const LATENCY_CATEGORIES = /\.(?:e2e)$/;
const ENDLESS_LOOPS = /event_loop_/;

/** One metric over a window. */
export interface MetricSummary {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** `last` of a gauge, `sum` of per-tick counter deltas, `mean` of a histogram within the window. */
  readonly statistic: 'last' | 'sum' | 'mean';
  readonly value: number;
  readonly points: number;
}

/** True when the point may describe the window; points without a time always may. */
export function isInWindow(atMs: number | null, window: Window): boolean {
  if (atMs === null) return true;
  return atMs >= window.startMs && atMs <= window.endMs + LATE_POINT_MS;
}

/**
 * What a metric says about a window. Cumulative histograms become window means: (sum_last − sum_first) /
 * (count_last − count_first). Null when: no point falls inside.
 */
export function summariseMetric(metric: ContextMetric, window: Window): MetricSummary | null {
  const inside = metric.points.filter((point) => isInWindow(point.atMs, window));
  const last = inside.at(-1);
  if (last === undefined) return null;
  const base = { name: metric.name, tags: metric.tags, points: inside.length };
  if (last.count !== null && last.sum !== null) {
    const mean = windowMean(inside);
    return mean === null ? null : { ...base, statistic: 'mean', value: mean };
  }
  if (metric.type === 'counter') {
    const value = inside.reduce((sum, point) => sum + (point.value ?? 0), 0);
    return { ...base, statistic: 'sum', value };
  }
  return last.value === null ? null : { ...base, statistic: 'last', value: last.value };
}

interface Accumulated {
  readonly count: number;
  readonly sum: number;
}

function accumulated(point: ContextPoint | undefined): Accumulated | null {
  if (point === undefined || point.count === null || point.sum === null) return null;
  return { count: point.count, sum: point.sum };
}

/** Mean between the first and the last of cumulative points; of a single point the mean since the start. */
function windowMean(inside: readonly ContextPoint[]): number | null {
  const last = accumulated(inside.at(-1));
  if (last === null || last.count <= 0) return null;
  const first = (inside.length > 1 ? accumulated(inside[0]) : null) ?? { count: 0, sum: 0 };
  const count = last.count - first.count;
  return count > 0 ? (last.sum - first.sum) / count : last.sum / last.count;
}

/** One line of the profile table. `shareOfWall` is inclusive and per process: lines are never added up. */
export interface ProfileLine {
  readonly operation: string;
  readonly cumtimeMs: number;
  readonly calls: number | null;
  readonly shareOfWall: number | null;
  /** Says when the time is not a cost, e.g. latency of a coroutine. */
  readonly caution: string | null;
}

/** The operations that took most time, at most ten, largest first; endless loops are left out. */
export function topOperations(context: ProfilerContext, window: Window): readonly ProfileLine[] {
  const wallMs = window.endMs - window.startMs;
  return context.operations
    .filter((one) => one.cumtimeNs !== null && !ENDLESS_LOOPS.test(one.name))
    .toSorted((a, b) => (b.cumtimeNs ?? 0) - (a.cumtimeNs ?? 0))
    .slice(0, MAX_LINES)
    .map((one) => lineOf(one, wallMs));
}

function lineOf(operation: ContextOperation, wallMs: number): ProfileLine {
  const cumtimeMs = (operation.cumtimeNs ?? 0) / 1e6;
  return {
    operation:
      operation.category === '' ? operation.name : `${operation.category}.${operation.name}`,
    cumtimeMs,
    calls: operation.calls,
    shareOfWall: wallMs > 0 ? cumtimeMs / wallMs : null,
    caution: LATENCY_CATEGORIES.test(operation.category)
      ? 'latency of a coroutine, not processor time'
      : null,
  };
}

/** Points of metrics with a time inside the window: what makes an answer worth accepting. */
export function pointsInWindow(context: ProfilerContext, window: Window): number {
  let points = 0;
  for (const metric of context.metrics) {
    points += metric.points.filter(
      (point) => point.atMs !== null && isInWindow(point.atMs, window),
    ).length;
  }
  const timed = context.spans.filter((span) => isInWindow(span.startMs, window)).length;
  return points + timed + context.operations.reduce((sum, one) => sum + one.points, 0);
}
