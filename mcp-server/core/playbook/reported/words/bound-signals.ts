import { type Signal, signs } from './signal.ts';

/** Lines and settings by which engines themselves say what bounds a server that runs. Source: texts of vLLM and SGLang. */
export const BOUND_SIGNALS: readonly Signal[] = [
  // SGLang kv_cache_configurator.py, its JAX port's scheduler.
  ...signs('batch_cap_binding', 'log', [
    0.75,
    /max_running_requests is capped to [1-9]\d* by|Final max_running_requests: [1-9]/,
  ]),
  // vLLM compilation.py, gpu_model_runner.py.
  ...signs('decode_eager_no_cuda_graph', 'log', [
    0.6,
    /setting cudagraph_mode=(?:CUDAGraphMode\.)?NONE|Skipping CUDA graph capture|exceeds the largest captured/,
  ]),
  // SGLang server_args.py, vLLM config.
  ...signs('prefix_cache_miss', 'log', [
    0.45,
    /[Dd]isabl\w+ (?:the )?(?:radix cache|prefix caching)|[Rr]adix cache is disabled|[Pp]refix caching is not (?:yet )?supported/,
  ]),
  // SGLang disaggregation/decode.py: tokens that are set aside for each request before it is taken in.
  ...signs('admission_too_conservative', 'launch', [
    0.45,
    /SGLANG_NUM_RESERVED_DECODE_TOKENS|--num-reserved-decode-tokens/,
  ]),
];
