import type { SimConfig } from './config.ts';
import type { SimEvent } from './engine-events.ts';
import type { EngineCounters } from './engine-stats.ts';
import type { FrontEnd } from './front-end.ts';
import type { Noise } from './noise.ts';
import type { Queues, StepPlan } from './plan.ts';
import type { HostProfile, StepLoad } from './step-time.ts';

/** What an engine is built from. */
export interface EngineParts {
  readonly config: SimConfig;
  readonly kvTokens: number;
  /** Tokens of one step that the memory left for activations can take. */
  readonly maxStepTokens: number;
  readonly host: HostProfile;
  readonly noise: Noise;
  /** True when kernels are compiled already: no slow first prompts. */
  readonly warm: boolean;
}

/** A step under way. */
export interface ActiveStep {
  readonly plan: StepPlan;
  readonly load: StepLoad;
  readonly startMs: number;
  readonly endMs: number;
  readonly graph: boolean;
}

/** State that the step functions share. */
export interface EngineState {
  readonly parts: EngineParts;
  readonly queues: Queues;
  readonly counters: EngineCounters;
  readonly front: FrontEnd;
  readonly outbox: SimEvent[];
}

/** Momentary state, for metrics. Units: tokens unless named. */
export interface EngineGauges {
  readonly running: number;
  readonly waiting: number;
  readonly usedTokens: number;
  readonly cachedTokens: number;
  readonly totalTokens: number;
  readonly evictedTokens: number;
  readonly newTokenRatio: number;
}
