import type { Remedy } from './remedy.ts';

/** Source: SGLang docs faq and hyperparameter_tuning, vLLM docs conserving_memory, llama.cpp server README, the engines' own texts. */
export const START_REMEDIES: Readonly<Record<string, Remedy>> = {
  kv_cache_too_small: {
    fix: 'Serve a shorter context that fits the KV pool, or give the pool more memory by a higher memory share.',
    knobs: {
      sglang: '--mem-fraction-static --context-length --tp-size --kv-cache-dtype --quantization',
      vllm: '--max-model-len --gpu-memory-utilization --tensor-parallel-size --kv-cache-dtype --max-num-seqs --num-gpu-blocks-override',
      llamacpp: '--ctx-size --parallel --cache-type-k --cache-type-v --kv-unified --n-gpu-layers',
    },
  },
  weights_do_not_fit: {
    fix: 'Split the weights over more GPUs, or serve a smaller or quantised checkpoint.',
    knobs: {
      sglang: '--tp-size --quantization --cpu-offload-gb --pp-size --context-length',
      vllm: '--tensor-parallel-size --quantization --cpu-offload-gb --pipeline-parallel-size --max-model-len',
      llamacpp:
        '--n-gpu-layers --ctx-size --n-cpu-moe --override-tensor --tensor-split --split-mode --no-mmap',
    },
    others: 'smaller or quantised model | ',
    never: '--gpu-memory-utilization --mem-fraction-static',
  },
  oom_activation_prefill: {
    fix: 'Prefill in smaller chunks, and lower the memory share so that more stays free beside weights and KV pool.',
    knobs: {
      sglang:
        '--chunked-prefill-size --mem-fraction-static --max-prefill-tokens --max-running-requests',
      vllm: '--max-num-batched-tokens --gpu-memory-utilization --max-model-len --max-num-seqs --limit-mm-per-prompt --enable-chunked-prefill',
      llamacpp: '--ubatch-size --batch-size --ctx-size --n-gpu-layers --flash-attn --parallel',
    },
  },
  oom_cuda_graph_capture: {
    fix: 'Capture fewer and smaller graphs, and leave them room by a lower memory share or a smaller batch.',
    knobs: {
      sglang:
        '--cuda-graph-max-bs --mem-fraction-static --cuda-graph-max-bs-decode --max-running-requests',
      vllm: '--max-num-seqs --gpu-memory-utilization --max-model-len --cudagraph-capture-sizes --max-cudagraph-capture-size --compilation-config',
    },
    never: '--enforce-eager --disable-cuda-graph',
  },
  oom_sampler_warmup: {
    fix: 'Lower the largest number of sequences, or the memory share, so that the sampler’s warm-up fits.',
    knobs: {
      sglang: '--max-running-requests --mem-fraction-static',
      vllm: '--max-num-seqs --gpu-memory-utilization',
    },
  },
  oom_under_load: {
    fix: 'Run fewer requests at once and lower the memory share, so that more stays free for activations.',
    knobs: {
      sglang:
        '--max-running-requests --mem-fraction-static --chunked-prefill-size --cuda-graph-max-bs --schedule-conservativeness --disable-cuda-graph',
      vllm: '--max-num-seqs --gpu-memory-utilization --max-num-batched-tokens --max-model-len',
      llamacpp:
        '--parallel --ctx-size --ubatch-size --n-gpu-layers --cache-ram --flash-attn --fit-target',
    },
    others: 'engine version | ',
  },
  bad_flag_unknown: {
    fix: 'Use the name under which this version knows the flag, or leave the flag out.',
    knobs: {},
    others: 'engine version | ',
  },
  bad_flag_value: {
    fix: 'Give the flag a value that this version accepts.',
    knobs: {},
    others: 'engine version | ',
  },
  bad_flag_combination: {
    fix: 'Change or remove one of the settings that exclude each other.',
    knobs: {},
  },
  context_too_long: {
    fix: 'Raise the context that is served where model and memory allow it, share it among fewer slots, or shorten prompt and output.',
    knobs: {
      sglang: '--context-length --max-total-tokens --mem-fraction-static',
      vllm: '--max-model-len --hf-overrides --rope-scaling',
      llamacpp: '--ctx-size --parallel --context-shift --ubatch-size --batch-size --kv-unified',
    },
    others: 'max_tokens | prompt length',
  },
};
