import type { StreamResult } from './stream-request.ts';

/** One request that is ready to be sent; `send` resolves when its stream has ended. */
type SendOne = (index: number, intendedAtMs: number | null) => Promise<StreamResult>;

export interface Pace {
  readonly count: number;
  readonly send: SendOne;
  readonly nowMs: () => number;
  /** True once nothing more may be sent: cancelled, past the deadline, or the service is gone. */
  readonly isOver: () => boolean;
  /** Aborts when `isOver` becomes true, so that waits end early. */
  readonly signal: AbortSignal;
}

/** Ramp of a closed loop, so that a burst does not synchronise the streams: time between two first sends. */
const RAMP_STEP_MS = 10;
/** Longest ramp. Source: own reasoning; above it the ramp would eat a short run. */
const MAX_RAMP_MS = 2000;

/** Keeps `concurrency` requests in flight until all are sent, starting them one after the other. */
export async function runClosedLoop(pace: Pace, concurrency: number): Promise<void> {
  const lanes = Math.min(concurrency, pace.count);
  const stepMs = Math.min(RAMP_STEP_MS, MAX_RAMP_MS / lanes);
  const originMs = pace.nowMs();
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    await sleepUntil(pace, originMs + number * stepMs);
    while (next < pace.count && !pace.isOver()) {
      const index = next;
      next += 1;
      await pace.send(index, null);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
}

/** Sends at the given times whatever the answers do, but for the cap on requests in flight. */
export async function runOpenLoop(
  pace: Pace,
  options: { readonly timesMs: readonly number[]; readonly maxConcurrency: number | null },
): Promise<void> {
  const originMs = pace.nowMs();
  const pending = new Set<Promise<unknown>>();
  for (const [index, timeMs] of options.timesMs.slice(0, pace.count).entries()) {
    const intendedAtMs = originMs + timeMs;
    await sleepUntil(pace, intendedAtMs);
    while (options.maxConcurrency !== null && pending.size >= options.maxConcurrency) {
      await Promise.race(pending);
    }
    if (pace.isOver()) break;
    const sent = pace.send(index, intendedAtMs).finally(() => pending.delete(sent));
    pending.add(sent);
  }
  await Promise.all(pending);
}

/** Waits without ever ending early: timers of the event loop may fire up to a millisecond before their time. */
async function sleepUntil(pace: Pace, atMs: number): Promise<void> {
  for (;;) {
    const waitMs = atMs - pace.nowMs();
    if (waitMs <= 0 || pace.signal.aborted) return;
    await (waitMs < 1 ? new Promise<void>(setImmediate) : sleep(pace, waitMs));
  }
}

function sleep(pace: Pace, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      pace.signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, waitMs);
    pace.signal.addEventListener('abort', wake);
  });
}
