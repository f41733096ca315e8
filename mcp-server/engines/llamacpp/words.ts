import { type EngineWords, setting } from '../../core/playbook/engine-words.ts';

/** Source: common/arg.cpp, and the engine's own lines and metrics. */
export const LLAMACPP_WORDS: EngineWords = {
  settings: {
    maxRunning: setting(['--parallel'], ['total_slots', 'n_parallel'], 'slots'),
    threads: setting(['--threads'], ['n_threads'], 'threads'),
    threadsBatch: setting(['--threads-batch'], ['n_threads_batch'], 'threadsBatch'),
    batch: setting(['--batch-size'], ['n_batch']),
    microBatch: setting(['--ubatch-size'], ['n_ubatch']),
    contextLength: setting(['--ctx-size'], ['n_ctx'], 'contextLength'),
    kvDtype: setting(['--cache-type-k'], ['cache_type_k']),
  },
  logLevels: null,
  evictedTokens: null,
  memoryShare: null,
};
