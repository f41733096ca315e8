/** A Prometheus histogram in the making: counts per upper bound (not cumulative), the last for +Inf. */
export interface Histogram {
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum: number;
  count: number;
}

export function createHistogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0, count: 0 };
}

/** Adds a value `weight` times. */
export function observe(histogram: Histogram, value: number, weight = 1): void {
  let slot = histogram.bounds.findIndex((bound) => value <= bound);
  if (slot < 0) slot = histogram.bounds.length;
  histogram.counts[slot] = (histogram.counts[slot] ?? 0) + weight;
  histogram.sum += value * weight;
  histogram.count += weight;
}

/** What the engine counted since its start. Counters only; gauges are read from its queues. */
export interface EngineCounters {
  promptTokens: number;
  cachedTokens: number;
  computedPromptTokens: number;
  generationTokens: number;
  requests: number;
  finishedStop: number;
  finishedLength: number;
  finishedAbort: number;
  retractions: number;
  retractedInputTokens: number;
  retractedOutputTokens: number;
  decodeGraphPasses: number;
  decodeEagerPasses: number;
  prefillPasses: number;
  drafts: number;
  draftTokens: number;
  acceptedTokens: number;
  steps: number;
  busyMs: number;
  prefillMs: number;
  decodeMs: number;
}

export function createCounters(): EngineCounters {
  return {
    promptTokens: 0,
    cachedTokens: 0,
    computedPromptTokens: 0,
    generationTokens: 0,
    requests: 0,
    finishedStop: 0,
    finishedLength: 0,
    finishedAbort: 0,
    retractions: 0,
    retractedInputTokens: 0,
    retractedOutputTokens: 0,
    decodeGraphPasses: 0,
    decodeEagerPasses: 0,
    prefillPasses: 0,
    drafts: 0,
    draftTokens: 0,
    acceptedTokens: 0,
    steps: 0,
    busyMs: 0,
    prefillMs: 0,
    decodeMs: 0,
  };
}
