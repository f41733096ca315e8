import * as buckets from './buckets.ts';
import type { SimConfig } from './config.ts';
import type { FinishedRequest, SimEvent, StepReport } from './engine-events.ts';
import { createHistogram, type Histogram, observe } from './engine-stats.ts';

/** Histograms as the engine keeps them. Units: seconds, tokens. */
interface EngineHistograms {
  readonly ttft: Histogram;
  readonly interToken: Histogram;
  readonly perRequestTbot: Histogram;
  readonly e2e: Histogram;
  readonly queue: Histogram;
  readonly prefill: Histogram;
  readonly decode: Histogram;
  readonly inference: Histogram;
  readonly promptTokens: Histogram;
  readonly generationTokens: Histogram;
  readonly maxTokens: Histogram;
  readonly iterationTokens: Histogram;
}

/** Remembers what an engine did, for metrics, log lines and the profiler context. */
export interface Observer {
  readonly histograms: EngineHistograms;
  see(event: SimEvent): void;
  /** Steps and finished requests of the last minutes, oldest first. Times on the engine's clock. */
  steps(fromMs: number, toMs: number): readonly StepReport[];
  finished(fromMs: number, toMs: number): readonly FinishedRequest[];
  lastStep(): StepReport | null;
  /** Decode tokens per second over the last log interval. */
  genThroughput(): number;
}

const KEEP_STEPS = 60_000;
const KEEP_REQUESTS = 20_000;

function createHistograms(config: SimConfig): EngineHistograms {
  const own = config.engine === 'sglang' ? buckets.SGLANG : buckets.VLLM;
  return {
    ttft: createHistogram(own.ttft),
    interToken: createHistogram(own.interToken),
    perRequestTbot: createHistogram(own.interToken),
    e2e: createHistogram(own.e2e),
    queue: createHistogram(own.queue),
    prefill: createHistogram(own.queue),
    decode: createHistogram(own.e2e),
    inference: createHistogram(own.e2e),
    promptTokens: createHistogram(own.tokens),
    generationTokens: createHistogram(own.tokens),
    maxTokens: createHistogram(own.tokens),
    iterationTokens: createHistogram(buckets.ITERATION_TOKENS),
  };
}

class EngineObserver implements Observer {
  readonly histograms: EngineHistograms;
  private readonly config: SimConfig;
  private readonly stepLog: StepReport[] = [];
  private readonly requestLog: FinishedRequest[] = [];
  private readonly lastTokenAt = new Map<number, number>();
  private tokensSince = 0;
  private stepsSince = 0;
  private intervalStartMs = 0;
  private throughput = 0;

  constructor(config: SimConfig) {
    this.config = config;
    this.histograms = createHistograms(config);
  }

  see(event: SimEvent): void {
    if (event.kind === 'step') this.seeStep(event.step);
    else if (event.kind === 'finished') this.seeFinished(event.request, event.atMs);
    else if (event.kind === 'tokens') this.seeTokens(event.id, event.count, event.atMs);
  }

  private seeTokens(id: number, count: number, atMs: number): void {
    const last = this.lastTokenAt.get(id);
    this.lastTokenAt.set(id, atMs);
    if (last === undefined || count === 0) return;
    const gap = (atMs - last) / 1000;
    // SGLang divides a gap by its tokens, vLLM does not.
    if (this.config.engine === 'sglang') observe(this.histograms.interToken, gap / count, count);
    else observe(this.histograms.interToken, gap);
  }

  private seeFinished(request: FinishedRequest, atMs: number): void {
    this.lastTokenAt.delete(request.id);
    this.requestLog.push(request);
    if (this.requestLog.length > KEEP_REQUESTS) this.requestLog.splice(0, KEEP_REQUESTS / 4);
    const { histograms } = this;
    const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1000;
    observe(histograms.ttft, seconds(request.arrivedAtMs, request.firstTokenAtMs));
    observe(histograms.e2e, seconds(request.arrivedAtMs, atMs));
    observe(histograms.queue, seconds(request.queuedAtMs, request.firstScheduledAtMs));
    observe(histograms.prefill, seconds(request.firstScheduledAtMs, request.firstTokenAtMs));
    observe(histograms.decode, seconds(request.firstTokenAtMs, request.lastTokenAtMs));
    observe(histograms.inference, seconds(request.firstScheduledAtMs, request.lastTokenAtMs));
    observe(histograms.promptTokens, request.promptTokens);
    observe(histograms.generationTokens, request.outputTokens);
    observe(histograms.maxTokens, request.maxTokens);
    if (request.outputTokens > 1)
      observe(
        histograms.perRequestTbot,
        seconds(request.firstTokenAtMs, request.lastTokenAtMs) / (request.outputTokens - 1),
      );
  }

  private seeStep(step: StepReport): void {
    this.stepLog.push(step);
    if (this.stepLog.length > KEEP_STEPS) this.stepLog.splice(0, KEEP_STEPS / 4);
    observe(this.histograms.iterationTokens, step.newTokens + step.emittedTokens);
    this.tokensSince += step.emittedTokens;
    if (step.kind !== 'prefill') this.stepsSince += 1;
    if (this.stepsSince < this.config.logInterval) return;
    const took = (step.endMs - this.intervalStartMs) / 1000;
    this.throughput = took > 0 ? this.tokensSince / took : 0;
    this.tokensSince = 0;
    this.stepsSince = 0;
    this.intervalStartMs = step.endMs;
  }

  steps(fromMs: number, toMs: number): readonly StepReport[] {
    return this.stepLog.filter((step) => step.endMs >= fromMs && step.endMs <= toMs);
  }

  finished(fromMs: number, toMs: number): readonly FinishedRequest[] {
    return this.requestLog.filter(
      (request) => request.lastTokenAtMs >= fromMs && request.lastTokenAtMs <= toMs,
    );
  }

  lastStep(): StepReport | null {
    return this.stepLog[this.stepLog.length - 1] ?? null;
  }

  genThroughput(): number {
    return this.throughput;
  }
}

export function createObserver(config: SimConfig): Observer {
  return new EngineObserver(config);
}
