/** Result files as the tools write them, by hand from the notes on their formats. */
const statistics = (family: string, ms: number): Record<string, number> => ({
  [`mean_${family}_ms`]: ms,
  [`median_${family}_ms`]: ms,
  [`std_${family}_ms`]: ms / 10,
  [`p95_${family}_ms`]: ms * 1.5,
  [`p99_${family}_ms`]: ms * 2,
});

export const vllmResult = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  date: '20260814-101500',
  endpoint_type: 'openai-chat',
  backend: 'openai-chat',
  label: null,
  model_id: 'org/model-8b',
  tokenizer_id: 'org/model-8b',
  num_prompts: 400,
  request_rate: 'inf',
  burstiness: 1.0,
  max_concurrency: 16,
  duration: 50,
  completed: 400,
  failed: 0,
  total_input_tokens: 204_800,
  total_output_tokens: 51_200,
  request_throughput: 8,
  request_goodput: null,
  output_throughput: 1024,
  total_token_throughput: 5120,
  max_output_tokens_per_s: 1300,
  ...statistics('ttft', 80),
  ...statistics('tpot', 12),
  ...statistics('itl', 12.5),
  ...statistics('e2el', 1604),
  ...change,
});

export const sglangResult = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  tag: null,
  backend: 'sglang',
  dataset_name: 'random',
  request_rate: 'inf',
  max_concurrency: 16,
  random_input_len: 512,
  random_output_len: 128,
  random_range_ratio: 1.0,
  server_info: { secret: 'not read' },
  duration: 50,
  completed: 400,
  total_input_tokens: 204_800,
  total_output_tokens: 51_200,
  total_output_tokens_retokenized: 51_190,
  request_throughput: 8,
  input_throughput: 4096,
  output_throughput: 1024,
  total_throughput: 5120,
  mean_e2e_latency_ms: 1600,
  median_e2e_latency_ms: 1600,
  ...statistics('ttft', 70),
  ...statistics('tpot', 12),
  concurrency: 15.8,
  accept_length: null,
  ...change,
});

const aiperfMetric = (unit: string, avg: number): Record<string, unknown> => ({
  unit,
  avg,
  min: avg,
  p50: avg,
  p90: avg,
  p95: avg,
  p99: avg,
  std: 0,
  count: 400,
});

export const aiperfResult = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  schema_version: '1.5',
  aiperf_version: '0.13.0',
  input_config: {
    endpoint: { model_names: ['org/model-8b'], type: 'chat', streaming: true },
    loadgen: { concurrency: 16, request_count: 400 },
  },
  request_throughput: { unit: 'requests/sec', avg: 8 },
  output_token_throughput: { unit: 'tokens/sec', avg: 1024 },
  request_count: { unit: 'requests', avg: 400 },
  time_to_first_token: aiperfMetric('ms', 75),
  inter_token_latency: aiperfMetric('ms', 12),
  request_latency: aiperfMetric('s', 1.6),
  input_sequence_length: aiperfMetric('tokens', 512),
  output_sequence_length: aiperfMetric('tokens', 128),
  error_summary: [],
  ...change,
});

const guideMetric = (mean: number): Record<string, unknown> => ({
  successful: { mean, count: 400, percentiles: { p50: mean, p90: mean, p95: mean, p99: mean } },
});

export const guidellmResult = (): Record<string, unknown> => ({
  metadata: { version: 2, guidellm_version: '0.8.1' },
  benchmarks: [
    {
      config: { strategy: { type_: 'concurrent', streams: 16 } },
      metrics: {
        request_totals: { successful: 400, errored: 2 },
        requests_per_second: guideMetric(8),
        output_tokens_per_second: guideMetric(1024),
        tokens_per_second: guideMetric(5120),
        request_latency: guideMetric(1.6),
        time_to_first_token_ms: guideMetric(75),
        inter_token_latency_ms: guideMetric(12),
        prompt_token_count: guideMetric(512),
        output_token_count: guideMetric(128),
      },
    },
  ],
});

export const benchReport = (outputTokensPerS: number): Record<string, unknown> => {
  const latency = { mean: 80, p50: 79, p95: 120, p99: 150 };
  return {
    completed: 400,
    failed: 0,
    failures: {},
    ttftMs: latency,
    tbotMs: { mean: 12, p50: 12, p95: 14, p99: 15 },
    ttltMs: { mean: 1600, p50: 1600, p95: 1700, p99: 1800 },
    outputTokensPerS,
    requestsPerS: 8,
    durationMs: 50_000,
  };
};

/** One stored request record: sent at `index` seconds, first token after `ttftMs`, 9 gaps of 10 ms. */
export const requestRecord = (index: number, ttftMs: number): Record<string, unknown> => {
  const sentAtMs = index * 1000;
  return {
    index,
    phase: 'measure',
    intendedAtMs: null,
    sentAtMs,
    headersAtMs: sentAtMs + 1,
    roleAtMs: sentAtMs + 2,
    firstTokenAtMs: sentAtMs + ttftMs,
    lastTokenAtMs: sentAtMs + ttftMs + 90,
    closedAtMs: sentAtMs + ttftMs + 91,
    requestedInputTokens: 512,
    requestedOutputTokens: 10,
    inputTokens: 512,
    cachedTokens: 0,
    outputTokens: 10,
    firstEventTokens: 1,
    contentEvents: 10,
    gapsMs: Array.from({ length: 9 }, () => 10),
    httpStatus: 200,
    finishReason: 'length',
    failure: null,
    failureDetail: null,
    model: 'org/model-8b',
    textHash: 'h',
    textSample: '',
  };
};
