import type { LoadPoint, WorkloadSpec } from './workload.ts';

/** The part of a run that one of several load workers does. */
export interface WorkerShare {
  /** 0 is the first worker, which also warms up. */
  readonly index: number;
  readonly of: number;
}

export const WHOLE_RUN: WorkerShare = { index: 0, of: 1 };

/** Stream events per second that one worker is given. Source: docs/load.md. */
const EVENTS_PER_WORKER = 8000;
const MAX_WORKERS = 8;
/** Cores left to the main thread and to whatever else runs here. Source: docs/load.md. */
const SPARE_CORES = 2;

/** Workers for a run: as many as its events need, as the cores allow, at most eight, at least one. */
export function workerCount(eventsPerS: number, cores: number): number {
  const wanted = Math.ceil(eventsPerS / EVENTS_PER_WORKER);
  return Math.max(1, Math.min(cores - SPARE_CORES, wanted, MAX_WORKERS));
}

/** Tokens per second of one stream of a fast service. Source: own reasoning; 100 is a TBOT of 10 ms. */
const STREAM_TOKENS_PER_S = 100;

/** Most stream events per second that a run may bring: what arrives in an open loop, what a fast service could stream in a closed one. */
export function expectedEventsPerS(point: LoadPoint, workload: WorkloadSpec): number {
  if (point.kind === 'closed') return point.concurrency * STREAM_TOKENS_PER_S;
  const weights = workload.components.reduce((sum, { weight }) => sum + weight, 0);
  const tokens = workload.components.reduce(
    (sum, { weight, outputTokens }) => sum + (weight / weights) * meanLength(outputTokens),
    0,
  );
  return point.requestRatePerS * tokens;
}

function meanLength(length: WorkloadSpec['components'][number]['outputTokens']): number {
  if (typeof length === 'number') return length;
  if ('min' in length) return (length.min + length.max) / 2;
  return length.median * Math.exp(length.sigma ** 2 / 2);
}

/** Every `of`-th item, beginning with the share's own. */
export function sliceShare<Item>(items: readonly Item[], { index, of }: WorkerShare): Item[] {
  return items.filter((_, place) => place % of === index);
}

/** The share's part of a whole number; the parts of all shares add up to it. */
export function partOf(whole: number, { index, of }: WorkerShare): number {
  return Math.floor(whole / of) + (index < whole % of ? 1 : 0);
}
