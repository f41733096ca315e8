import { z } from 'zod';
import { FailureClass } from '../workload/request-record.ts';

/** Distribution over requests. Quantiles by linear interpolation (NumPy type 7). All null when `n` is 0. */
export const Distribution = z.object({
  n: z.number().int(),
  mean: z.number().nullable(),
  sd: z.number().nullable(),
  min: z.number().nullable(),
  p50: z.number().nullable(),
  p90: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
  max: z.number().nullable(),
});
export type Distribution = z.infer<typeof Distribution>;

/** How many requests a bound on a quantile speaks about, and how many of them exceed it; failures do. */
export const SloCount = z.object({
  metric: z.string().max(40),
  quantile: z.string().max(10),
  maxMs: z.number(),
  n: z.number().int(),
  above: z.number().int(),
});
export type SloCount = z.infer<typeof SloCount>;

/** The metrics of one measurement, by the definitions of docs/measuring.md. */
export const MeasurementSummary = z.object({
  ttftMs: Distribution,
  /** Open loop only: from the intended time. `n` is 0 in closed loop. */
  scheduledTtftMs: Distribution,
  tbotMs: Distribution,
  iclMs: Distribution,
  ttltMs: Distribution,
  outputTokensPerS: z.number().nullable(),
  prefillTokensPerS: z.number().nullable(),
  decodeTokensPerS: z.number().nullable(),
  totalTokensPerS: z.number().nullable(),
  requestsPerS: z.number().nullable(),
  /** Requests per second that met every SLO clause; null when the contract has none. */
  goodputRps: z.number().nullable(),
  sloAttainmentRatio: z.number().nullable(),
  errorRatio: z.number(),
  attempted: z.number().int(),
  completed: z.number().int(),
  failed: z.number().int(),
  failures: z.partialRecord(FailureClass, z.number().int()),
  concurrencyMean: z.number().nullable(),
  durationMs: z.number(),
  /** Length of the steady window, and whether it covers at least half of the run (else the whole run is used). */
  steadyWindowMs: z.number(),
  steady: z.boolean(),
  inputTokens: z.number().int(),
  cachedTokens: z.number().int().nullable(),
  outputTokens: z.number().int(),
  prefixCacheHitRatio: z.number().nullable(),
  /** What the SLO's quantiles are proven by. Absent: measured before it was counted, or no clause on a quantile. */
  sloCounts: z.array(SloCount).optional(),
});
export type MeasurementSummary = z.infer<typeof MeasurementSummary>;
