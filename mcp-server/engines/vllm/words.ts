import { type EngineWords, setting } from '../../core/playbook/engine-words.ts';

/** Source: EngineArgs, and the engine's own lines and metrics. */
export const VLLM_WORDS: EngineWords = {
  settings: {
    maxRunning: setting(['--max-num-seqs'], ['max_num_seqs']),
    chunk: setting(['--max-num-batched-tokens'], ['max_num_batched_tokens'], 'budget'),
    memoryFraction: setting(['--gpu-memory-utilization'], ['gpu_memory_utilization']),
    graphMaxBatch: setting(['--max-cudagraph-capture-size'], ['max_cudagraph_capture_size']),
    contextLength: setting(['--max-model-len'], ['max_model_len'], 'contextLength'),
    kvDtype: setting(['--kv-cache-dtype'], ['kv_cache_dtype', 'cache_dtype']),
    quantization: setting(['--quantization'], ['quantization']),
    dtype: setting(['--dtype'], ['dtype']),
    tensorParallel: setting(['--tensor-parallel-size'], ['tensor_parallel_size']),
    dataParallel: setting(['--data-parallel-size'], ['data_parallel_size']),
    pipelineParallel: setting(['--pipeline-parallel-size'], ['pipeline_parallel_size']),
    speculation: setting(['--speculative-config'], ['speculative_config']),
  },
  logLevels: { running: 'Running', queue: 'Waiting', kvUsage: 'GPU KV cache usage' },
  evictedTokens: null,
  // Source: vLLM 0.9 for what is usual, own reasoning for the step.
  memoryShare: { usual: 0.9, step: 0.04 },
};
