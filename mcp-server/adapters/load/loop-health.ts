import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** Resolution of the lag monitor; it is taken off what it measures. */
const RESOLUTION_MS = 2;

export interface LoopHealth {
  stop(): { readonly loopUtilisation: number; readonly loopLagP99Ms: number };
}

/** Watches this thread's event loop from now on. */
export function watchLoop(): LoopHealth {
  const before = performance.eventLoopUtilization();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    stop: () => {
      delay.disable();
      const p99Ms = delay.percentile(99) / 1e6 - RESOLUTION_MS;
      return {
        loopUtilisation: performance.eventLoopUtilization(before).utilization,
        loopLagP99Ms: Number.isFinite(p99Ms) ? Math.max(0, p99Ms) : 0,
      };
    },
  };
}
