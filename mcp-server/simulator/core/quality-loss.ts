/** Settings that change what a model says. */
export interface LossySettings {
  readonly weightBits: 16 | 8 | 4;
  readonly kvBytes: 1 | 2;
  /** True when KV scales come with the checkpoint or are estimated. */
  readonly kvScales: boolean;
  /** Element type with two mantissa bits. */
  readonly kvE5m2: boolean;
  readonly speculationThreshold: number;
  /** Settings that are known to produce garbage together. */
  readonly broken: boolean;
}

/**
 * Share of produced tokens that come out wrong, 0..1.
 * Source: 8-bit weights change perplexity by under 0.5 %, 4-bit by 1-5 %; fp8 KV without scales an accuracy risk;
 * illegal access and garbage with a draft and fp8 KV on one backend (own magnitudes).
 */
export function corruptionRate(settings: LossySettings): number {
  if (settings.broken) return 0.35;
  const weights = { 16: 0, 8: 0.0002, 4: 0.004 }[settings.weightBits];
  const kv =
    settings.kvBytes === 1 ? (settings.kvScales ? 0.0003 : settings.kvE5m2 ? 0.0025 : 0.0012) : 0;
  const speculation =
    settings.speculationThreshold < 1 ? (1 - settings.speculationThreshold) * 0.03 : 0;
  return weights + kv + speculation;
}
