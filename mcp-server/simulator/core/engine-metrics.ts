import type { SimConfig } from './config.ts';
import type { EngineGauges } from './engine-state.ts';
import type { EngineCounters } from './engine-stats.ts';
import type { Observer } from './observer.ts';
import { createMetricsText, type MetricsText } from './prometheus-text.ts';

/** What a scrape is made of. */
export interface MetricsSource {
  readonly config: SimConfig;
  readonly counters: EngineCounters;
  readonly gauges: EngineGauges;
  readonly observer: Observer;
}

const PREFIX = { sglang: 'sglang:', vllm: 'vllm:' } as const;

function sglangGauges(out: MetricsText, source: MetricsSource): void {
  const { gauges, observer, config, counters } = source;
  const step = observer.lastStep();
  const usage = gauges.totalTokens === 0 ? 0 : gauges.usedTokens / gauges.totalTokens;
  const isBusy = gauges.running > 0;
  const gauge = (name: string, help: string, value: number): void =>
    out.gauge(PREFIX.sglang + name, help, value);
  gauge('num_running_reqs', 'The number of running requests.', gauges.running);
  gauge('num_queue_reqs', 'The number of requests in the waiting queue.', gauges.waiting);
  gauge('num_grammar_queue_reqs', 'The number of requests in the grammar waiting queue.', 0);
  gauge('num_used_tokens', 'The number of used tokens.', gauges.usedTokens);
  gauge('token_usage', 'The token usage.', Math.round(usage * 100) / 100);
  gauge(
    'gen_throughput',
    'The generation throughput (token/s).',
    isBusy ? observer.genThroughput() : 0,
  );
  gauge(
    'cache_hit_rate',
    'The prefix cache hit rate.',
    step !== null && step.newTokens > 0
      ? step.cachedTokens / (step.cachedTokens + step.newTokens)
      : 0,
  );
  gauge(
    'max_total_num_tokens',
    'Maximum total number of tokens in the KV cache pool.',
    gauges.totalTokens,
  );
  gauge(
    'kv_available_tokens',
    'Free KV tokens.',
    gauges.totalTokens - gauges.usedTokens - gauges.cachedTokens,
  );
  gauge('kv_evictable_tokens', 'Cached KV tokens that nobody uses.', gauges.cachedTokens);
  gauge('num_retracted_reqs', 'The number of retracted requests.', step?.retracted ?? 0);
  gauge('new_token_ratio', 'The new token ratio.', gauges.newTokenRatio);
  gauge('is_cuda_graph', 'Whether the batch is using CUDA graph.', step?.graph === true ? 1 : 0);
  gauge(
    'decode_sum_seq_lens',
    'The sum of the sequence lengths of the decode batch.',
    step?.contextTokens ?? 0,
  );
  if (config.speculation === null) return;
  const length = counters.drafts === 0 ? 0 : 1 + counters.acceptedTokens / counters.drafts;
  gauge('spec_accept_length', 'The average acceptance length of speculative decoding.', length);
  gauge(
    'spec_accept_rate',
    'The average acceptance rate of speculative decoding.',
    counters.draftTokens === 0 ? 0 : counters.acceptedTokens / counters.draftTokens,
  );
}

function sglangCounters(out: MetricsText, { counters, gauges }: MetricsSource): void {
  const counter = (name: string, help: string, value: number, labels = {}): void =>
    out.counter(PREFIX.sglang + name, help, value, labels);
  counter('prompt_tokens', 'Number of prefill tokens processed.', counters.promptTokens);
  counter('generation_tokens', 'Number of generation tokens processed.', counters.generationTokens);
  counter('cached_tokens', 'Number of cached prompt tokens.', counters.cachedTokens, {
    cache_source: 'total',
  });
  counter('num_requests', 'Number of requests processed.', counters.requests);
  counter('num_aborted_requests', 'Number of requests aborted.', counters.finishedAbort);
  counter('num_retracted_requests', 'Number of retracted requests.', counters.retractions);
  counter(
    'num_retracted_input_tokens',
    'Prompt tokens of retracted requests.',
    counters.retractedInputTokens,
  );
  counter(
    'num_retracted_output_tokens',
    'Output tokens of retracted requests.',
    counters.retractedOutputTokens,
  );
  counter('evicted_tokens', 'The number of tokens evicted from GPU.', gauges.evictedTokens);
  const passes = 'Total number of forward passes by CUDA graph use.';
  counter('cuda_graph_passes', passes, counters.decodeGraphPasses, { mode: 'decode_cuda_graph' });
  counter('cuda_graph_passes', passes, counters.decodeEagerPasses, { mode: 'decode_none' });
  counter('cuda_graph_passes', passes, counters.prefillPasses, { mode: 'prefill_none' });
  const realtime = 'Tokens processed, by what was done with them.';
  counter('realtime_tokens', realtime, counters.computedPromptTokens, { mode: 'prefill_compute' });
  counter('realtime_tokens', realtime, counters.cachedTokens, { mode: 'prefill_cache' });
  counter('realtime_tokens', realtime, counters.generationTokens, { mode: 'decode' });
  const seconds = 'Time of forward passes.';
  counter('gpu_execution_seconds', seconds, counters.prefillMs / 1000, {
    category: 'forward_extend',
  });
  counter('gpu_execution_seconds', seconds, counters.decodeMs / 1000, {
    category: 'forward_decode',
  });
}

function renderSglang(source: MetricsSource): string {
  const out = createMetricsText({
    model_name: source.config.servedName,
    engine_type: 'unified',
    tp_rank: '0',
    pp_rank: '0',
    moe_ep_rank: '0',
  });
  sglangGauges(out, source);
  sglangCounters(out, source);
  const { histograms } = source.observer;
  const histogram = (name: string, help: string, key: keyof typeof histograms): void =>
    out.histogram(PREFIX.sglang + name, help, histograms[key]);
  histogram('time_to_first_token_seconds', 'Histogram of time to first token in seconds.', 'ttft');
  histogram(
    'inter_token_latency_seconds',
    'Histogram of inter-token latency in seconds.',
    'interToken',
  );
  histogram(
    'e2e_request_latency_seconds',
    'Histogram of End-to-end request latency in seconds',
    'e2e',
  );
  histogram('queue_time_seconds', 'Histogram of queueing time in seconds.', 'queue');
  histogram('prompt_tokens_histogram', 'Histogram of prompt token length.', 'promptTokens');
  histogram(
    'generation_tokens_histogram',
    'Histogram of generation token length.',
    'generationTokens',
  );
  return out.text();
}

function vllmCounters(out: MetricsText, { counters, config }: MetricsSource): void {
  const counter = (name: string, help: string, value: number, labels = {}): void =>
    out.counter(PREFIX.vllm + name, help, value, labels);
  counter(
    'prefix_cache_queries',
    'Prefix cache queries, in terms of number of queried tokens.',
    counters.promptTokens,
  );
  counter(
    'prefix_cache_hits',
    'Prefix cache hits, in terms of number of cached tokens.',
    counters.cachedTokens,
  );
  counter(
    'num_preemptions',
    'Cumulative number of preemption from the engine.',
    counters.retractions,
  );
  counter('prompt_tokens', 'Number of prefill tokens processed.', counters.promptTokens);
  counter('generation_tokens', 'Number of generation tokens processed.', counters.generationTokens);
  const success = 'Count of successfully processed requests.';
  counter('request_success', success, counters.finishedStop, { finished_reason: 'stop' });
  counter('request_success', success, counters.finishedLength, { finished_reason: 'length' });
  counter('request_success', success, counters.finishedAbort, { finished_reason: 'abort' });
  if (config.speculation === null) return;
  counter('spec_decode_num_drafts', 'Number of spec decoding drafts.', counters.drafts);
  counter('spec_decode_num_draft_tokens', 'Number of draft tokens.', counters.draftTokens);
  counter('spec_decode_num_accepted_tokens', 'Number of accepted tokens.', counters.acceptedTokens);
}

function renderVllm(source: MetricsSource): string {
  const { config, gauges, observer } = source;
  const out = createMetricsText({ model_name: config.servedName, engine: '0' });
  const gauge = (name: string, help: string, value: number, labels = {}): void =>
    out.gauge(PREFIX.vllm + name, help, value, labels);
  gauge('num_requests_running', 'Number of requests in model execution batches.', gauges.running);
  gauge('num_requests_waiting', 'Number of requests waiting to be processed.', gauges.waiting);
  gauge(
    'kv_cache_usage_perc',
    'KV-cache usage. 1 means 100 percent usage.',
    gauges.totalTokens === 0 ? 0 : gauges.usedTokens / gauges.totalTokens,
  );
  gauge('cache_config_info', 'Information of the LLMEngine CacheConfig', 1, {
    block_size: String(config.pageSize),
    enable_prefix_caching: config.prefixCache ? 'True' : 'False',
    gpu_memory_utilization: String(config.memoryRatio),
    num_gpu_blocks: String(Math.floor(gauges.totalTokens / config.pageSize)),
  });
  vllmCounters(out, source);
  const { histograms } = observer;
  const histogram = (name: string, help: string, key: keyof typeof histograms): void =>
    out.histogram(PREFIX.vllm + name, help, histograms[key]);
  histogram('time_to_first_token_seconds', 'Histogram of time to first token in seconds.', 'ttft');
  histogram(
    'inter_token_latency_seconds',
    'Histogram of inter-token latency in seconds.',
    'interToken',
  );
  histogram(
    'request_time_per_output_token_seconds',
    'Histogram of time_per_output_token_seconds per request.',
    'perRequestTbot',
  );
  histogram('e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', 'e2e');
  histogram(
    'request_queue_time_seconds',
    'Histogram of time spent in WAITING phase for request.',
    'queue',
  );
  histogram(
    'request_inference_time_seconds',
    'Histogram of time spent in RUNNING phase for request.',
    'inference',
  );
  histogram(
    'request_prefill_time_seconds',
    'Histogram of time spent in PREFILL phase for request.',
    'prefill',
  );
  histogram(
    'request_decode_time_seconds',
    'Histogram of time spent in DECODE phase for request.',
    'decode',
  );
  histogram('request_prompt_tokens', 'Number of prefill tokens processed.', 'promptTokens');
  histogram(
    'request_generation_tokens',
    'Number of generation tokens processed.',
    'generationTokens',
  );
  histogram(
    'request_params_max_tokens',
    'Histogram of the max_tokens request parameter.',
    'maxTokens',
  );
  histogram(
    'iteration_tokens_total',
    'Histogram of number of tokens per engine_step.',
    'iterationTokens',
  );
  return out.text();
}

/** The engine's own `/metrics` text. Source: names and types of SGLang v0.5.9 and vLLM 2026 collectors. */
export function renderEngineMetrics(source: MetricsSource): string {
  return source.config.engine === 'sglang' ? renderSglang(source) : renderVllm(source);
}
