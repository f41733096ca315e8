import type { SpeculationConfig } from './config.ts';
import type { FlagValues } from './flag-values.ts';
import type { LaunchFacts } from './launch-facts.ts';
import { pythonError, type Refusal } from './refusal.ts';

interface Resolution {
  readonly seqs: number;
  readonly budget: number;
  readonly maxContext: number;
  readonly speculation: SpeculationConfig | null;
}

interface Rule {
  readonly broken: (facts: LaunchFacts, resolution: Resolution) => boolean;
  readonly type: 'ValueError' | 'NotImplementedError' | 'AssertionError';
  readonly message: (facts: LaunchFacts, resolution: Resolution) => string;
}

function jsonHolds(flags: FlagValues, flag: string, keys: readonly string[]): boolean {
  const text = flags.text(flag);
  return text !== null && keys.some((key) => text.includes(`"${key}"`));
}

/** Source: vLLM arg_utils.py and config/*.py, combinations that stop the server at start. */
const RULES: readonly Rule[] = [
  {
    broken: (_facts, { seqs, budget }) => budget < seqs,
    type: 'ValueError',
    message: (_facts, { seqs, budget }) =>
      `max_num_batched_tokens (${budget}) must be greater than or equal to max_num_seqs (${seqs}).`,
  },
  {
    broken: ({ flags }, { budget, maxContext }) =>
      flags.toggle('--enable-chunked-prefill') === false && budget < maxContext,
    type: 'ValueError',
    message: (_facts, { budget, maxContext }) =>
      `max_num_batched_tokens (${budget}) is smaller than max_model_len (${maxContext}). This effectively limits the maximum sequence length to max_num_batched_tokens and makes vLLM reject longer sequences. Please increase max_num_batched_tokens or decrease max_model_len.`,
  },
  {
    broken: ({ flags }) =>
      (flags.number('--max-num-partial-prefills') ?? 1) !== 1 ||
      (flags.number('--max-long-partial-prefills') ?? 1) !== 1,
    type: 'NotImplementedError',
    message: () =>
      'Concurrent Partial Prefill is not supported. We recommend to remove it from your config.',
  },
  {
    broken: ({ flags }, { speculation }) =>
      flags.toggle('--async-scheduling') === true && speculation?.method === 'ngram',
    type: 'ValueError',
    message: () =>
      'Currently, async scheduling is only supported with EAGLE/MTP/Draft Model kind of speculative decoding.',
  },
  {
    broken: ({ flags }) =>
      (flags.has('--cudagraph-capture-sizes') &&
        jsonHolds(flags, '--compilation-config', ['cudagraph_capture_sizes'])) ||
      (flags.has('--max-cudagraph-capture-size') &&
        jsonHolds(flags, '--compilation-config', ['max_cudagraph_capture_size'])),
    type: 'ValueError',
    message: () =>
      'cudagraph_capture_sizes and compilation_config.cudagraph_capture_sizes are mutually exclusive',
  },
  {
    broken: ({ flags }) =>
      flags.has('--speculative-config') &&
      ((flags.has('--spec-method') && jsonHolds(flags, '--speculative-config', ['method'])) ||
        (flags.has('--spec-model') && jsonHolds(flags, '--speculative-config', ['model'])) ||
        (flags.has('--spec-tokens') &&
          jsonHolds(flags, '--speculative-config', ['num_speculative_tokens']))),
    type: 'ValueError',
    message: () =>
      'A --spec-* shortcut and the same key of --speculative-config are mutually exclusive',
  },
  {
    broken: ({ flags }) => {
      const text = flags.text('--speculative-config');
      return (
        text !== null &&
        /"method"\s*:\s*"(eagle3?|draft_model)"/.test(text) &&
        !/"model"\s*:/.test(text)
      );
    },
    type: 'ValueError',
    message: () => 'num_speculative_tokens was provided but without speculative model.',
  },
  {
    broken: ({ flags }) => {
      const text = flags.text('--speculative-config');
      return (
        text !== null &&
        /"method"\s*:\s*"ngram"/.test(text) &&
        !text.includes('"prompt_lookup_max"')
      );
    },
    type: 'ValueError',
    message: () =>
      'Either prompt_lookup_max or prompt_lookup_min must be provided for ngram speculation.',
  },
  {
    broken: ({ flags }) =>
      flags.on('--data-parallel-hybrid-lb') && flags.on('--data-parallel-external-lb'),
    type: 'ValueError',
    message: () => 'data_parallel_hybrid_lb and data_parallel_external_lb are mutually exclusive',
  },
  {
    broken: ({ flags }) => flags.on('--enable-eplb') && !flags.on('--enable-expert-parallel'),
    type: 'ValueError',
    message: () => 'enable_expert_parallel must be True to use EPLB.',
  },
  {
    broken: ({ flags, model }) => model.heads % (flags.number('--tensor-parallel-size') ?? 1) !== 0,
    type: 'ValueError',
    message: ({ flags, model }) =>
      `Total number of attention heads (${model.heads}) must be divisible by tensor parallel size (${flags.number('--tensor-parallel-size') ?? 1}).`,
  },
  {
    broken: ({ flags, gpuCount }) => (flags.number('--tensor-parallel-size') ?? 1) > gpuCount,
    type: 'ValueError',
    message: ({ flags, gpuCount }) =>
      `World size (${flags.number('--tensor-parallel-size') ?? 1}) is larger than the number of available GPUs (${gpuCount}) in this node.`,
  },
  {
    broken: ({ flags, model }) => {
      const asked = flags.number('--max-model-len');
      return asked !== null && asked > model.maxContext;
    },
    type: 'ValueError',
    message: ({ flags, model }) =>
      `User-specified max_model_len (${flags.number('--max-model-len') ?? 0}) is greater than the derived max_model_len (max_position_embeddings=${model.maxContext} or model_max_length=None in model's config.json).`,
  },
  {
    broken: ({ flags }) => {
      const ratio = flags.number('--gpu-memory-utilization');
      return ratio !== null && (ratio <= 0 || ratio > 1);
    },
    type: 'ValueError',
    message: ({ flags }) =>
      `GPU memory utilization must be less than 1.0. Got ${flags.number('--gpu-memory-utilization') ?? 0}.`,
  },
];

/** Null when vLLM would start to load weights with these flags. */
export function checkVllm(facts: LaunchFacts, resolution: Resolution): Refusal | null {
  const rule = RULES.find((one) => one.broken(facts, resolution));
  return rule === undefined
    ? null
    : pythonError('vllm/engine/arg_utils.py', rule.type, rule.message(facts, resolution));
}
