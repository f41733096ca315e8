import { ascending, at, type BothSides, gapsOf, runPaced, stampErrorsMs } from './paced.ts';

/** How much load each part of the proof makes. */
export interface LoadBenchSize {
  readonly streams: number;
  /** Requests a stream, one after the other. */
  readonly rounds: number;
  readonly outputTokens: number;
}

const TTFT_MS = 50;
const GAP_MS = 20;
const SIGMA = 0.5;
const FULL: LoadBenchSize = { streams: 200, rounds: 4, outputTokens: 64 };

interface Tail {
  readonly p50: number;
  readonly p99: number;
}

export interface TruthFigures {
  readonly events: number;
  readonly lost: number;
  /** Client stamp minus the server's write stamp, on the machine's one monotonic clock. Units: ms. */
  readonly eventErrorMs: Tail;
  readonly firstErrorMs: Tail;
  /** Client TTFT quantile minus that of the server's own (received to first write). Units: ms. */
  readonly ttftErrorMs: Tail;
  /** Mean client TBOT over mean server TBOT, minus 1. */
  readonly tbotErrorRatio: number;
  readonly loopUtilisation: number;
}

/** Constant delays: both sides' stamps of each event. */
export async function benchTruth(size: LoadBenchSize = FULL): Promise<TruthFigures> {
  const { run, pairs, lost } = await runPaced({
    streams: size.streams,
    requests: size.streams * size.rounds,
    outputTokens: size.outputTokens,
    config: { ttftMs: TTFT_MS, gapMs: GAP_MS },
  });
  const errors = stampErrorsMs(pairs);
  const firsts = ascending(pairs.map((pair) => (pair.clientMs[0] ?? 0) - (pair.serverMs[0] ?? 0)));
  const ttfts = bothTtfts(pairs);
  return {
    events: errors.length,
    lost,
    eventErrorMs: tailOf(errors),
    firstErrorMs: tailOf(firsts),
    ttftErrorMs: {
      p50: at(ttfts.client, 0.5) - at(ttfts.server, 0.5),
      p99: at(ttfts.client, 0.99) - at(ttfts.server, 0.99),
    },
    tbotErrorRatio:
      meanTbot(pairs.map((one) => one.clientMs)) / meanTbot(pairs.map((one) => one.serverMs)) - 1,
    loopUtilisation: run.client.loopUtilisation,
  };
}

const tailOf = (sorted: readonly number[]): Tail => ({
  p50: at(sorted, 0.5),
  p99: at(sorted, 0.99),
});

function bothTtfts(pairs: readonly BothSides[]) {
  return {
    client: ascending(pairs.map((pair) => (pair.clientMs[0] ?? 0) - pair.sentMs)),
    server: ascending(pairs.map((pair) => (pair.serverMs[0] ?? 0) - pair.receivedMs)),
  };
}

function meanTbot(streams: readonly (readonly number[])[]): number {
  const tbots = streams.map(
    (times) => ((times.at(-1) ?? 0) - (times[0] ?? 0)) / Math.max(1, times.length - 1),
  );
  return tbots.reduce((sum, one) => sum + one, 0) / tbots.length;
}

export interface SameShape {
  readonly statistic: number;
  /** Above it the samples differ at 1 %. */
  readonly limit: number;
}

export interface LogNormalFigures {
  readonly ttft: SameShape;
  readonly gaps: SameShape;
  readonly lost: number;
}

/** Log-normal delays: does the client see the distribution that the server made? */
export async function benchLogNormal(size: LoadBenchSize = FULL): Promise<LogNormalFigures> {
  const { pairs, lost } = await runPaced({
    streams: size.streams,
    requests: size.streams * size.rounds,
    outputTokens: size.outputTokens,
    config: { ttftMs: TTFT_MS, gapMs: GAP_MS, sigma: SIGMA },
  });
  const ttfts = bothTtfts(pairs);
  return {
    ttft: sameShape(ttfts.client, ttfts.server),
    gaps: sameShape(
      ascending(pairs.flatMap((pair) => gapsOf(pair.clientMs))),
      ascending(pairs.flatMap((pair) => gapsOf(pair.serverMs))),
    ),
    lost,
  };
}

/** Source: Smirnov's asymptotic bound; 1.6276 is its 1 % point. */
const KS_ONE_PERCENT = 1.6276;

/** Two-sample Kolmogorov–Smirnov of ascending values. */
export function sameShape(a: readonly number[], b: readonly number[]): SameShape {
  let statistic = 0;
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    const value = Math.min(a[left] ?? Infinity, b[right] ?? Infinity);
    while (left < a.length && (a[left] ?? Infinity) <= value) left += 1;
    while (right < b.length && (b[right] ?? Infinity) <= value) right += 1;
    statistic = Math.max(statistic, Math.abs(left / a.length - right / b.length));
  }
  const limit = KS_ONE_PERCENT * Math.sqrt((a.length + b.length) / (a.length * b.length));
  return { statistic, limit };
}

export interface SpeedFigures {
  /** In the middle of the run, when all streams are open. */
  readonly eventsPerS: number;
  readonly loopUtilisation: number;
  readonly loopLagP99Ms: number;
  readonly errorMs: Tail;
  readonly lost: number;
}

const SPEED: LoadBenchSize = { streams: 225, rounds: 3, outputTokens: 250 };

/** One worker: how many events a second, how busy its loop is, and how late its stamps are then. */
export async function benchSpeed(size: LoadBenchSize = SPEED): Promise<SpeedFigures> {
  const { run, pairs, lost } = await runPaced({
    streams: size.streams,
    requests: size.streams * size.rounds,
    outputTokens: size.outputTokens,
    config: { ttftMs: TTFT_MS, gapMs: GAP_MS },
    workers: 1,
  });
  const writes = ascending(pairs.flatMap((pair) => pair.serverMs));
  const window = [at(writes, 0.15), at(writes, 0.85)] as const;
  const errors = stampErrorsMs(pairs, window);
  return {
    eventsPerS: (errors.length / (window[1] - window[0])) * 1000,
    loopUtilisation: run.client.loopUtilisation,
    loopLagP99Ms: run.client.loopLagP99Ms,
    errorMs: tailOf(errors),
    lost,
  };
}

export interface ScaleFigures {
  readonly streams: number;
  readonly seconds: number;
  readonly events: number;
  readonly lost: number;
  readonly peakRssMb: number;
  readonly errorMs: Tail;
}

const SCALE: LoadBenchSize = { streams: 2000, rounds: 1, outputTokens: 300 };
const SCALE_GAP_MS = 200;

/** Very many streams for a minute: memory, and whether anything is lost. */
export async function benchScale(size: LoadBenchSize = SCALE): Promise<ScaleFigures> {
  const { run, pairs, lost, peakRssMb } = await runPaced({
    streams: size.streams,
    requests: size.streams * size.rounds,
    outputTokens: size.outputTokens,
    config: { ttftMs: 500, gapMs: SCALE_GAP_MS },
  });
  const errors = stampErrorsMs(pairs);
  return {
    streams: size.streams,
    seconds: (run.windowEndMs - run.windowStartMs) / 1000,
    events: errors.length,
    lost,
    peakRssMb,
    errorMs: tailOf(errors),
  };
}
