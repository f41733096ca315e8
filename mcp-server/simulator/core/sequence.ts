import type { KvPool } from './kv-pool.ts';

/** One request as the engine sees it. */
export interface SimRequest {
  readonly id: number;
  readonly prompt: ArrayLike<number>;
  /** The tokens that will be produced; its length decides where the answer ends. */
  readonly output: ArrayLike<number>;
  /** What the caller allowed; admission reserves for it. */
  readonly maxTokens: number;
  readonly finish: 'stop' | 'length';
  /** Chance that one drafted token is accepted, 0..1. */
  readonly acceptance: number;
}

/** A request inside the engine. Token counts; times in ms on the engine's clock. */
export interface Sequence {
  readonly request: SimRequest;
  readonly keys: Float64Array;
  readonly arrivedAtMs: number;
  readonly queuedAtMs: number;
  firstScheduledAtMs: number | null;
  firstTokenAtMs: number | null;
  lastTokenAtMs: number | null;
  /** Tokens that have KV. */
  computed: number;
  generated: number;
  /** Prompt tokens taken from the cache at first admission. */
  cachedTokens: number;
  /** Leading pages shared through the cache. */
  pinnedPages: number;
  ownedPages: number;
  retractions: number;
  /** Order of admission, for last-in-first-out preemption. */
  admittedAt: number;
}

export function createSequence(
  request: SimRequest,
  times: { readonly arrivedAtMs: number; readonly queuedAtMs: number },
  keys: Float64Array,
): Sequence {
  return {
    request,
    keys,
    arrivedAtMs: times.arrivedAtMs,
    queuedAtMs: times.queuedAtMs,
    firstScheduledAtMs: null,
    firstTokenAtMs: null,
    lastTokenAtMs: null,
    computed: 0,
    generated: 0,
    cachedTokens: 0,
    pinnedPages: 0,
    ownedPages: 0,
    retractions: 0,
    admittedAt: 0,
  };
}

/** Tokens that must have KV before the next token can be sampled. */
export function contextTarget(sequence: Sequence): number {
  return sequence.request.prompt.length + sequence.generated;
}

export function isDecoding(sequence: Sequence): boolean {
  return sequence.generated > 0 && contextTarget(sequence) - sequence.computed === 1;
}

/** Gives the sequence pages for `tokens` tokens in all. False when the pool cannot. */
export function growTo(sequence: Sequence, tokens: number, pool: KvPool): boolean {
  const needed = Math.ceil(tokens / pool.pageSize) - sequence.pinnedPages - sequence.ownedPages;
  if (needed <= 0) return true;
  if (!pool.allocate(needed)) return false;
  sequence.ownedPages += needed;
  return true;
}

/** Pages that `tokens` tokens would still need. */
export function missingPages(sequence: Sequence, tokens: number, pool: KvPool): number {
  return Math.max(
    0,
    Math.ceil(tokens / pool.pageSize) - sequence.pinnedPages - sequence.ownedPages,
  );
}

/** Takes the cached prefix of a sequence that is about to be prefilled; one token is always left to compute. */
export function takePrefix(sequence: Sequence, pool: KvPool, enabled: boolean): void {
  if (!enabled || sequence.computed > 0) return;
  const limit = Math.floor((contextTarget(sequence) - 1) / pool.pageSize);
  const pages = pool.match(sequence.keys, limit);
  pool.pin(sequence.keys, pages);
  sequence.pinnedPages = pages;
  sequence.computed = pages * pool.pageSize;
  if (sequence.retractions === 0) sequence.cachedTokens = sequence.computed;
}

/** Undoes `takePrefix` for a sequence that was not admitted after all. */
export function dropPrefix(sequence: Sequence, pool: KvPool): void {
  pool.unpin(sequence.keys, sequence.pinnedPages);
  sequence.pinnedPages = 0;
  sequence.computed = 0;
  if (sequence.retractions === 0) sequence.cachedTokens = 0;
}

/** Makes the computed prompt pages reusable by others. */
export function publishPrompt(sequence: Sequence, pool: KvPool, enabled: boolean): void {
  if (!enabled) return;
  const full = Math.min(sequence.keys.length, Math.floor(sequence.computed / pool.pageSize));
  if (full <= sequence.pinnedPages) return;
  pool.publish(sequence.keys, sequence.pinnedPages, full);
  sequence.ownedPages -= full - sequence.pinnedPages;
  sequence.pinnedPages = full;
}

/** Gives back all memory of a sequence; shared pages stay cached. */
export function freeSequence(sequence: Sequence, pool: KvPool): void {
  pool.unpin(sequence.keys, sequence.pinnedPages);
  pool.release(sequence.ownedPages);
  sequence.pinnedPages = 0;
  sequence.ownedPages = 0;
  sequence.computed = 0;
}
