import { evictedTokens } from '../facts.ts';
import { type Condition, GPU_ENGINES, type Rule, set, switchOn, takeAway } from '../rule.ts';
import { higherFraction } from '../values.ts';
import { isRequested, not } from './conditions.ts';

const isOff = isRequested('--disable-radix-cache', '--no-enable-prefix-caching');

/** Where the engine does not count what it evicts, a full pool and hits that stay away tell. */
const isEvicting: Condition = (m, o) =>
  o.words.evictedTokens === null
    ? m.kvMax.value >= 0.9 && m.hit.value > 0.01
    : evictedTokens(o).value > 0.5 * m.promptTokens.value;

/** Prompts that begin alike. */
export const PREFIX_CACHE_RULES: readonly Rule[] = [
  {
    id: 'shared-text-recomputed',
    rows: [22],
    cause: 'prefix_cache_miss',
    title: 'Prompts share a long beginning that is computed again and again',
    sign: 'the workload repeats three tenths of its prompt tokens or more, and less than half of that is hit',
    engines: GPU_ENGINES,
    needs: ['client'],
    requires: [
      (m) => m.sharedRatio.value >= 0.3,
      (m) => m.hit.value < Math.min(0.3, 0.5 * m.sharedRatio.value),
      not(isEvicting),
    ],
    base: 0.55,
    witnesses: [
      isRequested('--disable-radix-cache', '--no-enable-prefix-caching'),
      (m) => m.hit.value < 0.05,
    ],
    cites: ['cachedTokens', 'promptTokens', 'hit', 'sharedRatio'],
    knobs: {
      sglang: [takeAway('--disable-radix-cache'), set('--schedule-policy', 'lpm')],
      vllm: [takeAway('--no-enable-prefix-caching'), switchOn('--enable-prefix-caching')],
    },
    expected: 'TTFT much lower, throughput higher',
    confirmBy: 'cached tokens / prompt tokens near the share that the workload repeats',
    refutedBy: 'the hit ratio stays: prompts differ near their beginning, or the cache is evicted',
    risk: 'prompts must be equal byte by byte at the front',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization',
  },
  {
    id: 'prefix-cache-evicts',
    rows: [23],
    cause: 'prefix_cache_thrash',
    title: 'Shared prefixes are evicted before they are used again',
    sign: 'evicted tokens above half of the prompt tokens (SGLang), or a pool at 0.9 (vLLM), and a hit ratio ten points below what the workload shares',
    engines: GPU_ENGINES,
    needs: ['metrics', 'log'],
    requires: [
      isEvicting,
      not(isOff),
      (m) => m.sharedRatio.value >= 0.3,
      (m) => m.hit.value < m.sharedRatio.value - 0.1,
    ],
    base: 0.5,
    witnesses: [(m) => m.hit.value < 0.5 * m.sharedRatio.value, (m) => m.kvMax.value >= 0.9],
    cites: [(o) => evictedTokens(o).fact, 'hit', 'sharedRatio', 'kvMax'],
    knobs: {
      sglang: [
        set('--mem-fraction-static', higherFraction),
        switchOn('--enable-hierarchical-cache'),
        set('--radix-eviction-policy', 'lfu'),
      ],
      vllm: [
        set('--gpu-memory-utilization', higherFraction),
        set('--kv-offloading-size', '32'),
        switchOn('--kv-cache-metrics'),
      ],
    },
    expected: 'TTFT lower, throughput higher',
    confirmBy: 'evicted tokens fall and the hit ratio rises',
    refutedBy: 'the hit ratio stays with a larger pool: prompts differ near their beginning',
    risk: 'out of memory at start or under load; memory of the machine for the part that is kept there',
    source: 'SGLang mem_cache source; vLLM kv_cache_manager source',
  },
];
