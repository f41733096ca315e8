import { createGaugeCollector, type SampledGauge } from '../core/telemetry/gauge-levels.ts';
import type { Clock } from '../ports/clock.ts';
import type { TelemetryAnswer } from '../ports/telemetry.ts';

/** Time between scrapes. Source: 1 Hz; engines refresh their gauges about that often. */
const INTERVAL_MS = 1000;
/** Share of the time that scraping may take, so that it never disturbs what it looks at. Source: own reasoning. */
const MAX_BUSY_RATIO = 0.05;
/** Scrapes in a row without data after which it is given up. */
const MAX_MISSES = 3;

export interface GaugeSampler {
  /** Begins; a second call does nothing. */
  start(): void;
  /** Ends, and gives what was seen since the start. */
  stop(): Promise<readonly SampledGauge[]>;
}

/** Scrapes an engine's gauges at 1 Hz while a load runs. A scrape that fails is left out; nothing of it ever throws. */
export function createGaugeSampler(
  clock: Clock,
  scrape: (signal: AbortSignal) => Promise<TelemetryAnswer>,
): GaugeSampler {
  const ended = new AbortController();
  const collector = createGaugeCollector();
  let running: Promise<void> | null = null;
  const loop = async (): Promise<void> => {
    let misses = 0;
    while (!ended.signal.aborted && misses < MAX_MISSES) {
      const startedAt = clock.nowMs();
      const answer = await scrape(ended.signal).catch(() => null);
      if (ended.signal.aborted) return;
      misses = answer?.kind === 'data' ? 0 : misses + 1;
      if (answer?.kind === 'data') collector.add(answer.raw);
      const tookMs = clock.nowMs() - startedAt;
      const pauseMs = Math.max(INTERVAL_MS - tookMs, tookMs / MAX_BUSY_RATIO);
      await clock.sleep(pauseMs, ended.signal).catch(() => undefined);
    }
  };
  return {
    start: () => {
      running ??= loop();
    },
    stop: async () => {
      ended.abort();
      await running;
      return collector.levels();
    },
  };
}

/** Waits for the work and stops the sampler, however the work ends. Throws: what the work throws. */
export async function sampleDuring<Result>(
  sampler: GaugeSampler,
  work: Promise<Result>,
): Promise<{ readonly result: Result; readonly gauges: readonly SampledGauge[] }> {
  try {
    return { result: await work, gauges: await sampler.stop() };
  } catch (error) {
    await sampler.stop();
    throw error;
  }
}
