import type { SimConfig } from './config.ts';
import type { SimEvent } from './engine-events.ts';
import type { ActiveStep, EngineGauges, EngineParts, EngineState } from './engine-state.ts';
import { createCounters, type EngineCounters } from './engine-stats.ts';
import { finishStep } from './finish-step.ts';
import { createFrontEnd } from './front-end.ts';
import { createKvPool, pageKeys } from './kv-pool.ts';
import { type StepPlan, tokensPerDecode } from './plan.ts';
import { initialTokenRatio, planSglang } from './plan-sglang.ts';
import { planVllm } from './plan-vllm.ts';
import { createSequence, freeSequence, type Sequence, type SimRequest } from './sequence.ts';
import { draftMs } from './speculation.ts';
import { type StepLoad, stepMs, usesGraph } from './step-time.ts';

/** A continuous-batching engine in virtual time. Calls must come with times that never fall. */
export interface SimEngine {
  readonly counters: EngineCounters;
  submit(request: SimRequest, atMs: number): void;
  /** Takes a request out wherever it is. */
  cancel(id: number): void;
  /** Does everything up to `atMs` and returns what became due, in order. */
  advanceTo(atMs: number): SimEvent[];
  /** When something is due next; null when the engine is idle. */
  nextAtMs(): number | null;
  /** No token is due before this time, unless a request comes; null when the engine is idle. */
  nextDeliveryMs(): number | null;
  /** False while requests are inside. */
  flushCache(): boolean;
  gauges(): EngineGauges;
}

/** The first prompts after a start meet cold kernels. Source: first level p95 1.2 s against 0.2 s after a warm-up. */
const COLD_STEPS = 3;
/** Compilation and autotuning of one new shape. Units: ms; small steps take a multiple of themselves. */
const COLD_MS = 250;
const COLD_FACTOR = 5;

function loadOf(plan: StepPlan, config: SimConfig): StepLoad {
  return {
    chunks: plan.chunks,
    decodeSeqs: plan.decodes.length,
    tokensPerSeq: plan.decodes.length > 0 ? tokensPerDecode(config) : 1,
    contextTokens: plan.decodes.reduce((sum, sequence) => sum + sequence.computed, 0),
  };
}

class DiscreteEngine implements SimEngine {
  readonly counters = createCounters();
  private readonly state: EngineState;
  private readonly arrivals: Sequence[] = [];
  private active: ActiveStep | null = null;
  private outbox: SimEvent[] = [];
  private coldSteps: number;
  private crashed = false;

  constructor(parts: EngineParts) {
    const { config } = parts;
    const cold = config.skipWarmup ? COLD_STEPS * 2 : COLD_STEPS;
    this.coldSteps = parts.warm ? 0 : cold;
    this.state = {
      parts,
      counters: this.counters,
      front: createFrontEnd(config, parts.noise),
      outbox: this.outbox,
      queues: {
        waiting: [],
        running: [],
        pool: createKvPool(parts.kvTokens, config.pageSize),
        config,
        newTokenRatio: initialTokenRatio(config.conservativeness),
        admissions: 0,
      },
    };
  }

  submit(request: SimRequest, atMs: number): void {
    const { config } = this.state.parts;
    const keys = config.prefixCache
      ? pageKeys(request.prompt, config.pageSize)
      : new Float64Array(0);
    const queuedAtMs = this.state.front.queuedAt(atMs, request.prompt.length);
    this.counters.requests += 1;
    this.arrivals.push(createSequence(request, { arrivedAtMs: atMs, queuedAtMs }, keys));
  }

  cancel(id: number): void {
    const { queues } = this.state;
    const is = (sequence: Sequence): boolean => sequence.request.id === id;
    const arrival = this.arrivals.findIndex(is);
    if (arrival >= 0) this.arrivals.splice(arrival, 1);
    queues.waiting = queues.waiting.filter((sequence) => !is(sequence));
    const running = queues.running.find(is);
    if (running !== undefined) freeSequence(running, queues.pool);
    queues.running = queues.running.filter((sequence) => !is(sequence));
    this.counters.finishedAbort += 1;
  }

  advanceTo(atMs: number): SimEvent[] {
    for (let next = this.nextStepAt(); next !== null && next <= atMs; next = this.nextStepAt()) {
      if (this.active !== null) this.endStep(this.active);
      this.startStep(next);
    }
    return this.takeDue(atMs);
  }

  nextAtMs(): number | null {
    const step = this.nextStepAt();
    const due = this.outbox[0]?.atMs ?? null;
    if (step === null || due === null) return step ?? due;
    return Math.min(step, due);
  }

  nextDeliveryMs(): number | null {
    const step = this.nextStepAt();
    const due = this.outbox[0]?.atMs ?? null;
    const delivery = step === null ? null : step + this.state.front.leastOutMs;
    if (delivery === null || due === null) return delivery ?? due;
    return Math.min(delivery, due);
  }

  flushCache(): boolean {
    const { queues } = this.state;
    if (queues.running.length + queues.waiting.length + this.arrivals.length > 0) return false;
    queues.pool.flush();
    return true;
  }

  gauges(): EngineGauges {
    const { pool, running, waiting, newTokenRatio } = this.state.queues;
    return {
      running: running.length,
      waiting: waiting.length + this.arrivals.length,
      usedTokens: pool.usedPages() * pool.pageSize,
      cachedTokens: pool.cachedPages() * pool.pageSize,
      totalTokens: pool.totalPages * pool.pageSize,
      evictedTokens: pool.evictedPages() * pool.pageSize,
      newTokenRatio,
    };
  }

  private nextStepAt(): number | null {
    if (this.crashed) return null;
    return this.active?.endMs ?? this.arrivals[0]?.queuedAtMs ?? null;
  }

  private takeDue(atMs: number): SimEvent[] {
    let count = 0;
    while (count < this.outbox.length && (this.outbox[count]?.atMs ?? Infinity) <= atMs) count += 1;
    return this.outbox.splice(0, count);
  }

  private takeArrivals(atMs: number): void {
    const { queues } = this.state;
    while (this.arrivals.length > 0 && (this.arrivals[0]?.queuedAtMs ?? Infinity) <= atMs) {
      const arrived = this.arrivals.shift();
      if (arrived !== undefined) queues.waiting.push(arrived);
    }
  }

  private startStep(atMs: number): void {
    const { queues, parts } = this.state;
    this.takeArrivals(atMs);
    const plan = parts.config.engine === 'sglang' ? planSglang(queues) : planVllm(queues);
    if (plan === null) {
      this.active = null;
      this.refuseStuck(atMs);
      return;
    }
    const load = loadOf(plan, parts.config);
    const tokens = load.chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
    if (tokens > parts.maxStepTokens) {
      this.crash(atMs, tokens);
      return;
    }
    for (const chunk of plan.chunks) chunk.sequence.firstScheduledAtMs ??= atMs;
    this.active = { plan, load, startMs: atMs, ...this.timeStep(load, atMs) };
  }

  private timeStep(load: StepLoad, atMs: number): { endMs: number; graph: boolean } {
    const { config, host, noise } = this.state.parts;
    const isCold = load.chunks.length > 0 && this.coldSteps > 0;
    if (isCold) this.coldSteps -= 1;
    const baseMs = stepMs(config, load, host) + draftMs(config, load);
    const coldMs = isCold ? Math.min(COLD_MS, baseMs * COLD_FACTOR) : 0;
    const endMs = atMs + coldMs + baseMs * noise.stepFactor(atMs);
    return { endMs, graph: usesGraph(config, load) };
  }

  private crash(atMs: number, tokens: number): void {
    this.crashed = true;
    this.active = null;
    this.outbox.push({ kind: 'crashed', atMs, tokens });
  }

  /** A waiting request that can never be admitted on an empty engine is aborted, as the engines do. */
  private refuseStuck(atMs: number): void {
    const { queues } = this.state;
    if (queues.waiting.length === 0 || queues.running.length > 0) return;
    const stuck = queues.waiting.shift();
    if (stuck === undefined) return;
    this.counters.finishedAbort += 1;
    this.outbox.push({
      kind: 'tokens',
      atMs,
      id: stuck.request.id,
      from: 0,
      count: 0,
      finish: 'abort',
      cachedTokens: 0,
    });
    this.startStep(atMs);
  }

  private endStep(step: ActiveStep): void {
    this.active = null;
    finishStep(this.state, step);
  }
}

/** An engine with empty queues and a cold cache. */
export function createSimEngine(parts: EngineParts): SimEngine {
  return new DiscreteEngine(parts);
}
