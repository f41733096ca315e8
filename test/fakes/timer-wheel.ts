/** One timer for any number of waits. */
export interface TimerWheel {
  /** Calls `act` at that moment of the machine's monotonic clock, or as soon after it as the loop allows. */
  at(dueMs: number, act: () => void): void;
  stop(): void;
}

/** The machine's monotonic clock, which every process shares. Units: ms. */
export const hrMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const SLOTS = 1 << 14;

interface Wait {
  readonly dueMs: number;
  readonly act: () => void;
}

/** Slots of one millisecond; a wait longer than the wheel goes round again. */
export function createTimerWheel(): TimerWheel {
  const slots: Wait[][] = Array.from({ length: SLOTS }, () => []);
  let cursor = Math.floor(hrMs());
  let waiting = 0;
  let timer: NodeJS.Timeout | null = null;
  const turn = (): void => {
    const nowMs = hrMs();
    for (; cursor <= nowMs; cursor += 1) {
      const ended = fire(slots, cursor, nowMs);
      waiting -= ended;
    }
    timer = waiting === 0 ? null : setTimeout(turn, 1);
  };
  return {
    at: (dueMs, act) => {
      if (timer === null) cursor = Math.floor(hrMs());
      const slot = Math.max(cursor + 1, Math.ceil(dueMs));
      slots[slot % SLOTS]?.push({ dueMs, act });
      waiting += 1;
      timer ??= setTimeout(turn, 1);
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Answers how many waits ended. */
function fire(slots: Wait[][], cursor: number, nowMs: number): number {
  const due = slots[cursor % SLOTS];
  if (due === undefined || due.length === 0) return 0;
  slots[cursor % SLOTS] = due.filter((wait) => wait.dueMs > nowMs);
  const ready = due.filter((wait) => wait.dueMs <= nowMs);
  for (const wait of ready) wait.act();
  return ready.length;
}
