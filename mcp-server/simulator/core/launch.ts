import type { SimConfig } from './config.ts';
import { type MemoryUse, planSimMemory } from './memory-plan.ts';
import { createNoise } from './noise.ts';
import type { Refusal } from './refusal.ts';
import { createSimEngine, type SimEngine } from './sim-engine.ts';
import { outOfMemoryLines } from './start-failures.ts';
import { HOST_PROFILES } from './step-time.ts';

export interface LaunchSeeds {
  readonly seed: number;
  readonly launchSeed: number;
}

/** An engine that came up, with what its start-up lines tell. */
export interface Launched {
  readonly kind: 'ok';
  readonly engine: SimEngine;
  readonly memory: MemoryUse;
}

/** Starts an engine of this configuration, or says how it runs out of memory. */
export function launchEngine(config: SimConfig, seeds: LaunchSeeds): Launched | Refusal {
  const memory = planSimMemory(config);
  if (memory.kind === 'oom')
    return { kind: 'refused', exitCode: 1, lines: outOfMemoryLines(config, memory) };
  const engine = createSimEngine({
    config,
    kvTokens: memory.use.kvTokens,
    maxStepTokens: memory.use.maxStepTokens,
    host: HOST_PROFILES[config.engine],
    noise: createNoise(seeds.seed, seeds.launchSeed),
    warm: false,
  });
  return { kind: 'ok', engine, memory: memory.use };
}
