import type { StreamResult } from './stream-request.ts';

/** One request that is ready to be sent; `send` resolves when its stream has ended. */
type SendOne = (index: number, intendedAtMs: number | null) => Promise<StreamResult>;

export interface Pace {
  /** Requests by index; those of one unit follow each other, as the turns of a conversation do. */
  readonly units: readonly (readonly number[])[];
  readonly send: SendOne;
  readonly nowMs: () => number;
  /** When the schedule begins. */
  readonly originMs: number;
  /** Pause before a request that follows another of its unit. */
  readonly thinkTimeMs: (index: number) => number;
  /** True once nothing more may be sent: cancelled, past the deadline, or the service is gone. */
  readonly isOver: () => boolean;
  /** Aborts when `isOver` becomes true, so that waits end early. */
  readonly signal: AbortSignal;
}

/** Ramp of a closed loop, so that a burst does not synchronise the streams: time between two first sends. */
const RAMP_STEP_MS = 10;
/** Longest ramp. Source: own reasoning; above it the ramp would eat a short run. */
const MAX_RAMP_MS = 2000;

/** Lanes of a closed loop: this worker's own, and their place among those of all workers. */
export interface Lanes {
  readonly own: number;
  readonly all: number;
  readonly placeOf: (lane: number) => number;
}

/** The lanes of a run that one worker does alone. */
export function allLanes(concurrency: number): Lanes {
  return { own: concurrency, all: concurrency, placeOf: (lane) => lane };
}

/** Keeps the lanes busy until all is sent, starting them one after the other. */
export async function runClosedLoop(pace: Pace, { own, all, placeOf }: Lanes): Promise<void> {
  const lanes = Math.min(own, pace.units.length);
  const stepMs = Math.min(RAMP_STEP_MS, MAX_RAMP_MS / all);
  let next = 0;
  const lane = async (number: number): Promise<void> => {
    await sleepUntil(pace, pace.originMs + placeOf(number) * stepMs);
    while (next < pace.units.length && !pace.isOver()) {
      const unit = pace.units[next] ?? [];
      next += 1;
      await sendUnit(pace, unit);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
}

async function sendUnit(pace: Pace, unit: readonly number[]): Promise<void> {
  for (const [place, index] of unit.entries()) {
    if (place > 0) await sleepUntil(pace, pace.nowMs() + pace.thinkTimeMs(index));
    if (pace.isOver()) return;
    await pace.send(index, null);
  }
}

interface Arrival {
  readonly index: number;
  readonly atMs: number;
  /** The request of the same unit that must have ended first. */
  readonly after: number | null;
}

/**
 * Sends at the given times whatever the answers do, but for the cap on requests in flight; a later turn of a
 * conversation also waits for the turn before it and the user's pause.
 */
export async function runOpenLoop(
  pace: Pace,
  options: { readonly timesMs: readonly number[]; readonly maxConcurrency: number | null },
): Promise<void> {
  const pending = new Set<Promise<unknown>>();
  const ends = new Map<number, Promise<number>>();
  for (const arrival of arrivalsOf(pace, options.timesMs)) {
    await sleepUntil(pace, arrival.atMs);
    while (options.maxConcurrency !== null && pending.size >= options.maxConcurrency) {
      await Promise.race(pending);
    }
    if (pace.isOver()) break;
    const before = arrival.after === null ? null : (ends.get(arrival.after) ?? null);
    const sent =
      before === null
        ? sendNow(pace, arrival.index, arrival.atMs)
        : sendAfter(pace, arrival, before);
    ends.set(arrival.index, sent);
    const settled: Promise<unknown> = sent.finally(() => pending.delete(settled));
    pending.add(settled);
  }
  await Promise.all(pending);
}

function arrivalsOf(pace: Pace, timesMs: readonly number[]): readonly Arrival[] {
  return pace.units
    .flatMap((unit) =>
      unit.map((index, place) => ({
        index,
        atMs: pace.originMs + (timesMs[index] ?? 0),
        after: place === 0 ? null : (unit[place - 1] ?? null),
      })),
    )
    .toSorted((a, b) => a.atMs - b.atMs || a.index - b.index);
}

/** Resolves with the moment of the end. */
async function sendNow(pace: Pace, index: number, intendedAtMs: number): Promise<number> {
  await pace.send(index, intendedAtMs);
  return pace.nowMs();
}

async function sendAfter(pace: Pace, arrival: Arrival, before: Promise<number>): Promise<number> {
  const endedMs = await before;
  const readyMs = Math.max(arrival.atMs, endedMs + pace.thinkTimeMs(arrival.index));
  await sleepUntil(pace, readyMs);
  return pace.isOver() ? pace.nowMs() : sendNow(pace, arrival.index, readyMs);
}

/** Waits without ever ending early: timers of the event loop may fire up to a millisecond before their time. */
export async function sleepUntil(
  pace: Pick<Pace, 'nowMs' | 'signal'>,
  atMs: number,
): Promise<void> {
  for (;;) {
    const waitMs = atMs - pace.nowMs();
    if (waitMs <= 0 || pace.signal.aborted) return;
    await (waitMs < 1 ? new Promise<void>(setImmediate) : sleep(pace, waitMs));
  }
}

function sleep(pace: Pick<Pace, 'signal'>, waitMs: number): Promise<void> {
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
