import type { Distribution, MeasurementSummary } from '../../mcp-server/core/metrics/summary.ts';

/** A distribution whose every quantile is this value; of nothing for null. */
export function distribution(
  value: number | null,
  parts: Partial<Distribution> = {},
): Distribution {
  return {
    n: value === null ? 0 : 100,
    mean: value,
    sd: value === null ? null : 0,
    min: value,
    p50: value,
    p90: value,
    p95: value,
    p99: value,
    max: value,
    ...parts,
  };
}

/** What a run of 100 requests, all of them good, might have measured. */
export function aSummary(parts: Partial<MeasurementSummary> = {}): MeasurementSummary {
  return {
    ttftMs: distribution(100),
    scheduledTtftMs: distribution(null),
    tbotMs: distribution(10),
    iclMs: distribution(10),
    ttltMs: distribution(2000),
    outputTokensPerS: 1000,
    prefillTokensPerS: 2000,
    decodeTokensPerS: 1000,
    totalTokensPerS: 3000,
    requestsPerS: 5,
    goodputRps: null,
    sloAttainmentRatio: null,
    errorRatio: 0,
    attempted: 100,
    completed: 100,
    failed: 0,
    failures: {},
    concurrencyMean: 16,
    durationMs: 60_000,
    steadyWindowMs: 60_000,
    steady: true,
    inputTokens: 51_200,
    cachedTokens: 0,
    outputTokens: 12_800,
    prefixCacheHitRatio: 0,
    ...parts,
  };
}
