import { tbotMs, ttftMs } from '../metrics/request-metrics.ts';
import { percent } from '../percent.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { quantile } from '../stats/quantile.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type Check, type Facts, type Fault, found } from './input.ts';

/** Source of both: docs/load.md, check 4. */
const FIRST_GAP_TIMES = 5;
const SUSPICIOUS_SHARE = 0.2;
/** A gap below this is within the path's own jitter. Source: own reasoning. */
const LEAST_GAP_MS = 10;
const MIN_EVENTS = 6;

/** A first event that is there to stop the clock. */
export const firstChunk: Check = (facts) => {
  const { valid } = facts;
  const streams = valid.filter((record) => record.contentEvents >= MIN_EVENTS);
  const early = streams.filter((record) => hasLongFirstGap(record, leastGapMs(facts)));
  const blank = valid.filter((record) => record.firstTextBlank === true);
  const begin = 'of the answers begin with an event that shows nothing';
  const pause = `of the answers have a second event more than ${FIRST_GAP_TIMES} gaps after the first`;
  return [
    ...found(4, 'blank_first_chunk', whyMany(blank, valid, begin)),
    ...found(4, 'early_first_chunk', whyMany(early, streams, pause)),
  ];
};

function whyMany(part: readonly unknown[], all: readonly unknown[], says: string): Fault | null {
  const size = all.length === 0 ? 0 : part.length / all.length;
  return size <= SUSPICIOUS_SHARE ? null : { size, detail: `${percent(size)} ${says}` };
}

/** Lags that a gap must exceed. Source: own reasoning; both its ends may be late. */
const LAG_TIMES = 4;

/** Gaps below it say nothing: the path's jitter, or the client's own lag. Units: ms. */
export function leastGapMs({ clientLagMs }: Pick<Facts, 'clientLagMs'>): number {
  return Math.max(LEAST_GAP_MS, LAG_TIMES * (clientLagMs ?? 0));
}

/** True where the second event comes far later after the first than the others after each other. */
export function hasLongFirstGap(record: RequestRecord, leastMs: number): boolean {
  const [first, ...rest] = record.gapsMs;
  const usual = quantile(rest, 0.5);
  return (
    first !== undefined &&
    usual !== null &&
    first > leastMs &&
    first > FIRST_GAP_TIMES * usual &&
    first >= Math.max(...rest)
  );
}

/** Events per network read of a path that holds nothing back is about 1. Source: own reasoning. */
const MAX_EVENTS_PER_READ = 3;

/** A path that gathers what the engine sends. */
export const gatheringPath: Check = (facts) => [
  ...found(6, 'buffered_path', whyBuffered(facts)),
  ...found(6, 'bursts_after_sleep', whyBursts(facts)),
  ...found(6, 'one_piece', whyOnePiece(facts.valid)),
  ...found(6, 'engine_slower_than_client', whyImpossible(facts)),
];

function whyBuffered({ eventsPerRead }: Facts): Fault | null {
  if (eventsPerRead === null || eventsPerRead <= MAX_EVENTS_PER_READ) return null;
  return { size: eventsPerRead, detail: `${eventsPerRead.toFixed(1)} events per network read` };
}

/** Part of the stream that passes in a few long gaps while the others are close to nothing. */
const SLEPT_SHARE = 0.6;
const FEW_GAPS = 0.25;

/** True where a few long gaps make up the stream and the others are next to nothing. */
export function isBursty(record: RequestRecord, leastMs: number): boolean {
  const sorted = record.gapsMs.toSorted((a, b) => b - a);
  const total = sorted.reduce((sum, gap) => sum + gap, 0);
  const few = sorted.slice(0, Math.ceil(sorted.length * FEW_GAPS)).filter((gap) => gap > leastMs);
  const slept = few.reduce((sum, gap) => sum + gap, 0);
  const usual = quantile(sorted, 0.5) ?? 0;
  const perToken = tbotMs(record) ?? 0;
  return few.length > 1 && slept > SLEPT_SHARE * total && usual < 0.2 * perToken;
}

/** Events that a stream must have before its gaps say something. */
export const BURSTY_FROM_EVENTS = 2 * MIN_EVENTS;

function whyBursts(facts: Facts): Fault | null {
  const leastMs = leastGapMs(facts);
  const streams = facts.valid.filter((record) => record.contentEvents >= BURSTY_FROM_EVENTS);
  const bursty = streams.filter((record) => isBursty(record, leastMs));
  return whyMany(bursty, streams, 'of the answers come in bursts between long gaps');
}

/** Tokens that an answer must have before one event for all of it says something. */
const MIN_TOKENS = 16;

function whyOnePiece(valid: readonly RequestRecord[]): Fault | null {
  const long = valid.filter((record) => (record.outputTokens ?? 0) >= MIN_TOKENS);
  const whole = long.filter((record) => record.contentEvents <= 2);
  return whyMany(whole, long, 'of the answers come in one piece');
}

/** Share by which the engine's mean may exceed the client's: other requests, rounding of buckets. */
const CLOCK_SLACK = 1.05;

function whyImpossible({ engine, valid }: Facts): Fault | null {
  const client = meanOf(valid.map(ttftMs).filter((value) => value !== null));
  const own = engine?.ttftMeanMs ?? null;
  if (client === null || own === null || own <= client * CLOCK_SLACK) return null;
  const detail = `mean TTFT ${own.toFixed(1)} ms by the engine, ${client.toFixed(1)} ms by the client`;
  return { size: own / client - 1, detail };
}
