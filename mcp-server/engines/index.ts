import type { EngineId } from '../core/ledger/vocabulary.ts';
import type { Engine } from './engine.ts';
import { llamacpp } from './llamacpp/llamacpp.ts';
import { sglang } from './sglang/sglang.ts';
import { vllm } from './vllm/vllm.ts';

/** Every engine we know, one line each. */
export const ENGINES: Readonly<Record<EngineId, Engine>> = {
  sglang,
  vllm,
  llamacpp,
};

/** The engine that an argv (after wrappers) starts. Null when: none that we know. */
export function detectEngine(argv: readonly string[]): Engine | null {
  return Object.values(ENGINES).find((engine) => engine.matches(argv)) ?? null;
}

export function engineById(id: EngineId): Engine {
  return ENGINES[id];
}
