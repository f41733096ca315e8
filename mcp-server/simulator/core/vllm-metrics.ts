import { type MetricsSource, usageRatio } from './metrics-source.ts';
import { type HistogramRow, type MetricRow, renderMetrics } from './prometheus-text.ts';

type Row = MetricRow<MetricsSource>;

const GAUGES: readonly Row[] = [
  {
    name: 'vllm:num_requests_running',
    help: 'Number of requests in model execution batches.',
    read: ({ gauges }) => gauges.running,
  },
  {
    name: 'vllm:num_requests_waiting',
    help: 'Number of requests waiting to be processed.',
    read: ({ gauges }) => gauges.waiting,
  },
  {
    name: 'vllm:kv_cache_usage_perc',
    help: 'KV-cache usage. 1 means 100 percent usage.',
    read: usageRatio,
  },
];

const COUNTERS: readonly Row[] = [
  {
    name: 'vllm:prefix_cache_queries',
    help: 'Prefix cache queries, in terms of number of queried tokens.',
    read: ({ counters }) => counters.promptTokens,
  },
  {
    name: 'vllm:prefix_cache_hits',
    help: 'Prefix cache hits, in terms of number of cached tokens.',
    read: ({ counters }) => counters.cachedTokens,
  },
  {
    name: 'vllm:num_preemptions',
    help: 'Cumulative number of preemption from the engine.',
    read: ({ counters }) => counters.retractions,
  },
  {
    name: 'vllm:prompt_tokens',
    help: 'Number of prefill tokens processed.',
    read: ({ counters }) => counters.promptTokens,
  },
  {
    name: 'vllm:generation_tokens',
    help: 'Number of generation tokens processed.',
    read: ({ counters }) => counters.generationTokens,
  },
  {
    name: 'vllm:request_success',
    help: 'Count of successfully processed requests.',
    read: ({ counters }) => counters.finishedStop,
    labels: { finished_reason: 'stop' },
  },
  {
    name: 'vllm:request_success',
    help: 'Count of successfully processed requests.',
    read: ({ counters }) => counters.finishedLength,
    labels: { finished_reason: 'length' },
  },
  {
    name: 'vllm:request_success',
    help: 'Count of successfully processed requests.',
    read: ({ counters }) => counters.finishedAbort,
    labels: { finished_reason: 'abort' },
  },
];

const SPECULATION_COUNTERS: readonly Row[] = [
  {
    name: 'vllm:spec_decode_num_drafts',
    help: 'Number of spec decoding drafts.',
    read: ({ counters }) => counters.drafts,
  },
  {
    name: 'vllm:spec_decode_num_draft_tokens',
    help: 'Number of draft tokens.',
    read: ({ counters }) => counters.draftTokens,
  },
  {
    name: 'vllm:spec_decode_num_accepted_tokens',
    help: 'Number of accepted tokens.',
    read: ({ counters }) => counters.acceptedTokens,
  },
];

const HISTOGRAMS: readonly HistogramRow<MetricsSource>[] = [
  {
    name: 'vllm:time_to_first_token_seconds',
    help: 'Histogram of time to first token in seconds.',
    read: ({ observer }) => observer.histograms.ttft,
  },
  {
    name: 'vllm:inter_token_latency_seconds',
    help: 'Histogram of inter-token latency in seconds.',
    read: ({ observer }) => observer.histograms.interToken,
  },
  {
    name: 'vllm:request_time_per_output_token_seconds',
    help: 'Histogram of time_per_output_token_seconds per request.',
    read: ({ observer }) => observer.histograms.perRequestTbot,
  },
  {
    name: 'vllm:e2e_request_latency_seconds',
    help: 'Histogram of e2e request latency in seconds.',
    read: ({ observer }) => observer.histograms.e2e,
  },
  {
    name: 'vllm:request_queue_time_seconds',
    help: 'Histogram of time spent in WAITING phase for request.',
    read: ({ observer }) => observer.histograms.queue,
  },
  {
    name: 'vllm:request_inference_time_seconds',
    help: 'Histogram of time spent in RUNNING phase for request.',
    read: ({ observer }) => observer.histograms.inference,
  },
  {
    name: 'vllm:request_prefill_time_seconds',
    help: 'Histogram of time spent in PREFILL phase for request.',
    read: ({ observer }) => observer.histograms.prefill,
  },
  {
    name: 'vllm:request_decode_time_seconds',
    help: 'Histogram of time spent in DECODE phase for request.',
    read: ({ observer }) => observer.histograms.decode,
  },
  {
    name: 'vllm:request_prompt_tokens',
    help: 'Number of prefill tokens processed.',
    read: ({ observer }) => observer.histograms.promptTokens,
  },
  {
    name: 'vllm:request_generation_tokens',
    help: 'Number of generation tokens processed.',
    read: ({ observer }) => observer.histograms.generationTokens,
  },
  {
    name: 'vllm:request_params_max_tokens',
    help: 'Histogram of the max_tokens request parameter.',
    read: ({ observer }) => observer.histograms.maxTokens,
  },
  {
    name: 'vllm:iteration_tokens_total',
    help: 'Histogram of number of tokens per engine_step.',
    read: ({ observer }) => observer.histograms.iterationTokens,
  },
];

/** Facts as labels of a gauge that is always 1. */
function cacheConfig({ config, gauges }: MetricsSource): Row {
  return {
    name: 'vllm:cache_config_info',
    help: 'Information of the LLMEngine CacheConfig',
    read: () => 1,
    labels: {
      block_size: String(config.pageSize),
      enable_prefix_caching: config.prefixCache ? 'True' : 'False',
      gpu_memory_utilization: String(config.memoryRatio),
      num_gpu_blocks: String(Math.floor(gauges.totalTokens / config.pageSize)),
    },
  };
}

/** vLLM's `/metrics` text. Source: names and types of v1/metrics/loggers.py, 2026. */
export function renderVllmMetrics(source: MetricsSource): string {
  const counters =
    source.config.speculation === null ? COUNTERS : [...COUNTERS, ...SPECULATION_COUNTERS];
  const gauges = [...GAUGES, cacheConfig(source)];
  return renderMetrics({ gauges, counters, histograms: HISTOGRAMS }, source, {
    model_name: source.config.servedName,
    engine: '0',
  });
}
