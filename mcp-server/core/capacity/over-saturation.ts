/** One look at an open loop while it runs. */
export interface LoadSample {
  /** Units: ms since the start. */
  readonly atMs: number;
  readonly inFlight: number;
  /** Mean TTFT of what got its first token since the look before. Null when: none did. */
  readonly ttftMs: number | null;
}

/** Time before which growth is the ramp's. Source: GuideLLM's over-saturation rule. */
const MIN_TIME_MS = 30_000;
/** Length of what is looked at. Source: as above. */
const WINDOW_MS = 120_000;
/** Two-sided 95 %, as the slopes rest on 30 looks and more. Source: normal table. */
const Z95 = 1.96;
const MIN_SAMPLES = 10;
/** Growth over what is looked at, against the mean, below which chance may be all. Source: own reasoning; the rule is asked every second. */
const MIN_GROWTH = 0.25;

/**
 * True when requests in flight and TTFT both grow over time, each significantly: above its capacity a service's open-loop
 * percentiles are a function of how long one looks.
 */
export function isOverSaturated(samples: readonly LoadSample[]): boolean {
  const last = samples.at(-1);
  if (last === undefined || last.atMs < MIN_TIME_MS) return false;
  const recent = samples.filter((sample) => sample.atMs >= last.atMs - WINDOW_MS);
  const waits = recent.flatMap(({ atMs, ttftMs }) =>
    ttftMs === null ? [] : [{ x: atMs, y: ttftMs }],
  );
  return (
    isRising(recent.map(({ atMs, inFlight }) => ({ x: atMs, y: inFlight }))) && isRising(waits)
  );
}

/** True when the least-squares slope is above 0 at 95 %, and what it makes over the span is worth a word. */
function isRising(points: readonly { readonly x: number; readonly y: number }[]): boolean {
  const n = points.length;
  if (n < MIN_SAMPLES) return false;
  const meanX = points.reduce((sum, point) => sum + point.x, 0) / n;
  const meanY = points.reduce((sum, point) => sum + point.y, 0) / n;
  const sxx = points.reduce((sum, point) => sum + (point.x - meanX) ** 2, 0);
  const sxy = points.reduce((sum, point) => sum + (point.x - meanX) * (point.y - meanY), 0);
  if (sxx === 0) return false;
  const slope = sxy / sxx;
  const residual = points.reduce(
    (sum, point) => sum + (point.y - meanY - slope * (point.x - meanX)) ** 2,
    0,
  );
  const error = Math.sqrt(residual / (n - 2) / sxx);
  const span = Math.max(...points.map(({ x }) => x)) - Math.min(...points.map(({ x }) => x));
  return slope - Z95 * error > 0 && slope * span > MIN_GROWTH * meanY;
}
