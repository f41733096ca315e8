/** Time. `now` is the wall clock (UTC ms since the epoch), `monotonicMs` never goes back; `sleep` ends early on abort. */
export interface Clock {
  nowMs(): number;
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
