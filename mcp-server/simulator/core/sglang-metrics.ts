import { type MetricsSource, usageRatio } from './metrics-source.ts';
import { type HistogramRow, type MetricRow, renderMetrics } from './prometheus-text.ts';

type Row = MetricRow<MetricsSource>;

function lastHitRate({ observer }: MetricsSource): number {
  const step = observer.lastStep();
  if (step === null || step.newTokens === 0) return 0;
  return step.cachedTokens / (step.cachedTokens + step.newTokens);
}

const GAUGES: readonly Row[] = [
  {
    name: 'sglang:num_running_reqs',
    help: 'The number of running requests.',
    read: ({ gauges }) => gauges.running,
  },
  {
    name: 'sglang:num_queue_reqs',
    help: 'The number of requests in the waiting queue.',
    read: ({ gauges }) => gauges.waiting,
  },
  {
    name: 'sglang:num_grammar_queue_reqs',
    help: 'The number of requests in the grammar waiting queue.',
    read: () => 0,
  },
  {
    name: 'sglang:num_used_tokens',
    help: 'The number of used tokens.',
    read: ({ gauges }) => gauges.usedTokens,
  },
  {
    name: 'sglang:token_usage',
    help: 'The token usage.',
    read: (source) => Math.round(usageRatio(source) * 100) / 100,
  },
  {
    name: 'sglang:gen_throughput',
    help: 'The generation throughput (token/s).',
    read: ({ gauges, observer }) => (gauges.running > 0 ? observer.genThroughput() : 0),
  },
  { name: 'sglang:cache_hit_rate', help: 'The prefix cache hit rate.', read: lastHitRate },
  {
    name: 'sglang:max_total_num_tokens',
    help: 'Maximum total number of tokens in the KV cache pool.',
    read: ({ gauges }) => gauges.totalTokens,
  },
  {
    name: 'sglang:kv_available_tokens',
    help: 'Free KV tokens.',
    read: ({ gauges }) => gauges.totalTokens - gauges.usedTokens - gauges.cachedTokens,
  },
  {
    name: 'sglang:kv_evictable_tokens',
    help: 'Cached KV tokens that nobody uses.',
    read: ({ gauges }) => gauges.cachedTokens,
  },
  {
    name: 'sglang:num_retracted_reqs',
    help: 'The number of retracted requests.',
    read: ({ observer }) => observer.lastStep()?.retracted ?? 0,
  },
  {
    name: 'sglang:new_token_ratio',
    help: 'The new token ratio.',
    read: ({ gauges }) => gauges.newTokenRatio,
  },
  {
    name: 'sglang:is_cuda_graph',
    help: 'Whether the batch is using CUDA graph.',
    read: ({ observer }) => (observer.lastStep()?.graph === true ? 1 : 0),
  },
  {
    name: 'sglang:decode_sum_seq_lens',
    help: 'The sum of the sequence lengths of the decode batch.',
    read: ({ observer }) => observer.lastStep()?.contextTokens ?? 0,
  },
];

const SPECULATION_GAUGES: readonly Row[] = [
  {
    name: 'sglang:spec_accept_length',
    help: 'The average acceptance length of speculative decoding.',
    read: ({ counters }) =>
      counters.drafts === 0 ? 0 : 1 + counters.acceptedTokens / counters.drafts,
  },
  {
    name: 'sglang:spec_accept_rate',
    help: 'The average acceptance rate of speculative decoding.',
    read: ({ counters }) =>
      counters.draftTokens === 0 ? 0 : counters.acceptedTokens / counters.draftTokens,
  },
];

const COUNTERS: readonly Row[] = [
  {
    name: 'sglang:prompt_tokens',
    help: 'Number of prefill tokens processed.',
    read: ({ counters }) => counters.promptTokens,
  },
  {
    name: 'sglang:generation_tokens',
    help: 'Number of generation tokens processed.',
    read: ({ counters }) => counters.generationTokens,
  },
  {
    name: 'sglang:cached_tokens',
    help: 'Number of cached prompt tokens.',
    read: ({ counters }) => counters.cachedTokens,
    labels: { cache_source: 'total' },
  },
  {
    name: 'sglang:num_requests',
    help: 'Number of requests processed.',
    read: ({ counters }) => counters.requests,
  },
  {
    name: 'sglang:num_aborted_requests',
    help: 'Number of requests aborted.',
    read: ({ counters }) => counters.finishedAbort,
  },
  {
    name: 'sglang:num_retracted_requests',
    help: 'Number of retracted requests.',
    read: ({ counters }) => counters.retractions,
  },
  {
    name: 'sglang:num_retracted_input_tokens',
    help: 'Prompt tokens of retracted requests.',
    read: ({ counters }) => counters.retractedInputTokens,
  },
  {
    name: 'sglang:num_retracted_output_tokens',
    help: 'Output tokens of retracted requests.',
    read: ({ counters }) => counters.retractedOutputTokens,
  },
  {
    name: 'sglang:evicted_tokens',
    help: 'The number of tokens evicted from GPU.',
    read: ({ gauges }) => gauges.evictedTokens,
  },
  {
    name: 'sglang:cuda_graph_passes',
    help: 'Total number of forward passes by CUDA graph use.',
    read: ({ counters }) => counters.decodeGraphPasses,
    labels: { mode: 'decode_cuda_graph' },
  },
  {
    name: 'sglang:cuda_graph_passes',
    help: 'Total number of forward passes by CUDA graph use.',
    read: ({ counters }) => counters.decodeEagerPasses,
    labels: { mode: 'decode_none' },
  },
  {
    name: 'sglang:cuda_graph_passes',
    help: 'Total number of forward passes by CUDA graph use.',
    read: ({ counters }) => counters.prefillPasses,
    labels: { mode: 'prefill_none' },
  },
  {
    name: 'sglang:realtime_tokens',
    help: 'Tokens processed, by what was done with them.',
    read: ({ counters }) => counters.computedPromptTokens,
    labels: { mode: 'prefill_compute' },
  },
  {
    name: 'sglang:realtime_tokens',
    help: 'Tokens processed, by what was done with them.',
    read: ({ counters }) => counters.cachedTokens,
    labels: { mode: 'prefill_cache' },
  },
  {
    name: 'sglang:realtime_tokens',
    help: 'Tokens processed, by what was done with them.',
    read: ({ counters }) => counters.generationTokens,
    labels: { mode: 'decode' },
  },
  {
    name: 'sglang:gpu_execution_seconds',
    help: 'Time of forward passes.',
    read: ({ counters }) => counters.prefillMs / 1000,
    labels: { category: 'forward_extend' },
  },
  {
    name: 'sglang:gpu_execution_seconds',
    help: 'Time of forward passes.',
    read: ({ counters }) => counters.decodeMs / 1000,
    labels: { category: 'forward_decode' },
  },
];

const HISTOGRAMS: readonly HistogramRow<MetricsSource>[] = [
  {
    name: 'sglang:time_to_first_token_seconds',
    help: 'Histogram of time to first token in seconds.',
    read: ({ observer }) => observer.histograms.ttft,
  },
  {
    name: 'sglang:inter_token_latency_seconds',
    help: 'Histogram of inter-token latency in seconds.',
    read: ({ observer }) => observer.histograms.interToken,
  },
  {
    name: 'sglang:e2e_request_latency_seconds',
    help: 'Histogram of End-to-end request latency in seconds',
    read: ({ observer }) => observer.histograms.e2e,
  },
  {
    name: 'sglang:queue_time_seconds',
    help: 'Histogram of queueing time in seconds.',
    read: ({ observer }) => observer.histograms.queue,
  },
  {
    name: 'sglang:prompt_tokens_histogram',
    help: 'Histogram of prompt token length.',
    read: ({ observer }) => observer.histograms.promptTokens,
  },
  {
    name: 'sglang:generation_tokens_histogram',
    help: 'Histogram of generation token length.',
    read: ({ observer }) => observer.histograms.generationTokens,
  },
];

/** SGLang's `/metrics` text. Source: names and types of the collector of v0.5.9. */
export function renderSglangMetrics(source: MetricsSource): string {
  const gauges = source.config.speculation === null ? GAUGES : [...GAUGES, ...SPECULATION_GAUGES];
  return renderMetrics({ gauges, counters: COUNTERS, histograms: HISTOGRAMS }, source, {
    model_name: source.config.servedName,
    engine_type: 'unified',
    tp_rank: '0',
    pp_rank: '0',
    moe_ep_rank: '0',
  });
}
