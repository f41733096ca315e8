import { isOverSaturated, type LoadSample } from '../../core/capacity/over-saturation.ts';
import { ttftMs } from '../../core/metrics/request-metrics.ts';
import type { LoadContext } from './load-context.ts';

/** Time between two looks at the queue. Source: own reasoning; 30 looks until the rule may speak. */
const LOOK_EVERY_MS = 1000;

/** Ends an open loop whose queue grows without end, where the caller wants that. `stop` tells whether it did. */
export function watchSaturation(context: LoadContext): { readonly stop: () => boolean } {
  const { loadPoint, stopWhenSaturated } = context.load;
  if (loadPoint.kind === 'closed' || stopWhenSaturated !== true) return { stop: () => false };
  const samples: LoadSample[] = [];
  const originMs = context.nowMs();
  let seen = context.results.length;
  let ended = false;
  const timer = setInterval(() => {
    const waits = context.results
      .slice(seen)
      .map((result) => ttftMs(result.record))
      .filter((value) => value !== null);
    seen = context.results.length;
    const sum = waits.reduce((total, wait) => total + wait, 0);
    samples.push({
      atMs: context.nowMs() - originMs,
      inFlight: context.inFlight(),
      ttftMs: waits.length === 0 ? null : sum / waits.length,
    });
    if (ended || !isOverSaturated(samples)) return;
    ended = true;
    context.endEarly('The queue grew without end; the run was stopped early.');
  }, LOOK_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return ended;
    },
  };
}
