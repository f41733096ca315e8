import { performance } from 'node:perf_hooks';
import type { SimEvent } from '../core/engine-events.ts';
import type { SimRequest } from '../core/sequence.ts';
import type { SimEngine } from '../core/sim-engine.ts';

/** Plays an engine's virtual time in real time on an absolute clock. */
export interface Player {
  /** Engine time now. Units: ms. */
  nowMs(): number;
  submit(request: SimRequest): void;
  cancel(id: number): void;
  flushCache(): boolean;
  /** Brings the engine up to the present, so that its gauges are current. */
  settle(): void;
  stop(): void;
}

/** Below this distance the loop spins through setImmediate: timers are only good to about a millisecond. */
const SPIN_MS = 1.2;

/**
 * One timer waits for the engine's next event. A late timer delivers late and nothing else: the schedule is the
 * engine's own, so delays never add up.
 */
export function createPlayer(engine: SimEngine, onEvent: (event: SimEvent) => void): Player {
  const originMs = performance.now();
  const nowMs = (): number => performance.now() - originMs;
  let timer: NodeJS.Timeout | null = null;
  let immediate: NodeJS.Immediate | null = null;
  let stopped = false;

  const disarm = (): void => {
    if (timer !== null) clearTimeout(timer);
    if (immediate !== null) clearImmediate(immediate);
    timer = null;
    immediate = null;
  };
  const arm = (): void => {
    disarm();
    const next = engine.nextAtMs();
    if (next === null || stopped) return;
    const wait = next - nowMs();
    if (wait <= SPIN_MS) immediate = setImmediate(tick);
    else timer = setTimeout(tick, Math.floor(wait - SPIN_MS));
  };
  const drain = (): void => {
    for (const event of engine.advanceTo(nowMs())) onEvent(event);
  };
  const tick = (): void => {
    timer = null;
    immediate = null;
    drain();
    arm();
  };
  return {
    nowMs,
    submit: (request) => {
      drain();
      engine.submit(request, nowMs());
      arm();
    },
    cancel: (id) => {
      drain();
      engine.cancel(id);
      arm();
    },
    flushCache: () => {
      drain();
      return engine.flushCache();
    },
    settle: () => {
      drain();
      arm();
    },
    stop: () => {
      stopped = true;
      disarm();
    },
  };
}
