import { cause, fatal, type LogPattern, note, symptom } from '../../core/telemetry/log-pattern.ts';

/** Lines of vLLM with a known meaning. Source: vllm/v1/engine, vllm/v1/worker and vllm/config, main 2026-05-29. */
export const VLLM_LOG_PATTERNS: readonly LogPattern[] = [
  fatal('kv_cache_too_small', /No available memory for the cache blocks/),
  fatal('context_does_not_fit', /estimated maximum model length is (?<maxModelLen>\d+)/),
  fatal('context_does_not_fit', /To serve at least one request with the model's max seq len/),
  fatal(
    'gpu_memory_busy',
    /Free memory on device .* on startup is less than desired GPU memory utilization/,
  ),
  fatal('oom_sampler_warmup', /out of memory occurred when warming up sampler/i),
  fatal('oom_cuda_graph_capture', /out of memory.*captur|captur.*out of memory/i),
  fatal('oom', /(?:torch\.)?OutOfMemoryError: CUDA out of memory/),
  fatal(
    'bad_flag_combination',
    /max_num_batched_tokens \((?<tokens>\d+)\) (?:is smaller than max_model_len|must be greater than or equal to max_num_seqs)/,
  ),
  fatal('bad_flag_combination', /pydantic_core\._pydantic_core\.ValidationError/),
  fatal('bad_flag_combination', /NotImplementedError: .*(?:partial.prefills|V1)/),
  symptom('engine_crashed', /EngineCore failed to start\./),
  symptom('engine_crashed', /EngineCore encountered a fatal error\./),
  symptom('engine_crashed', /Engine core initialization failed\. See root cause above/),
  symptom('engine_crashed', /EngineDeadError: EngineCore encountered an issue/),
  cause('kv_preemption', /is preempted by PreemptionMode\.RECOMPUTE/),
  cause('custom_allreduce_off', /Custom allreduce is disabled/),
  cause(
    'graph_mode_downgraded',
    /(?:cudagraph_mode|CUDAGraphMode)\S* .*(?:not supported|setting|downgrad)/i,
  ),
  cause('graph_sizes_truncated', /Truncating max_cudagraph_capture_size/),
  cause(
    'async_scheduling_off',
    /[Aa]sync(?:hronous)? scheduling (?:is|will be) (?:disabled|not supported)/,
  ),
  note('phase_weights', /Starting to load model|Loading (?:model )?weights/),
  note('weights_loaded', /Model loading took (?<usedGb>[\d.]+) Gi?B/),
  note('phase_kv', /Available KV cache memory: (?<availableGb>-?[\d.]+) GiB/),
  note('capacity', /GPU KV cache size: (?<tokens>[\d,]+) tokens/),
  note('phase_graphs', /Capturing CUDA graphs?|Graph capturing/),
  note(
    'graphs_captured',
    /Graph capturing finished in (?<seconds>[\d.]+) secs?, took (?<usedGb>[\d.]+) GiB/,
  ),
  note('settings', /non-default args: (?<args>\{.*\})/),
  note('settings', /Chunked prefill is enabled with max_num_batched_tokens=(?<tokens>\d+)/),
  note('ready', /Application startup complete\.|Starting vLLM (?:API )?server/),
];
