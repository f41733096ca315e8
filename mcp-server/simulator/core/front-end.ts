import type { SimConfig } from './config.ts';
import type { Noise } from './noise.ts';

/**
 * Source: latency outside the engine 10-15 ms per request and 46 µs per streamed token (vLLM); SGLang's tokenizer and
 * detokenizer processes about half of it (own reasoning from client-side gaps at high batch).
 */
const FRONT = {
  sglang: { inMs: 3.5, inMsPerToken: 0.0015, outMs: 1.6, perEventMs: 0.02 },
  vllm: { inMs: 6, inMsPerToken: 0.0015, outMs: 2.4, perEventMs: 0.046 },
} as const;

/** The processes before and behind the scheduler: tokenising, detokenising, writing streams. Times in ms. */
export interface FrontEnd {
  /** Least time from the end of a step to the delivery of its tokens. */
  readonly leastOutMs: number;
  /** When a request that arrives at `atMs` reaches the scheduler. */
  queuedAt(atMs: number, promptTokens: number): number;
  /** When tokens of a step that ended at `endMs` reach their callers; `events` streams are written. */
  deliveredAt(endMs: number, events: number): number;
}

export function createFrontEnd(config: SimConfig, noise: Noise): FrontEnd {
  const front = FRONT[config.engine];
  const workers = Math.max(1, config.frontEndWorkers);
  let freeAtMs = 0;
  let lastQueuedMs = 0;
  return {
    leastOutMs: front.outMs,
    queuedAt: (atMs, promptTokens) => {
      const cost = (front.inMs + front.inMsPerToken * promptTokens) * noise.frontFactor();
      lastQueuedMs = Math.max(lastQueuedMs + 0.05 / workers, atMs + cost);
      return lastQueuedMs;
    },
    deliveredAt: (endMs, events) => {
      freeAtMs = Math.max(endMs, freeAtMs) + (events * front.perEventMs) / workers;
      return freeAtMs + front.outMs;
    },
  };
}
