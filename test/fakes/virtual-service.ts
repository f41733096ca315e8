import { levelOf } from '../../mcp-server/core/telemetry/log-load.ts';
import type { RequestRecord } from '../../mcp-server/core/workload/request-record.ts';
import type { LoadPoint } from '../../mcp-server/core/workload/workload.ts';
import type { LoadRun } from '../../mcp-server/ports/load-generator.ts';
import type { SimConfig } from '../../mcp-server/simulator/core/config.ts';
import type { SimEvent, StepReport } from '../../mcp-server/simulator/core/engine-events.ts';
import {
  decodeLine,
  prefillLine,
  retractLine,
  type StatsMoment,
  sglangHead,
  vllmHead,
  vllmSpeculationLine,
  vllmStatsLine,
} from '../../mcp-server/simulator/core/log-lines.ts';
import { planSimMemory } from '../../mcp-server/simulator/core/memory-plan.ts';
import { createObserver, type Observer } from '../../mcp-server/simulator/core/observer.ts';
import { profilerContextText } from '../../mcp-server/simulator/core/profiler/context-text.ts';
import { renderSglangMetrics } from '../../mcp-server/simulator/core/sglang-metrics.ts';
import type { SimEngine } from '../../mcp-server/simulator/core/sim-engine.ts';
import { simulateLoad, type VirtualLoad } from '../../mcp-server/simulator/core/simulate-load.ts';
import { readyLines, startupLines } from '../../mcp-server/simulator/core/startup-lines.ts';
import { renderVllmMetrics } from '../../mcp-server/simulator/core/vllm-metrics.ts';

/** What a whole run over a virtual engine leaves: the texts that the real one would give, and the client's records. */
export interface VirtualRun {
  readonly run: LoadRun;
  readonly loadPoint: LoadPoint;
  readonly before: string;
  readonly after: string;
  readonly log: string;
  readonly serverInfo: string;
  readonly profile: string;
}

interface PlayOptions {
  /** Requests before the measurement; 0: the cold start is measured too. */
  readonly warmups: number;
  readonly seed?: number;
  /** A client that was to keep more in flight than it could. */
  readonly busyClient?: { readonly offered: number; readonly loopUtilisation: number };
}

/** Wall clock of the engine's time zero. */
const START_MS = Date.parse('2026-03-22T15:00:00Z');
/** Source: VLLM_LOG_STATS_INTERVAL. Units: ms. */
const STATS_INTERVAL_MS = 10_000;

interface Seen {
  readonly sentAtMs: number;
  readonly times: number[];
  tokens: number;
  cached: number;
  failed: boolean;
}

/** The log as the engine prints it, on the virtual clock. */
class VirtualLog {
  readonly lines: string[] = [];
  private decodeSteps = 0;
  private moment: StatsMoment | null = null;
  private readonly config: SimConfig;
  private readonly observer: Observer;

  constructor(config: SimConfig, observer: Observer) {
    this.config = config;
    this.observer = observer;
    const plan = planSimMemory(config);
    if (plan.kind === 'oom') throw new Error(`does not start: ${plan.stage}`);
    for (const line of [...startupLines(config, plan.use), ...readyLines(config, 8000)])
      this.lines.push(line.render(START_MS - 1000));
  }

  see(step: StepReport, engine: SimEngine): void {
    if (this.config.engine === 'sglang') this.sglang(step);
    else this.vllm(step, engine);
  }

  private sglang(step: StepReport): void {
    const head = sglangHead(START_MS + step.endMs);
    if (step.retracted > 0) this.lines.push(head + retractLine(step));
    if (step.newTokens > 0) this.lines.push(head + prefillLine(step));
    if (step.kind === 'prefill') return;
    this.decodeSteps += 1;
    if (this.decodeSteps % this.config.logInterval !== 0) return;
    const facts = { throughput: this.observer.genThroughput(), config: this.config };
    this.lines.push(head + decodeLine(step, facts));
  }

  private vllm(step: StepReport, engine: SimEngine): void {
    const now = { atMs: step.endMs, counters: { ...engine.counters } };
    this.moment ??= now;
    if (now.atMs - this.moment.atMs < STATS_INTERVAL_MS) return;
    const head = vllmHead(START_MS + step.endMs, 'loggers.py:248');
    const state = { gauges: engine.gauges(), config: this.config };
    this.lines.push(head + vllmStatsLine(this.moment, now, state));
    const speculation = vllmSpeculationLine(this.moment, now);
    if (speculation !== null) this.lines.push(head + speculation);
    this.moment = now;
  }
}

function recordOf(
  index: number,
  seen: Seen,
  facts: { config: SimConfig; load: VirtualLoad; startMs: number },
): RequestRecord {
  const { config, load, startMs } = facts;
  const wanted = load.requests[index];
  const first = seen.times[0] ?? null;
  const last = seen.times.at(-1) ?? null;
  return {
    index,
    phase: seen.sentAtMs >= startMs ? 'measure' : 'warmup',
    intendedAtMs: load.concurrency === null ? seen.sentAtMs : null,
    sentAtMs: seen.sentAtMs,
    headersAtMs: first,
    roleAtMs: first,
    firstTokenAtMs: first,
    lastTokenAtMs: last,
    closedAtMs: last,
    requestedInputTokens: wanted?.inputTokens ?? 0,
    requestedOutputTokens: wanted?.outputTokens ?? 0,
    inputTokens: wanted?.inputTokens ?? 0,
    cachedTokens: config.cacheReport ? seen.cached : null,
    outputTokens: seen.tokens,
    firstEventTokens: 1,
    contentEvents: seen.times.length,
    gapsMs: seen.times.slice(1).map((time, at) => time - (seen.times[at] ?? time)),
    httpStatus: 200,
    finishReason: 'length',
    failure: seen.failed ? 'short_output' : null,
    failureDetail: null,
    model: config.servedName,
    textHash: String(index),
    textSample: `answer ${index}`,
  };
}

function sharedRatioOf(load: VirtualLoad): number {
  const groups = new Set<number>();
  let shared = 0;
  let all = 0;
  for (const { inputTokens, sharedPrefixTokens = 0, prefixGroup = 0 } of load.requests) {
    all += inputTokens;
    if (groups.has(prefixGroup)) shared += sharedPrefixTokens;
    groups.add(prefixGroup);
  }
  return shared / all;
}

function loadPointOf(load: VirtualLoad, measured: number, offered: number | null): LoadPoint {
  const concurrency = offered ?? load.concurrency;
  if (concurrency !== null) return { kind: 'closed', concurrency, requests: measured };
  const last = load.requests.at(-1)?.atMs ?? 1;
  const ratePerS = (load.requests.length / last) * 1000;
  return {
    kind: 'open',
    requestRatePerS: ratePerS,
    burstiness: 1,
    requests: measured,
    pattern: { kind: 'constant' },
  };
}

/**
 * Plays a load through an engine in virtual time and writes down what the engine would have told meanwhile. The first
 * `warmups` requests are not measured.
 */
export function playVirtual(
  config: SimConfig,
  load: VirtualLoad,
  options: PlayOptions,
): VirtualRun {
  const observer = createObserver(config);
  const log = new VirtualLog(config, observer);
  const seen = new Map<number, Seen>();
  const render = config.engine === 'sglang' ? renderSglangMetrics : renderVllmMetrics;
  let before: string | null = null;
  let startMs = options.warmups === 0 ? 0 : Number.POSITIVE_INFINITY;
  let finished = 0;
  let engineSeen: SimEngine | null = null;
  const scrape = (engine: SimEngine): string =>
    render({ config, counters: engine.counters, gauges: engine.gauges(), observer });
  const watch = (event: SimEvent, engine: SimEngine): void => {
    engineSeen = engine;
    observer.see(event);
    if (event.kind === 'step') log.see(event.step, engine);
    if (event.kind === 'finished') finished += 1;
    if (event.kind === 'tokens') seeTokens(seen, event);
    if (options.warmups === 0 || before !== null || finished < options.warmups) return;
    before = scrape(engine);
    startMs = event.atMs;
  };
  const result = simulateLoad(config, load, { seed: options.seed ?? 1, launchSeed: 1, watch });
  if (result === null || engineSeen === null) throw new Error('the engine did not start');
  const records = result.records.map((record) =>
    recordOf(
      record.index,
      {
        ...(seen.get(record.index) ?? EMPTY()),
        sentAtMs: record.sentAtMs,
        failed: !record.finished,
      },
      { config, load, startMs },
    ),
  );
  const endMs = levelOf(records.flatMap((record) => record.lastTokenAtMs ?? []))?.max ?? 0;
  const measured = records.filter((record) => record.phase === 'measure').length;
  return {
    run: {
      records,
      windowStartMs: START_MS + startMs,
      windowEndMs: START_MS + endMs,
      cancelled: false,
      rttMs: { p50: 0.1, jitter: 0 },
      client: {
        loopUtilisation: options.busyClient?.loopUtilisation ?? 0.05,
        loopLagP99Ms: 0.2,
        workers: 1,
        sendLagP99Ms: null,
        eventsPerRead: 1,
      },
      sharedPromptRatio: sharedRatioOf(load),
      notes: [],
    },
    loadPoint: loadPointOf(load, measured, options.busyClient?.offered ?? null),
    before: before ?? '',
    after: scrape(engineSeen),
    log: `${log.lines.join('\n')}\n`,
    serverInfo: JSON.stringify(infoOf(config)),
    profile: profilerContextText({
      config,
      observer,
      window: { fromMs: startMs, toMs: endMs },
      toNs: (ms) => Math.round((START_MS + ms) * 1e6),
    }),
  };
}

/** SGLang tells its settings, vLLM its version alone. */
function infoOf(config: SimConfig): Record<string, unknown> {
  const { version } = config;
  return config.engine === 'sglang'
    ? { '/server_info': { ...config.effective, version } }
    : { '/version': { version } };
}

const EMPTY = (): Seen => ({ sentAtMs: 0, times: [], tokens: 0, cached: 0, failed: false });

function seeTokens(seen: Map<number, Seen>, event: SimEvent & { kind: 'tokens' }): void {
  const one = seen.get(event.id) ?? EMPTY();
  seen.set(event.id, one);
  one.cached = event.cachedTokens;
  if (event.count === 0) return;
  one.times.push(event.atMs);
  one.tokens += event.count;
}
