import type { FlagValues } from './flag-values.ts';
import type { LaunchFacts } from './launch-facts.ts';
import { pythonError, type Refusal, usageError } from './refusal.ts';

interface Rule {
  readonly broken: (facts: LaunchFacts) => boolean;
  readonly type: 'AssertionError' | 'ValueError';
  readonly message: string;
}

const speculates = (flags: FlagValues): boolean => flags.has('--speculative-algorithm');
const needsDraft = (flags: FlagValues): boolean =>
  ['EAGLE', 'EAGLE3', 'STANDALONE'].includes(flags.text('--speculative-algorithm') ?? '');
const page = (flags: FlagValues): number => flags.number('--page-size') ?? 1;
const topk = (flags: FlagValues): number => flags.number('--speculative-eagle-topk') ?? 1;

/** Source: SGLang server_args.py and arg_groups, combinations that stop the server at start. */
const RULES: readonly Rule[] = [
  {
    broken: ({ flags }) =>
      flags.on('--enable-hierarchical-cache') && flags.on('--disable-radix-cache'),
    type: 'ValueError',
    message:
      'The arguments enable-hierarchical-cache and disable-radix-cache are mutually exclusive and cannot be used at the same time. Please use only one of them.',
  },
  {
    broken: ({ flags }) =>
      flags.on('--disable-cuda-graph-padding') && flags.on('--enable-torch-compile'),
    type: 'AssertionError',
    message: 'disable_cuda_graph_padding cannot be used together with enable_torch_compile',
  },
  {
    broken: ({ flags }) => {
      const chunk = flags.number('--chunked-prefill-size');
      return chunk !== null && chunk > 0 && chunk % page(flags) !== 0;
    },
    type: 'AssertionError',
    message: 'chunked_prefill_size must be divisible by page_size',
  },
  {
    broken: ({ flags }) => (flags.number('--pp-size') ?? 1) > 1 && speculates(flags),
    type: 'AssertionError',
    message: 'Pipeline parallelism is not compatible with overlap schedule, speculative decoding',
  },
  {
    broken: ({ flags }) =>
      speculates(flags) &&
      !flags.has('--speculative-num-steps') &&
      flags.text('--speculative-algorithm') !== 'NGRAM' &&
      (flags.has('--speculative-eagle-topk') || flags.has('--speculative-num-draft-tokens')),
    type: 'AssertionError',
    message:
      'speculative_num_steps must be set together with speculative_eagle_topk and speculative_num_draft_tokens',
  },
  {
    broken: ({ flags }) => needsDraft(flags) && !flags.has('--speculative-draft-model-path'),
    type: 'ValueError',
    message: 'speculative_draft_model_path must be set for this speculative algorithm',
  },
  {
    broken: ({ flags }) => flags.text('--attention-backend') === 'trtllm_mha' && topk(flags) > 1,
    type: 'ValueError',
    message: 'trtllm_mha backend only supports topk = 1 for speculative decoding.',
  },
  {
    broken: ({ flags }) =>
      topk(flags) > 1 &&
      page(flags) > 1 &&
      !['flashinfer', 'fa3', 'triton'].includes(flags.text('--attention-backend') ?? 'fa3'),
    type: 'ValueError',
    message:
      'speculative_eagle_topk > 1 with page_size > 1 is unstable and produces incorrect results for paged attention backends. This combination is only supported for the flashinfer, fa3 and triton backends.',
  },
  {
    broken: ({ flags }) =>
      flags.text('--speculative-algorithm') === 'NGRAM' && flags.on('--enable-dp-attention'),
    type: 'ValueError',
    message: 'Currently ngram speculative decoding does not support dp attention.',
  },
  {
    broken: ({ flags }) =>
      flags.on('--enable-two-batch-overlap') &&
      (flags.text('--moe-a2a-backend') ?? 'none') === 'none' &&
      !flags.on('--enable-dp-attention'),
    type: 'ValueError',
    message:
      'When enabling two batch overlap without a moe a2a backend, dp attention must be enabled.',
  },
  {
    broken: ({ flags }) =>
      flags.on('--enable-pdmux') &&
      (flags.number('--chunked-prefill-size') !== -1 || !flags.on('--disable-overlap-schedule')),
    type: 'AssertionError',
    message: 'PD-Multiplexing is not compatible with chunked prefill or overlap schedule.',
  },
  {
    broken: ({ flags }) => (flags.text('--served-model-name') ?? '').includes(':'),
    type: 'AssertionError',
    message: 'served_model_name cannot contain a colon (:) character.',
  },
  {
    broken: ({ flags, model }) => model.heads % (flags.number('--tp-size') ?? 1) !== 0,
    type: 'AssertionError',
    message: 'num_attention_heads must be divisible by tp_size',
  },
  {
    broken: ({ flags, gpu }) =>
      ['fa4', 'trtllm_mha', 'trtllm_mla', 'cutlass_mla'].includes(
        flags.text('--attention-backend') ?? '',
      ) && !gpu.name.startsWith('B'),
    type: 'ValueError',
    message:
      'TRTLLM MHA, FA4 and CUTLASS MLA backends are only supported on Blackwell GPUs (SM100). Please use a different backend.',
  },
  {
    broken: ({ flags, gpu }) =>
      flags.text('--attention-backend') === 'fa3' && !/^(H|A100)/.test(gpu.name),
    type: 'AssertionError',
    message:
      'FlashAttention v3 Backend requires SM>=80 and SM<=90. Please use `--attention-backend flashinfer`.',
  },
  {
    broken: ({ flags }) => /^(nvfp4|fp4|mxfp8)/.test(flags.text('--kv-cache-dtype') ?? ''),
    type: 'ValueError',
    message: 'This kv_cache_dtype needs a Blackwell GPU.',
  },
];

const SPECULATIVE_CHOICES = ['EAGLE', 'EAGLE3', 'NEXTN', 'STANDALONE', 'NGRAM'] as const;
/** Source: SGLang tags: fixed, upper-case choices up to v0.5.10; resolved by name from v0.5.12. */
const FREE_TEXT_SINCE = [0, 5, 12] as const;

function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const parts = (/(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
  if (parts.length < 3) return true;
  for (const [index, want] of wanted.entries()) {
    const have = parts[index] ?? 0;
    if (have !== want) return have > want;
  }
  return true;
}

function checkSpeculativeChoice({ flags, version }: LaunchFacts): Refusal | null {
  const algorithm = flags.text('--speculative-algorithm');
  if (algorithm === null || SPECULATIVE_CHOICES.some((choice) => choice === algorithm)) return null;
  if (isAtLeast(version, FREE_TEXT_SINCE))
    return pythonError(
      'sglang/srt/speculative/spec_info.py',
      'ValueError',
      `Unknown speculative algorithm name: ${algorithm}`,
    );
  const choices = SPECULATIVE_CHOICES.map((choice) => `'${choice}'`).join(', ');
  return usageError(
    'launch_server.py',
    `argument --speculative-algorithm: invalid choice: '${algorithm}' (choose from ${choices})`,
  );
}

/** Null when SGLang would start to load weights with these flags. */
export function checkSglang(facts: LaunchFacts): Refusal | null {
  const choice = checkSpeculativeChoice(facts);
  if (choice !== null) return choice;
  const rule = RULES.find((one) => one.broken(facts));
  return rule === undefined
    ? null
    : pythonError('sglang/srt/server_args.py', rule.type, rule.message);
}
