import { type EngineWords, setting } from '../../core/playbook/engine-words.ts';

/** Source: server_args.py, and the engine's own lines and metrics. */
export const SGLANG_WORDS: EngineWords = {
  settings: {
    maxRunning: setting(['--max-running-requests'], ['max_running_requests'], 'maxRunning'),
    chunk: setting(['--chunked-prefill-size'], ['chunked_prefill_size'], 'chunk'),
    prefillBatch: setting(['--max-prefill-tokens'], ['max_prefill_tokens']),
    memoryFraction: setting(['--mem-fraction-static'], ['mem_fraction_static']),
    conservativeness: setting(['--schedule-conservativeness'], ['schedule_conservativeness']),
    graphMaxBatch: setting(
      ['--cuda-graph-max-bs-decode', '--cuda-graph-max-bs'],
      ['cuda_graph_max_bs_decode', 'cuda_graph_max_bs'],
    ),
    contextLength: setting(
      ['--context-length'],
      ['context_length', 'context_len'],
      'contextLength',
    ),
    kvDtype: setting(['--kv-cache-dtype'], ['kv_cache_dtype']),
    quantization: setting(['--quantization'], ['quantization']),
    dtype: setting(['--dtype'], ['dtype']),
    tensorParallel: setting(['--tp-size', '--tensor-parallel-size', '--tp'], ['tp_size']),
    dataParallel: setting(['--dp-size', '--data-parallel-size', '--dp'], ['dp_size']),
    pipelineParallel: setting(['--pp-size', '--pipeline-parallel-size'], ['pp_size']),
    speculation: setting(['--speculative-algorithm'], ['speculative_algorithm']),
    draftTokens: setting(['--speculative-num-draft-tokens'], ['speculative_num_draft_tokens']),
  },
  logLevels: { running: '#running-req', queue: '#queue-req', kvUsage: 'token usage' },
  evictedTokens: 'sglang:evicted_tokens_total',
  // It computes its own, near this on 80 GB. Source of the step: docs hyperparameter_tuning, 0.01 to 0.02.
  memoryShare: { usual: 0.88, step: 0.02 },
};
