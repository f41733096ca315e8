import type { Level } from '../telemetry/log-load.ts';
import type { LevelKey } from './engine-words.ts';
import { type Fact, type Measure, short, UNKNOWN } from './fact.ts';
import type { GaugeLevel, Observation } from './observation.ts';

/** Names of a gauge behind the engine's prefix. */
const GAUGE_NAMES: Readonly<Record<LevelKey, readonly string[]>> = {
  running: ['num_running_reqs', 'num_requests_running', 'requests_processing'],
  queue: ['num_queue_reqs', 'num_requests_waiting', 'requests_deferred'],
  kvUsage: ['token_usage', 'kv_cache_usage_perc', 'gpu_cache_usage_perc', 'kv_cache_usage_ratio'],
};

/** Fewest points that make a level. Source: own reasoning. */
const MIN_POINTS = 3;
/** Samples at 1 Hz that say more than log lines, which come with steps and not with time. Source: own reasoning. */
const MANY_SAMPLES = 10;

export interface LevelFact {
  readonly level: Level;
  readonly fact: Fact;
}

/**
 * A gauge over the window: samples of a run long enough, else the profiler's points, else the engine's log lines, else
 * the few samples there are. A single scrape after the load says nothing about it. Null when: none tells.
 */
export function levelOver(o: Observation, key: LevelKey): LevelFact | null {
  const sampled = sampledOf(o, GAUGE_NAMES[key]);
  if (sampled !== null && sampled.n >= MANY_SAMPLES) return fromGauge(sampled);
  const gauge = gaugeOf(o, GAUGE_NAMES[key]);
  if (gauge !== null && gauge.n >= MIN_POINTS) return fromGauge(gauge);
  const logged = levelInLog(o, key);
  if (logged !== null) return logged;
  return sampled !== null && sampled.n >= MIN_POINTS ? fromGauge(sampled) : null;
}

function fromGauge(gauge: GaugeLevel): LevelFact {
  const { name, evidenceId } = gauge;
  return { level: gauge, fact: { name, value: describeLevel(gauge), evidenceId } };
}

function sampledOf(o: Observation, names: readonly string[]): GaugeLevel | null {
  const gauges = o.metrics?.gauges ?? [];
  return gauges.find(({ name }) => names.includes(name.replace(/^\w+[.:]/, ''))) ?? null;
}

function levelInLog(o: Observation, key: LevelKey): LevelFact | null {
  const level = o.log?.load?.[key] ?? null;
  const name = o.words.logLevels?.[key];
  if (level === null || o.log === null || name === undefined) return null;
  return { level, fact: { name, value: describeLevel(level), evidenceId: o.log.evidenceId } };
}

function gaugeOf(o: Observation, names: readonly string[]): GaugeLevel | null {
  for (const [name, level] of o.profile?.gauges ?? []) {
    if (names.includes(name.replace(/^\w+[.:]/, ''))) return level;
  }
  return null;
}

function describeLevel(level: Level): string {
  return `${short(level.mean)} (mean of ${level.n}, max ${short(level.max)})`;
}

/** A canonical engine metric over the window. */
export function reading(o: Observation, key: string): Measure {
  const found = o.metrics?.readings[key];
  return found === undefined ? UNKNOWN : scraped(o, found.name, found.value);
}

/** A counter over the window by its exact name. */
export function counter(o: Observation, name: string): Measure {
  return scraped(o, name, o.metrics?.counters.get(name));
}

/** Prompt tokens that the prefix cache dropped over the window. Unknown where the engine counts none. */
export function evictedTokens(o: Observation): Measure {
  const name = o.words.evictedTokens;
  return name === null ? UNKNOWN : counter(o, name);
}

/** Window mean of a histogram by its exact name. */
export function histogram(o: Observation, name: string): Measure {
  return scraped(o, name, o.metrics?.means.get(name));
}

function scraped(o: Observation, name: string, value: number | undefined): Measure {
  if (value === undefined || o.metrics === null) return UNKNOWN;
  return { value, fact: { name, value: short(value), evidenceId: o.metrics.evidenceId } };
}

/** A number of the client's summary, cited by measurement. */
export function ofClient(o: Observation, name: string, value: number | null | undefined): Measure {
  if (value === null || value === undefined || o.client === null) return UNKNOWN;
  const fact = { name: `${o.client.measurementId}.${name}`, value: short(value), evidenceId: null };
  return { value, fact };
}

/** How many log lines of some classes there are; the first is cited. */
export function linesOf(o: Observation, classes: readonly string[]): Measure {
  const events = (o.log?.events ?? []).filter((event) => classes.includes(event.cls));
  const first = events[0];
  if (first === undefined || o.log === null)
    return { value: o.log === null ? Number.NaN : 0, fact: null };
  return {
    value: events.reduce((sum, event) => sum + 1 + event.repeats, 0),
    fact: {
      name: `log line ${first.lineNumber}`,
      value: first.line.slice(0, 280),
      evidenceId: o.log.evidenceId,
    },
  };
}

/** Requests in flight that the client asks for: the cap of a closed loop, else what was seen. */
export function offeredConcurrency(o: Observation): number | null {
  if (o.client === null) return null;
  const { loadPoint, summary } = o.client;
  return loadPoint.kind === 'closed' ? loadPoint.concurrency : summary.concurrencyMean;
}
