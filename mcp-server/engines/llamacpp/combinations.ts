import type { FatalCombination, SilentAdjustment } from '../engine.ts';
import { numberOf, textOf } from '../syntax.ts';

const isQuantised = (type: string | null): boolean =>
  type !== null && !['f32', 'f16', 'bf16'].includes(type);

/** Combinations that end llama-server at start. Source: llama.cpp src/llama-context.cpp, common/arg.cpp. */
export const LLAMACPP_FATAL: readonly FatalCombination[] = [
  {
    id: 'quantised_v_without_flash',
    message: 'a quantised --cache-type-v needs flash attention',
    holds: (f) =>
      isQuantised(textOf(f, '--cache-type-v')) &&
      ['off', '0', 'false', 'disabled'].includes(textOf(f, '--flash-attn') ?? 'auto'),
  },
  {
    id: 'embedding_and_reranking',
    message: '--embedding excludes --reranking',
    holds: (f) => f.flags.has('--embedding') && f.flags.has('--reranking'),
  },
];

/** Settings that llama-server changes by itself. Source: llama.cpp src/llama-context.cpp, tools/server/server.cpp. */
export const LLAMACPP_SILENT: readonly SilentAdjustment[] = [
  {
    message: '--ubatch-size above --batch-size is cut to it',
    holds: (f) => (numberOf(f, '--ubatch-size') ?? 512) > (numberOf(f, '--batch-size') ?? 2048),
  },
  {
    message: 'unless the KV cache is unified, --ctx-size is divided over the slots of --parallel',
    holds: (f) => (numberOf(f, '--parallel') ?? 1) > 1 && f.flags.has('--ctx-size'),
  },
];
