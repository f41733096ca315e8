import type { SimConfig } from './config.ts';
import type { SimEvent } from './engine-events.ts';
import type { EngineCounters } from './engine-stats.ts';
import { planSimMemory } from './memory-plan.ts';
import { createNoise, createSilence } from './noise.ts';
import { createSimEngine, type SimEngine } from './sim-engine.ts';
import { HOST_PROFILES, type HostProfile } from './step-time.ts';

/** One request of a virtual load. */
interface VirtualRequest {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What the client allows at most, where the text ends before. */
  readonly maxTokens?: number;
  /** Tokens at the front shared by all requests of the same group. */
  readonly sharedPrefixTokens?: number;
  readonly prefixGroup?: number;
  /** Chance that a drafted token is accepted. */
  readonly acceptance?: number;
  /** Open loop: when it arrives. Closed loop ignores it. Units: ms. */
  readonly atMs?: number;
}

export interface VirtualLoad {
  readonly requests: readonly VirtualRequest[];
  /** Closed loop with this many in flight; null: each arrives at its own time. */
  readonly concurrency: number | null;
}

/** What a client of the virtual engine would have recorded. Units: ms. */
interface VirtualRecord {
  readonly index: number;
  readonly sentAtMs: number;
  readonly firstTokenAtMs: number;
  readonly lastTokenAtMs: number;
  readonly ttftMs: number;
  /** Null when: fewer than two tokens came. */
  readonly tbotMs: number | null;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly finished: boolean;
}

export interface VirtualResult {
  readonly records: readonly VirtualRecord[];
  readonly counters: EngineCounters;
  readonly crashed: boolean;
}

export interface SimulateOptions {
  readonly seed: number;
  readonly launchSeed: number;
  /** Without noise, for checks against published figures. */
  readonly silent?: boolean;
  readonly host?: HostProfile;
  /** Told of everything that leaves the engine, in order. */
  readonly watch?: (event: SimEvent, engine: SimEngine) => void;
}

function promptOf(request: VirtualRequest, index: number): number[] {
  const shared = request.sharedPrefixTokens ?? 0;
  const group = request.prefixGroup ?? 0;
  return Array.from({ length: request.inputTokens }, (_, at) =>
    at < shared ? 1000 + group * 131 + at * 7 : 500_000 + index * 8191 + at,
  );
}

interface Flight {
  sentAtMs: number;
  firstAtMs: number | null;
  lastAtMs: number;
  tokens: number;
  cachedTokens: number;
  finished: boolean;
}

class VirtualClient {
  private readonly load: VirtualLoad;
  private readonly engine: SimEngine;
  private readonly watch: SimulateOptions['watch'];
  private readonly flights = new Map<number, Flight>();
  private next = 0;
  crashed = false;

  constructor(load: VirtualLoad, engine: SimEngine, watch: SimulateOptions['watch']) {
    this.load = load;
    this.engine = engine;
    this.watch = watch;
  }

  send(atMs: number): void {
    const request = this.load.requests[this.next];
    if (request === undefined) return;
    const index = this.next;
    this.next += 1;
    this.flights.set(index, {
      sentAtMs: atMs,
      firstAtMs: null,
      lastAtMs: atMs,
      tokens: 0,
      cachedTokens: 0,
      finished: false,
    });
    this.engine.submit(
      {
        id: index,
        prompt: promptOf(request, index),
        output: new Uint8Array(request.outputTokens),
        maxTokens: request.maxTokens ?? request.outputTokens,
        finish: request.maxTokens === undefined ? 'length' : 'stop',
        acceptance: request.acceptance ?? 0,
      },
      atMs,
    );
  }

  /** Arrival of the next request in open loop. */
  nextArrivalMs(): number | null {
    return this.load.requests[this.next]?.atMs ?? null;
  }

  see(event: SimEvent): void {
    this.watch?.(event, this.engine);
    if (event.kind === 'crashed') this.crashed = true;
    if (event.kind !== 'tokens') return;
    const flight = this.flights.get(event.id);
    if (flight === undefined) return;
    if (event.count > 0) flight.firstAtMs ??= event.atMs;
    flight.lastAtMs = event.atMs;
    flight.tokens += event.count;
    flight.cachedTokens = event.cachedTokens;
    if (event.finish === null) return;
    flight.finished = event.finish !== 'abort';
    if (this.load.concurrency !== null) this.send(event.atMs);
  }

  records(): VirtualRecord[] {
    return [...this.flights.entries()].map(([index, flight]) => {
      const first = flight.firstAtMs ?? flight.lastAtMs;
      return {
        index,
        sentAtMs: flight.sentAtMs,
        firstTokenAtMs: first,
        lastTokenAtMs: flight.lastAtMs,
        ttftMs: first - flight.sentAtMs,
        tbotMs: flight.tokens < 2 ? null : (flight.lastAtMs - first) / (flight.tokens - 1),
        outputTokens: flight.tokens,
        cachedTokens: flight.cachedTokens,
        finished: flight.finished,
      };
    });
  }
}

function playOpen(client: VirtualClient, engine: SimEngine): void {
  for (;;) {
    const arrival = client.nextArrivalMs();
    const due = engine.nextAtMs();
    if (arrival !== null && (due === null || arrival <= due)) {
      client.send(arrival);
      continue;
    }
    if (due === null) return;
    for (const event of engine.advanceTo(due)) client.see(event);
  }
}

function playClosed(client: VirtualClient, engine: SimEngine, concurrency: number): void {
  for (let index = 0; index < concurrency; index += 1) client.send(0);
  for (let due = engine.nextAtMs(); due !== null; due = engine.nextAtMs())
    for (const event of engine.advanceTo(due)) client.see(event);
}

/**
 * Runs a whole load through a fresh engine in virtual time: the same seeds give the same records.
 * Null when: the configuration does not start.
 */
export function simulateLoad(
  config: SimConfig,
  load: VirtualLoad,
  options: SimulateOptions,
): VirtualResult | null {
  const memory = planSimMemory(config);
  if (memory.kind === 'oom') return null;
  const engine = createSimEngine({
    config,
    kvTokens: memory.use.kvTokens,
    maxStepTokens: memory.use.maxStepTokens,
    host: options.host ?? HOST_PROFILES[config.engine],
    noise:
      options.silent === true
        ? createSilence(options.seed)
        : createNoise(options.seed, options.launchSeed),
    warm: options.silent === true,
  });
  const client = new VirtualClient(load, engine, options.watch);
  if (load.concurrency === null) playOpen(client, engine);
  else playClosed(client, engine, load.concurrency);
  return { records: client.records(), counters: engine.counters, crashed: client.crashed };
}
