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
class RealTimePlayer implements Player {
  private readonly originMs = performance.now();
  private readonly engine: SimEngine;
  private readonly onEvent: (event: SimEvent) => void;
  private timer: NodeJS.Timeout | null = null;
  private immediate: NodeJS.Immediate | null = null;
  private stopped = false;

  constructor(engine: SimEngine, onEvent: (event: SimEvent) => void) {
    this.engine = engine;
    this.onEvent = onEvent;
  }

  nowMs(): number {
    return performance.now() - this.originMs;
  }

  submit(request: SimRequest): void {
    this.drain();
    this.engine.submit(request, this.nowMs());
    this.arm();
  }

  cancel(id: number): void {
    this.drain();
    this.engine.cancel(id);
    this.arm();
  }

  flushCache(): boolean {
    this.drain();
    return this.engine.flushCache();
  }

  settle(): void {
    this.drain();
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    this.disarm();
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.immediate !== null) clearImmediate(this.immediate);
    this.timer = null;
    this.immediate = null;
  }

  private arm(): void {
    this.disarm();
    const next = this.engine.nextDeliveryMs();
    if (next === null || this.stopped) return;
    const wait = next - this.nowMs();
    if (wait <= SPIN_MS) this.immediate = setImmediate(() => this.tick());
    else this.timer = setTimeout(() => this.tick(), Math.floor(wait - SPIN_MS));
  }

  private drain(): void {
    for (const event of this.engine.advanceTo(this.nowMs())) this.onEvent(event);
  }

  private tick(): void {
    this.timer = null;
    this.immediate = null;
    this.drain();
    this.arm();
  }
}

export function createPlayer(engine: SimEngine, onEvent: (event: SimEvent) => void): Player {
  return new RealTimePlayer(engine, onEvent);
}
