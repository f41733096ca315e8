import type { Term } from './concept-weights.ts';

/** What ideas say for starts that fail, servers that end and places that are not to be had. Source of all weights: own reasoning. */
export const START_CONCEPTS: Readonly<Record<string, readonly Term[]>> = {
  kv_cache_too_small: [
    [0.45, 'kvWord', 'startFails'],
    [0.2, 'kvWord', 'fails'],
    [-0.3, 'stream'],
  ],
  weights_do_not_fit: [
    [0.5, 'oom', 'loading'],
    [0.2, 'oom', 'startFails'],
    [-0.3, 'underLoad'],
    [-0.3, 'otherProcess'],
  ],
  oom_activation_prefill: [
    [0.5, 'oom', 'activation'],
    [0.25, 'oom', 'longPrompt'],
    [-0.2, 'capture'],
  ],
  oom_cuda_graph_capture: [
    [0.55, 'oom', 'capture'],
    [0.15, 'capture', 'startFails'],
    [-0.25, 'underLoad'],
    [-0.4, 'sampler', 'oom'],
  ],
  oom_sampler_warmup: [
    [0.8, 'oom', 'sampler'],
    [-0.5, 'underLoad'],
  ],
  oom_under_load: [
    [0.5, 'oom', 'underLoad'],
    [0.15, 'oom', 'stream'],
    [-0.35, 'oom', 'longPrompt'],
    [-0.3, 'startFails'],
  ],
  gpu_already_in_use: [
    [0.4, 'otherProcess', 'startFails'],
    [0.3, 'otherProcess', 'oom'],
    [0.3, 'otherProcess', 'loading'],
  ],
  bad_flag_unknown: [[0.4, 'flagWord', 'unknown']],
  bad_flag_value: [[0.35, 'flagWord', 'badValue']],
  bad_flag_combination: [[0.4, 'exclusive', 'fails']],
  context_too_long: [
    [0.4, 'tooLong', 'longPrompt'],
    [0.35, 'tooLong', 'cap'],
    [0.2, 'tooLong', 'fails'],
    [-0.3, 'oom'],
  ],
  model_download_or_auth: [[0.5, 'downloadWord', 'fails']],
  disk_full: [[0.6, 'disk', 'full']],
  shm_or_ipc: [
    [0.6, 'shm'],
    [0.2, 'container', 'manyGpus', 'fails'],
  ],
  nccl_interconnect: [
    [0.5, 'fabric', 'fails'],
    [0.3, 'fabric', 'hang'],
    [0.15, 'fabric', 'manyGpus', 'startFails'],
  ],
  driver_or_cuda_mismatch: [
    [0.4, 'driver', 'mismatch'],
    [0.2, 'driver', 'fails'],
  ],
  unsupported_gpu_or_kernel: [
    [0.45, 'gpuKind', 'unsupported'],
    [0.2, 'unsupported', 'fails'],
  ],
  tokenizer_or_template: [
    [0.45, 'tokenizer', 'endless'],
    [0.35, 'tokenizer', 'fails'],
    [0.35, 'endless'],
  ],
  quantization_mismatch: [
    [0.35, 'quantWord', 'fails'],
    [0.25, 'quantWord', 'endless'],
    [-0.3, 'oom'],
  ],
  port_conflict: [[0.6, 'port', 'taken']],
  hang_watchdog: [
    [0.5, 'hang'],
    [0.2, 'hang', 'notQueued'],
    [0.2, 'hang', 'gpuIdle'],
    [-0.3, 'recovers', 'stream'],
    [-0.4, 'hang', 'fabric'],
    [-0.35, 'someoneElse', 'longPrompt'],
  ],
  no_capacity: [
    [0.5, 'offers', 'none'],
    [-0.3, 'spot', 'unreachable'],
  ],
  image_pull_failure: [
    [0.5, 'image', 'fails'],
    [-0.3, 'disk', 'full'],
  ],
  spot_interruption: [[0.6, 'spot']],
  instance_unreachable: [
    [0.5, 'host', 'unreachable'],
    [-0.3, 'spot'],
  ],
};
