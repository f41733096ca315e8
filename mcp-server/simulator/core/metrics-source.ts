import type { SimConfig } from './config.ts';
import type { EngineGauges } from './engine-state.ts';
import type { EngineCounters } from './engine-stats.ts';
import type { Observer } from './observer.ts';

/** What a scrape is made of. */
export interface MetricsSource {
  readonly config: SimConfig;
  readonly counters: EngineCounters;
  readonly gauges: EngineGauges;
  readonly observer: Observer;
}

/** Share of the KV pool in use, 0..1. */
export function usageRatio({ gauges }: MetricsSource): number {
  return gauges.totalTokens === 0 ? 0 : gauges.usedTokens / gauges.totalTokens;
}
