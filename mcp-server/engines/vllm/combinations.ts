import type { CommandFacts, FatalCombination, SilentAdjustment } from '../engine.ts';
import { numberOf, textOf } from '../syntax.ts';

const has = (facts: CommandFacts, flag: string): boolean => facts.flags.has(flag);

const rule = (
  id: string,
  message: string,
  holds: (facts: CommandFacts) => boolean,
): FatalCombination => ({ id, message, holds });

/** Value of `--max-model-len`, which may end in k or m. Null when: it is not given, or `auto`. */
export function contextLength(value: string | null): number | null {
  const match = /^(\d+(?:\.\d+)?)([kKmM])?$/.exec(value ?? '');
  if (match === null) return null;
  // Source: vLLM human_readable_int: lower case counts in thousands, upper case in powers of 1024.
  const factor = { k: 1000, K: 1024, m: 1e6, M: 1024 ** 2 }[match[2] ?? ''] ?? 1;
  return Number(match[1]) * factor;
}

const speculation = (facts: CommandFacts): string => textOf(facts, '--speculative-config') ?? '';
const speculates = (facts: CommandFacts): boolean =>
  has(facts, '--speculative-config') || has(facts, '--spec-method') || has(facts, '--spec-model');
const usesCpuDraft = (facts: CommandFacts): boolean =>
  /"method"\s*:\s*"(?:ngram|suffix|medusa)"/.test(speculation(facts)) ||
  ['ngram', 'suffix', 'medusa'].includes(textOf(facts, '--spec-method') ?? '');
const compilation = (facts: CommandFacts): string => textOf(facts, '--compilation-config') ?? '';

/** Combinations that end the server at start. Source: vllm/config/*.py and arg_utils.py, main 2026-05-29. */
export const VLLM_FATAL: readonly FatalCombination[] = [
  rule(
    'budget_below_sequences',
    '--max-num-batched-tokens must not be below --max-num-seqs',
    (f) => {
      const [budget, sequences] = [
        numberOf(f, '--max-num-batched-tokens'),
        numberOf(f, '--max-num-seqs'),
      ];
      return budget !== null && sequences !== null && budget < sequences;
    },
  ),
  rule(
    'budget_below_context',
    'without chunked prefill, --max-num-batched-tokens must not be below --max-model-len',
    (f) => {
      const budget = numberOf(f, '--max-num-batched-tokens');
      const context = contextLength(textOf(f, '--max-model-len'));
      return (
        has(f, '--no-enable-chunked-prefill') &&
        budget !== null &&
        context !== null &&
        budget < context
      );
    },
  ),
  rule(
    'partial_prefills',
    '--max-num-partial-prefills and --max-long-partial-prefills only take 1 in V1',
    (f) =>
      (numberOf(f, '--max-num-partial-prefills') ?? 1) !== 1 ||
      (numberOf(f, '--max-long-partial-prefills') ?? 1) !== 1,
  ),
  rule(
    'async_with_cpu_draft',
    '--async-scheduling cannot be combined with CPU ngram, suffix or medusa speculation',
    (f) => has(f, '--async-scheduling') && usesCpuDraft(f),
  ),
  rule(
    'attention_given_twice',
    '--attention-backend together with --attention-config.backend',
    (f) =>
      has(f, '--attention-backend') &&
      (/"backend"/.test(textOf(f, '--attention-config') ?? '') ||
        has(f, '--attention-config.backend')),
  ),
  rule(
    'capture_sizes_given_twice',
    'capture sizes given both as a flag and in --compilation-config',
    (f) =>
      (has(f, '--cudagraph-capture-sizes') && /"cudagraph_capture_sizes"/.test(compilation(f))) ||
      (has(f, '--max-cudagraph-capture-size') &&
        /"max_cudagraph_capture_size"/.test(compilation(f))),
  ),
  rule(
    'speculation_given_twice',
    'a --spec-* shortcut together with the same key in --speculative-config',
    (f) =>
      (has(f, '--spec-method') && /"method"/.test(speculation(f))) ||
      (has(f, '--spec-model') && /"model"/.test(speculation(f))) ||
      (has(f, '--spec-tokens') && /"num_speculative_tokens"/.test(speculation(f))),
  ),
  rule(
    'speculation_not_json',
    '--speculative-config must be a JSON object',
    (f) => has(f, '--speculative-config') && !/^\s*\{[\s\S]*\}\s*$/.test(speculation(f)),
  ),
  rule(
    'ngram_without_lookup',
    'ngram speculation needs prompt_lookup_max',
    (f) =>
      /"method"\s*:\s*"ngram"/.test(speculation(f)) && !/"prompt_lookup_max"/.test(speculation(f)),
  ),
  rule(
    'two_balancers',
    '--data-parallel-hybrid-lb excludes --data-parallel-external-lb',
    (f) => has(f, '--data-parallel-hybrid-lb') && has(f, '--data-parallel-external-lb'),
  ),
  rule(
    'eplb_alone',
    '--enable-eplb needs --enable-expert-parallel',
    (f) => has(f, '--enable-eplb') && !has(f, '--enable-expert-parallel'),
  ),
  rule(
    'heads_not_divisible',
    '--tensor-parallel-size must divide the attention heads of the model',
    (f) =>
      f.attentionHeads !== null &&
      f.attentionHeads % (numberOf(f, '--tensor-parallel-size') ?? 1) !== 0,
  ),
  rule(
    'context_parallel_sizes',
    '--decode-context-parallel-size must divide --tensor-parallel-size',
    (f) => {
      const context = numberOf(f, '--decode-context-parallel-size') ?? 1;
      return (numberOf(f, '--tensor-parallel-size') ?? 1) % context !== 0;
    },
  ),
];

/** Settings that vLLM changes by itself. Source: vllm/config/*.py, main 2026-05-29. */
export const VLLM_SILENT: readonly SilentAdjustment[] = [
  {
    message:
      '--enforce-eager switches compile and CUDA graphs off, whatever --compilation-config says',
    holds: (f) =>
      has(f, '--enforce-eager') &&
      (has(f, '--compilation-config') ||
        has(f, '--max-cudagraph-capture-size') ||
        has(f, '--cudagraph-capture-sizes')),
  },
  {
    message: 'CPU ngram, suffix and medusa speculation turn async scheduling off',
    holds: usesCpuDraft,
  },
  {
    message: '--kv-cache-memory-bytes makes --gpu-memory-utilization ignored',
    holds: (f) => has(f, '--kv-cache-memory-bytes') && has(f, '--gpu-memory-utilization'),
  },
  {
    message: 'capture sizes above --max-num-batched-tokens are dropped',
    holds: (f) => {
      const [size, budget] = [
        numberOf(f, '--max-cudagraph-capture-size'),
        numberOf(f, '--max-num-batched-tokens'),
      ];
      return size !== null && budget !== null && size > budget;
    },
  },
  {
    message:
      'the graph ceiling counts tokens: with speculation a step needs sequences x (1 + draft tokens)',
    holds: (f) => speculates(f) && has(f, '--max-cudagraph-capture-size'),
  },
  {
    message: '--kv-offloading-backend acts only with --kv-offloading-size',
    holds: (f) => has(f, '--kv-offloading-backend') && !has(f, '--kv-offloading-size'),
  },
];
