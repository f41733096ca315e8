/** Classes that a line speaks for, and how much for each, 0..1. */
export type Shares = readonly (readonly [cls: string, share: number])[];

/** Lines that speak for several classes, with how much for each. Source: own reasoning over the engines' texts. */
export const AMBIGUOUS: readonly (readonly [RegExp, Shares])[] = [
  [
    /with (?:tensor|pipeline|expert|data)[ -]parallel\w* (?:is|are) not/i,
    [
      ['bad_flag_combination', 1],
      ['quantization_mismatch', 0.7],
    ],
  ],
  // What is left of the context for an answer, and is less than nothing. Source: vLLM sampling_params.py, serving_chat.py.
  [
    /max_(?:completion_)?tokens must be at least 1, got -\d/,
    [
      ['context_too_long', 1],
      ['bad_flag_value', 0.5],
    ],
  ],
  // A compiler that does not know the card yet, or a card that it knows no more.
  [
    /nvcc fatal *: Unsupported gpu architecture|ptxas fatal *: Value '\w+' is not defined for option 'gpu-name'/,
    [
      ['driver_or_cuda_mismatch', 0.95],
      ['unsupported_gpu_or_kernel', 1],
    ],
  ],
  // The pool of llama.cpp is as large as its context, and is full. Source: llama.cpp tools/server/server-context.cpp.
  [
    /Context size has been exceeded|context shift is disabled/,
    [
      ['context_too_long', 1],
      ['kv_cache_too_small', 0.8],
    ],
  ],
  [
    /failed to find (?:free space in the KV cache|a memory slot)/,
    [
      ['kv_cache_too_small', 1],
      ['context_too_long', 0.85],
    ],
  ],
  [
    /Watchdog caught collective/,
    [
      ['hang_watchdog', 0.9],
      ['nccl_interconnect', 0.9],
    ],
  ],
  [
    /quantization (?:method \S+|scheme) is not supported for[ ',]+the current GPU|[Mm]in(?:imum)? capability: \d+/i,
    [
      ['unsupported_gpu_or_kernel', 1],
      ['quantization_mismatch', 0.85],
    ],
  ],
  [
    /Selected backend \S+ is not valid for this configuration(?!.*compute capability)/,
    [
      ['bad_flag_combination', 1],
      ['unsupported_gpu_or_kernel', 0.85],
    ],
  ],
  [
    /Selected backend \S+ is not valid for this configuration/,
    [
      ['unsupported_gpu_or_kernel', 1],
      ['bad_flag_combination', 0.85],
    ],
  ],
  // A setting that this card does not take. Source: SGLang attention_registry.py.
  [
    /backends? (?:is|are) (?:only )?supported on \w+ GPUs.*Got /,
    [
      ['unsupported_gpu_or_kernel', 1],
      ['bad_flag_value', 0.85],
    ],
  ],
  // Source: transformers tokenization_utils_base: it counts a long text and goes on; a server or a client that refuses says more.
  [
    /Running this sequence through the model will result in indexing errors/,
    [['context_too_long', 0.4]],
  ],
];
