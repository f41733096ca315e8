/** One iteration as it was done; feeds log lines, gauges and the profiler context. Times in ms on the engine's clock. */
export interface StepReport {
  readonly startMs: number;
  readonly endMs: number;
  readonly kind: 'prefill' | 'decode' | 'mixed';
  readonly newSeqs: number;
  readonly newTokens: number;
  readonly cachedTokens: number;
  readonly decodeSeqs: number;
  readonly emittedTokens: number;
  readonly graph: boolean;
  readonly running: number;
  readonly waiting: number;
  readonly usedTokens: number;
  readonly usageRatio: number;
  readonly retracted: number;
  readonly ratioBefore: number | null;
  readonly ratioAfter: number;
  readonly accepted: number;
  readonly drafted: number;
  readonly gpuMs: number;
  readonly contextTokens: number;
}

/** Life of one finished request. Times in ms on the engine's clock. */
export interface FinishedRequest {
  readonly id: number;
  readonly arrivedAtMs: number;
  readonly queuedAtMs: number;
  readonly firstScheduledAtMs: number;
  readonly firstTokenAtMs: number;
  readonly lastTokenAtMs: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly maxTokens: number;
  readonly retractions: number;
}

/** What leaves the engine. `tokens` reaches the caller at `atMs`. */
export type SimEvent =
  | {
      readonly kind: 'tokens';
      readonly atMs: number;
      readonly id: number;
      /** Position of the first new token, and how many are new. */
      readonly from: number;
      readonly count: number;
      readonly finish: 'stop' | 'length' | 'abort' | null;
      readonly cachedTokens: number;
    }
  | { readonly kind: 'step'; readonly atMs: number; readonly step: StepReport }
  | { readonly kind: 'finished'; readonly atMs: number; readonly request: FinishedRequest }
  | { readonly kind: 'crashed'; readonly atMs: number; readonly tokens: number };
