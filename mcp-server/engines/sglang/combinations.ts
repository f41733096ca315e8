import type { CommandFacts, FatalCombination, SilentAdjustment } from '../engine.ts';
import { numberOf, textOf } from '../syntax.ts';

const has = (facts: CommandFacts, flag: string): boolean => facts.flags.has(flag);
const above = (facts: CommandFacts, flag: string, floor: number): boolean =>
  (numberOf(facts, flag) ?? 1) > floor;
const algorithm = (facts: CommandFacts): string | null => textOf(facts, '--speculative-algorithm');
const isSpeculative = (facts: CommandFacts): boolean => algorithm(facts) !== null;
const attention = (facts: CommandFacts): string | null =>
  textOf(facts, '--decode-attention-backend') ?? textOf(facts, '--attention-backend');
const TREE_BACKENDS = ['flashinfer', 'fa3', 'triton'];

const rule = (
  id: string,
  message: string,
  holds: (facts: CommandFacts) => boolean,
): FatalCombination => ({ id, message, holds });

/** Combinations that end the server at start. Source: SGLang server_args.py, main 2026-07-20. */
export const SGLANG_FATAL: readonly FatalCombination[] = [
  rule(
    'hicache_without_radix',
    '--enable-hierarchical-cache cannot be combined with --disable-radix-cache',
    (f) => has(f, '--enable-hierarchical-cache') && has(f, '--disable-radix-cache'),
  ),
  rule(
    'lmcache_and_hicache',
    '--enable-lmcache excludes --enable-hierarchical-cache',
    (f) => has(f, '--enable-lmcache') && has(f, '--enable-hierarchical-cache'),
  ),
  rule(
    'padding_and_compile',
    '--disable-cuda-graph-padding cannot be combined with --enable-torch-compile',
    (f) => has(f, '--disable-cuda-graph-padding') && has(f, '--enable-torch-compile'),
  ),
  rule(
    'chunk_not_multiple_of_page',
    '--chunked-prefill-size must be a multiple of --page-size',
    (f) => {
      const [chunk, page] = [numberOf(f, '--chunked-prefill-size'), numberOf(f, '--page-size')];
      return chunk !== null && page !== null && chunk > 0 && page > 0 && chunk % page !== 0;
    },
  ),
  rule(
    'pipeline_and_speculation',
    'pipeline parallelism cannot be combined with speculative decoding',
    (f) => above(f, '--pp-size', 1) && isSpeculative(f),
  ),
  rule(
    'speculation_partly_set',
    'set --speculative-num-steps together with --speculative-eagle-topk and --speculative-num-draft-tokens',
    (f) =>
      algorithm(f) !== 'NGRAM' &&
      !has(f, '--speculative-num-steps') &&
      !has(f, '--speculative-adaptive') &&
      (has(f, '--speculative-eagle-topk') || has(f, '--speculative-num-draft-tokens')),
  ),
  rule(
    'draft_model_missing',
    'EAGLE, EAGLE3 and STANDALONE need --speculative-draft-model-path',
    (f) =>
      ['EAGLE', 'EAGLE3', 'STANDALONE'].includes(algorithm(f) ?? '') &&
      !has(f, '--speculative-draft-model-path'),
  ),
  rule(
    'trtllm_mha_topk',
    'trtllm_mha attention needs --speculative-eagle-topk 1',
    (f) => attention(f) === 'trtllm_mha' && above(f, '--speculative-eagle-topk', 1),
  ),
  rule(
    'topk_with_pages',
    '--speculative-eagle-topk above 1 with --page-size above 1 needs flashinfer, fa3 or triton',
    (f) =>
      above(f, '--speculative-eagle-topk', 1) &&
      above(f, '--page-size', 1) &&
      attention(f) !== null &&
      !TREE_BACKENDS.includes(attention(f) ?? ''),
  ),
  rule(
    'ngram_with_dp_attention',
    'NGRAM speculation cannot be combined with --enable-dp-attention',
    (f) => algorithm(f) === 'NGRAM' && has(f, '--enable-dp-attention'),
  ),
  rule(
    'dp_attention_sizes',
    '--enable-dp-attention needs --dp-size above 1 that divides --tp-size',
    (f) => {
      if (!has(f, '--enable-dp-attention')) return false;
      const [tp, dp] = [numberOf(f, '--tp-size') ?? 1, numberOf(f, '--dp-size') ?? 1];
      return dp < 2 || tp % dp !== 0;
    },
  ),
  rule(
    'dp_over_nodes',
    '--dp-size above 1 over several nodes needs --enable-dp-attention',
    (f) => above(f, '--dp-size', 1) && above(f, '--nnodes', 1) && !has(f, '--enable-dp-attention'),
  ),
  rule(
    'two_batch_overlap_alone',
    '--enable-two-batch-overlap needs --moe-a2a-backend or --enable-dp-attention',
    (f) =>
      has(f, '--enable-two-batch-overlap') &&
      (textOf(f, '--moe-a2a-backend') ?? 'none') === 'none' &&
      !has(f, '--enable-dp-attention'),
  ),
  rule(
    'pdmux_needs',
    '--enable-pdmux needs --pp-size 1, --chunked-prefill-size -1 and --disable-overlap-schedule',
    (f) =>
      has(f, '--enable-pdmux') &&
      (above(f, '--pp-size', 1) ||
        numberOf(f, '--chunked-prefill-size') !== -1 ||
        !has(f, '--disable-overlap-schedule')),
  ),
  rule('colon_in_name', '--served-model-name must not contain a colon', (f) =>
    (textOf(f, '--served-model-name') ?? '').includes(':'),
  ),
  rule(
    'heads_not_divisible',
    '--tp-size must divide the attention heads of the model',
    (f) => f.attentionHeads !== null && f.attentionHeads % (numberOf(f, '--tp-size') ?? 1) !== 0,
  ),
  rule(
    'priority_policy',
    '--schedule-policy priority needs --enable-priority-scheduling',
    (f) => textOf(f, '--schedule-policy') === 'priority' && !has(f, '--enable-priority-scheduling'),
  ),
  rule(
    'hicache_ratio',
    '--hicache-ratio must be above 1 unless --hicache-size is set',
    (f) =>
      has(f, '--enable-hierarchical-cache') &&
      !has(f, '--hicache-size') &&
      (numberOf(f, '--hicache-ratio') ?? 2) <= 1,
  ),
];

/** Settings that SGLang changes by itself. Source: SGLang server_args.py, main 2026-07-20. */
export const SGLANG_SILENT: readonly SilentAdjustment[] = [
  {
    message: 'speculation turns --enable-mixed-chunk off',
    holds: (f) => isSpeculative(f) && has(f, '--enable-mixed-chunk'),
  },
  {
    message: 'speculation caps running requests at 48 unless --max-running-requests is set',
    holds: (f) => isSpeculative(f) && !has(f, '--max-running-requests'),
  },
  {
    message: '--speculative-eagle-topk 1 makes the draft tokens num_steps + 1',
    holds: (f) =>
      numberOf(f, '--speculative-eagle-topk') === 1 && has(f, '--speculative-num-draft-tokens'),
  },
  {
    message: 'pipeline parallelism turns the overlap schedule off',
    holds: (f) => above(f, '--pp-size', 1),
  },
  {
    message:
      'DP attention divides --chunked-prefill-size by dp_size and multiplies the conservativeness by 0.3',
    holds: (f) => has(f, '--enable-dp-attention'),
  },
  {
    message: '--schedule-policy lpm acts as fcfs while more than 128 requests wait',
    holds: (f) => textOf(f, '--schedule-policy') === 'lpm',
  },
  {
    message: '--torch-compile-max-bs acts only with --enable-torch-compile',
    holds: (f) => has(f, '--torch-compile-max-bs') && !has(f, '--enable-torch-compile'),
  },
  {
    message: 'fp8_e4m3 KV without scales in the checkpoint uses scale 1.0',
    holds: (f) => textOf(f, '--kv-cache-dtype') === 'fp8_e4m3',
  },
];
