import type { Remedy } from './remedy.ts';

/** Source: SGLang docs hyperparameter_tuning and speculative_decoding, vLLM docs optimization, llama.cpp server README, dstack docs. */
export const LOAD_REMEDIES: Readonly<Record<string, Remedy>> = {
  decode_eager_no_cuda_graph: {
    fix: 'Let graphs cover the largest running batch, or cap the batch at what they cover.',
    knobs: {
      sglang:
        '--cuda-graph-max-bs --cuda-graph-max-bs-decode --disable-cuda-graph --max-running-requests --mem-fraction-static --attention-backend',
      vllm: '--enforce-eager --max-cudagraph-capture-size --cudagraph-capture-sizes --compilation-config --max-seq-len-to-capture --max-num-seqs',
    },
    others: 'GGML_CUDA_USE_GRAPHS GGML_CUDA_GRAPHS GGML_CUDA_DISABLE_GRAPHS',
  },
  batch_cap_binding: {
    fix: 'Raise the largest running batch to what the load needs, and the captured graphs with it.',
    knobs: {
      sglang:
        '--max-running-requests --cuda-graph-max-bs --cuda-graph-max-bs-decode --max-total-tokens --max-mamba-cache-size --mamba-full-memory-ratio --context-length',
      vllm: '--max-num-seqs --max-num-batched-tokens --max-cudagraph-capture-size --data-parallel-size',
      llamacpp: '--parallel --ctx-size --cont-batching --batch-size',
    },
    others: 'OLLAMA_NUM_PARALLEL',
  },
  admission_too_conservative: {
    fix: 'Lower the reserve that admission keeps for outputs to come, so that more requests run at once.',
    knobs: {
      sglang:
        '--schedule-conservativeness --max-prefill-tokens --schedule-policy --enable-prefill-delayer --prefill-max-requests',
      vllm: '--max-num-seqs --max-num-batched-tokens --scheduler-reserve-full-isl',
    },
    others:
      'max_new_tokens SGLANG_CLIP_MAX_NEW_TOKENS_ESTIMATION max_tokens SGLANG_NUM_RESERVED_DECODE_TOKENS',
  },
  kv_bound_queueing: {
    fix: 'Give the KV pool more tokens by memory share, an 8-bit KV type or more GPUs.',
    knobs: {
      sglang:
        '--mem-fraction-static --kv-cache-dtype --tp-size --enable-hierarchical-cache --dp-size --context-length',
      vllm: '--gpu-memory-utilization --kv-cache-dtype --tensor-parallel-size --max-model-len --kv-offloading-size --data-parallel-size',
      llamacpp: '--ctx-size --cache-type-k --cache-type-v --kv-unified --parallel',
    },
  },
  preemption_thrash: {
    fix: 'Admit fewer requests at once, or give the KV pool more memory, until nothing is computed twice.',
    knobs: {
      sglang:
        '--schedule-conservativeness --max-running-requests --mem-fraction-static --tp-size --kv-cache-dtype',
      vllm: '--gpu-memory-utilization --max-num-seqs --tensor-parallel-size --max-num-batched-tokens --max-model-len --kv-cache-dtype --swap-space --scheduler-reserve-full-isl',
    },
    others: 'SGLANG_NUM_RESERVED_DECODE_TOKENS',
  },
  prefill_interference: {
    fix: 'Make prefill chunks smaller, mix them with decode steps, or separate the two.',
    knobs: {
      sglang:
        '--chunked-prefill-size --enable-mixed-chunk --max-prefill-tokens --disaggregation-mode --schedule-policy --enable-prefill-delayer',
      vllm: '--max-num-batched-tokens --enable-chunked-prefill --long-prefill-token-threshold --max-num-partial-prefills --max-long-partial-prefills --scheduling-policy --kv-transfer-config',
      llamacpp: '--ubatch-size --batch-size --cont-batching --parallel',
    },
    others: 'SGLANG_PREFILL_INTERVAL disaggregation',
  },
  prefill_bound: {
    fix: 'Raise the prefill chunk while memory allows, and cut operations by reuse, 8-bit weights or more GPUs.',
    knobs: {
      sglang:
        '--chunked-prefill-size --max-prefill-tokens --quantization --tp-size --attention-backend --enable-hierarchical-cache',
      vllm: '--max-num-batched-tokens --enable-prefix-caching --quantization --tensor-parallel-size --attention-backend --max-num-seqs',
      llamacpp:
        '--ubatch-size --batch-size --flash-attn --n-gpu-layers --threads-batch --cache-reuse',
    },
  },
  decode_bandwidth_bound: {
    fix: 'Read fewer bytes for each token: quantise, speculate, batch more, or split over more memory.',
    knobs: {
      sglang:
        '--quantization --speculative-algorithm --tp-size --kv-cache-dtype --enable-torch-compile',
      vllm: '--quantization --speculative-config --tensor-parallel-size --kv-cache-dtype --max-num-seqs',
      llamacpp: '--model-draft --n-gpu-layers --cache-type-k --model --threads --n-cpu-moe --numa',
    },
    others: 'quantised model | GPU | quantization | batching',
  },
  cpu_or_frontend_bound: {
    fix: 'Give the host side more cores and workers, and keep its work off the GPU’s path.',
    knobs: {
      sglang:
        '--tokenizer-worker-num --stream-interval --enable-torch-compile --grammar-backend --disable-overlap-schedule --schedule-policy --num-continuous-decode-steps --dp-size --numa-node',
      vllm: '--api-server-count --async-scheduling --stream-interval --performance-mode --disable-log-requests --structured-outputs-config --num-scheduler-steps --data-parallel-size --numa-bind --renderer-num-workers --guided-decoding-backend',
      llamacpp:
        '--threads --threads-batch --threads-http --numa --cpu-mask --prio --poll n_probs post_sampling_probs',
    },
    others: 'CPU cores | OMP_NUM_THREADS | engine version | resources.cpu',
  },
  detokenizer_bound: {
    fix: 'Send tokens in larger steps and spread detokenising over more workers.',
    knobs: {
      sglang:
        '--stream-interval --detokenizer-worker-num --tokenizer-worker-num --skip-tokenizer-init',
      vllm: '--stream-interval --api-server-count --skip-tokenizer-init --tokenizer-mode',
    },
    others: 'skip_special_tokens | engine version',
  },
  tp_communication_bound: {
    fix: 'Split the model over fewer GPUs and run replicas, or give the GPUs a faster link.',
    knobs: {
      sglang:
        '--tp-size --dp-size --pp-size --disable-custom-all-reduce --enable-mscclpp --enable-torch-symm-mem --flashinfer-allreduce-fusion-backend --enable-dp-attention',
      vllm: '--tensor-parallel-size --data-parallel-size --pipeline-parallel-size --disable-custom-all-reduce --compilation-config --enable-expert-parallel',
      llamacpp: '--split-mode --tensor-split --main-gpu --device',
    },
    others: 'NCCL_P2P_DISABLE NCCL_P2P_LEVEL NVLink',
  },
  speculation_not_paying: {
    fix: 'Draft fewer tokens or none at this load, or take a draft that fits the text.',
    knobs: {
      sglang:
        '--speculative-num-steps --speculative-num-draft-tokens --speculative-algorithm --speculative-eagle-topk --max-running-requests --cuda-graph-max-bs --speculative-draft-model-path',
      vllm: '--speculative-config num_speculative_tokens --num-speculative-tokens --speculative-model --max-num-seqs --max-cudagraph-capture-size',
      llamacpp:
        '--draft-max --spec-type --spec-draft-n-max --draft-min --model-draft --draft-p-min --n-gpu-layers-draft --parallel',
    },
  },
  layers_on_cpu: {
    fix: 'Put all layers on the GPU with a build that sees it, or a model small enough to fit.',
    knobs: {
      llamacpp:
        '--n-gpu-layers --n-cpu-moe --override-tensor --cpu-moe --device --tensor-split --ctx-size --no-kv-offload --fit --op-offload',
      sglang: '--cpu-offload-gb --kt-num-gpu-experts --kt-cpuinfer',
      vllm: '--cpu-offload-gb',
    },
    others: 'GGML_CUDA | build with GPU support | CUDA_VISIBLE_DEVICES | n_gpu_layers',
  },
  prefix_cache_miss: {
    fix: 'Switch prefix caching on and keep the shared text byte for byte at the front of every prompt.',
    knobs: {
      sglang:
        '--disable-radix-cache --mamba-radix-cache-strategy --schedule-policy --enable-hierarchical-cache --mem-fraction-static --page-size --load-balance-method --chunked-prefill-size',
      vllm: '--enable-prefix-caching --no-enable-prefix-caching --block-size --gpu-memory-utilization --kv-offloading-size --mamba-cache-mode --disable-hybrid-kv-cache-manager',
      llamacpp:
        '--cache-reuse --swa-full --cache-ram --slot-prompt-similarity --parallel --ctx-checkpoints --kv-unified --cache-prompt',
    },
    others:
      'engine version | cache_prompt | prompt order | prompt prefix | session affinity | routing | cache-aware routing | id_slot',
  },
  warm_prefix_cache_in_benchmark: {
    fix: 'Flush the cache or give every prompt a unique beginning, then measure again.',
    knobs: {
      sglang: '--disable-radix-cache',
      vllm: '--no-enable-prefix-caching --enable-prefix-caching',
      llamacpp: '--no-cache-prompt --cache-reuse',
    },
    others:
      'flush_cache | --flush-cache | unique prompts | --seed | cache_prompt | reset_prefix_cache | dataset',
  },
  cold_jit_in_window: {
    fix: 'Warm up every shape until repeated runs agree, keep the compile cache, and measure after that.',
    knobs: {
      sglang: '--warmups --skip-server-warmup --disable-flashinfer-autotune',
      vllm: '--compilation-config --enforce-eager --optimization-level',
    },
    others:
      'warm-up | sglang.compile_deep_gemm | VLLM_CACHE_ROOT | TRITON_CACHE_DIR | compile cache | SGLANG_DG_CACHE_DIR | num_warmups | CUDA_CACHE_PATH',
  },
  proxy_buffering: {
    fix: 'Switch buffering off on every hop and speak HTTP/1.1 upstream, or measure on a direct path.',
    knobs: {},
    others:
      'proxy_buffering | proxy_http_version | X-Accel-Buffering | gateway | direct path | gzip | compression | flush_interval | text/event-stream | proxy version',
  },
  client_limited: {
    fix: 'Let the client offer more load at once, from more processes, before anything of the engine is tuned.',
    knobs: {},
    others:
      '--max-concurrency | --request-rate | concurrency | client processes | number of prompts | connection limit | limit_per_host | --num-prompts | ulimit | max_connections | client concurrency | client connections | client timeout',
  },
};
