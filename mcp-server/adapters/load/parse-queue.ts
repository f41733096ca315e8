/** Work that may wait until the network has been looked at: parsing what was already stamped. */
export interface ParseQueue {
  /** Runs it soon, in order. */
  add(job: () => void): void;
}

/**
 * Jobs between two looks at the network, and the part of a long queue that is worked off at once, so that it stays
 * bounded. Source: own measurement, 16 events are about 0.2 ms of parsing.
 */
const JOBS_PER_TURN = 16;
const QUEUE_SHARE = 8;

/**
 * Keeps parsing out of the reads: when one moment brings many streams an event each, as an engine's batch does, every
 * read is stamped before the first is parsed.
 */
export function createParseQueue(): ParseQueue {
  let waiting: (() => void)[] = [];
  let next = 0;
  const turn = (): void => {
    const left = waiting.length - next;
    const end = next + Math.min(left, Math.max(JOBS_PER_TURN, Math.ceil(left / QUEUE_SHARE)));
    for (; next < end; next += 1) waiting[next]?.();
    if (next < waiting.length) {
      setImmediate(turn);
      return;
    }
    waiting = [];
    next = 0;
  };
  return {
    add: (job) => {
      if (waiting.length === 0) setImmediate(turn);
      waiting.push(job);
    },
  };
}
