import { describe, expect, it } from 'vitest';
import { boundHints } from '../../../mcp-server/core/playbook/reported/numbers/bound-hints.ts';
import { batchCapOf } from '../../../mcp-server/core/playbook/reported/numbers/caps.ts';
import { compareHints } from '../../../mcp-server/core/playbook/reported/numbers/compare-hints.ts';
import { numberHints } from '../../../mcp-server/core/playbook/reported/numbers/number-hints.ts';
import { readingHints } from '../../../mcp-server/core/playbook/reported/numbers/reading-hints.ts';
import { scrapeHints } from '../../../mcp-server/core/playbook/reported/numbers/scrape-hints.ts';
import { Report } from '../../../mcp-server/core/playbook/reported/report.ts';
import { conceptHints } from '../../../mcp-server/core/playbook/reported/words/concept-hints.ts';
import { textHints } from '../../../mcp-server/core/playbook/reported/words/text-hints.ts';
import { parsePrometheus } from '../../../mcp-server/core/telemetry/prometheus.ts';
import { confidenceByRules, type Input, type Row } from './by-rules.ts';

const STATS = (speed: number, running: number, hit = 61): string =>
  `INFO [loggers.py:259] Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: ${speed} tokens/s, Running: ${running} reqs, Waiting: 0 reqs, GPU KV cache usage: 3.1%, Prefix cache hit rate: ${hit}.0%`;

/** Reports that differ in the one line, gauge or number by which an engine says what bounds it. */
const ROWS: readonly Row[] = [
  [
    'a cap that the cache of states sets',
    'batch_cap_binding',
    'sglang',
    {
      log: 'max_running_requests is capped to 9 by the mamba state cache (max_mamba_cache_size=47, 5 state slots per request).',
      symptom: 'Latency grows with the clients, throughput does not.',
    },
    {
      log: 'Mamba Cache is allocated. max_mamba_cache_size: 47',
      symptom: 'Latency grows with the clients, throughput does not.',
    },
  ],
  [
    'graphs that are cut below what sequences and drafts need',
    'decode_eager_no_cuda_graph',
    'vllm',
    {
      launch_command:
        'vllm serve m --max-num-seqs 6 --speculative-config \'{"num_speculative_tokens": 3}\'',
      log: 'WARNING [vllm.py:1719] Truncating max_cudagraph_capture_size to 4',
    },
    {
      launch_command: 'vllm serve m --max-num-seqs 6',
      log: 'WARNING [vllm.py:1719] Truncating max_cudagraph_capture_size to 8',
    },
  ],
  [
    'a second request beside which the engine all but stops',
    'decode_eager_no_cuda_graph',
    'vllm',
    { log: `${STATS(31.4, 1)}\n${STATS(0.6, 2)}` },
    { log: `${STATS(31.4, 1)}\n${STATS(58.2, 2)}` },
  ],
  [
    'a build that lists no graphs',
    'decode_eager_no_cuda_graph',
    'llamacpp',
    { log: 'system_info: n_threads = 16 | CUDA : ARCHS = 890 | PEER_MAX_BATCH_SIZE = 128 |' },
    { log: 'system_info: n_threads = 16 | CUDA : ARCHS = 890 | USE_GRAPHS = 1 |' },
  ],
  [
    'a slot whose long prompt shares nothing with the next',
    'prefix_cache_miss',
    'llamacpp',
    {
      log: 'srv prompt_save: - saving prompt with length 72161, total state size = 1767 MiB\nsrv load: - looking for better prompt, base f_keep = 0.024, sim = 0.024',
    },
    {
      log: 'srv prompt_save: - saving prompt with length 72161, total state size = 1767 MiB\nsrv load: - looking for better prompt, base f_keep = 0.980, sim = 0.981',
    },
  ],
  [
    'blocks that are longer than what prompts share',
    'prefix_cache_miss',
    'vllm',
    {
      log: `INFO [config.py:281] Setting attention block size to 528 tokens to ensure that attention page size is >= mamba page size.\n${STATS(90, 4, 0)}`,
    },
    {
      log: `INFO [config.py:281] Setting attention block size to 528 tokens to ensure that attention page size is >= mamba page size.\n${STATS(90, 4, 71)}`,
    },
  ],
  [
    'prompts that begin alike beside a cache that is off',
    'prefix_cache_miss',
    'vllm',
    {
      launch_command: 'vllm serve m --no-enable-prefix-caching',
      benchmark: '192 requests, grouped by shared prefix: TTFT p50 5.86 s',
    },
    {
      launch_command: 'vllm serve m --enable-prefix-caching',
      benchmark: '192 requests, grouped by shared prefix: TTFT p50 5.86 s',
    },
  ],
  [
    'a response that counts few cached tokens',
    'prefix_cache_miss',
    'vllm',
    { benchmark: 'cached_tokens 48 of 31k' },
    { benchmark: 'cached_tokens 30,120 of 31k' },
  ],
  [
    'requests that wait for blocks below the cap',
    'kv_bound_queueing',
    'vllm',
    {
      launch_command: 'vllm serve m --max-num-seqs 4',
      metrics_text:
        'vllm:num_requests_running 2\nvllm:num_requests_waiting 1\nvllm:num_requests_waiting_by_reason{reason="capacity"} 1',
    },
    {
      launch_command: 'vllm serve m --max-num-seqs 2',
      metrics_text:
        'vllm:num_requests_running 2\nvllm:num_requests_waiting 1\nvllm:kv_cache_usage_perc 0.2',
    },
  ],
  [
    'admissions that are put off',
    'admission_too_conservative',
    'sglang',
    {
      metrics_text:
        'sglang:prefill_delayer_outcomes_total{output_reason="delay"} 18365\nsglang:prefill_delayer_outcomes_total{output_reason="no_wait"} 409',
    },
    {
      metrics_text:
        'sglang:prefill_delayer_outcomes_total{output_reason="delay"} 12\nsglang:prefill_delayer_outcomes_total{output_reason="no_wait"} 409',
    },
  ],
  [
    'a latency benchmark that repeats its dummies',
    'warm_prefix_cache_in_benchmark',
    'vllm',
    { launch_command: 'vllm bench latency --model m --input-len 4096' },
    { launch_command: 'vllm bench latency --model m --input-len 4096 --no-enable-prefix-caching' },
  ],
  [
    'steps alone and beside a chunk',
    'prefill_interference',
    'vllm',
    { benchmark: "decode only 3.64 ms; with a peer's 1024-token chunk in the step 577.26 ms" },
    { benchmark: "decode only 3.64 ms; with a peer's 1024-token chunk in the step 4.10 ms" },
  ],
  [
    'a long prompt for its first token’s time',
    'prefill_bound',
    'vllm',
    { benchmark: 'prompt 113,916 tokens: 1,194 tok/s, TTFT 95.4 s' },
    { benchmark: 'prompt 113,916 tokens: 81,000 tok/s, TTFT 1.4 s' },
  ],
  [
    'short requests that pile up behind long ones',
    'prefill_interference',
    'vllm',
    { symptom: 'When a few long prompts come, the small ones queue for minutes.' },
    { symptom: 'When a few long documents are indexed, disks are busy for minutes.' },
  ],
];

/** How much the strongest hint of a class says, whatever was learned of words. */
function strongest(engine: string, input: Input, cls: string): number {
  const report = Report.parse({ engine, input });
  const scrape = parsePrometheus(input['metrics_text'] ?? '');
  const hints = [
    ...[boundHints, numberHints, readingHints, compareHints, textHints, conceptHints].flatMap(
      (read) => read(report),
    ),
    ...scrapeHints(scrape, batchCapOf(report, scrape)),
  ];
  return Math.max(0, ...hints.filter((hint) => hint.cls === cls).map(({ weight }) => weight));
}

describe('what an engine shows of its own bounds', () => {
  it.each(ROWS)('%s speaks for %s (%s)', (...[, cls, engine, fires, quiet]) => {
    const weight = strongest(engine, fires, cls);
    expect(weight).toBeGreaterThanOrEqual(0.45);
    expect(strongest(engine, quiet, cls)).toBeLessThan(weight);
    expect(confidenceByRules(engine, fires, cls)).toBeGreaterThanOrEqual(0.45);
  });
});

describe('what a report sets aside', () => {
  const ROWS_ASIDE: readonly (readonly [what: string, cls: string, said: string, aside: string])[] =
    [
      [
        'what it looked like',
        'preemption_thrash',
        'Requests wait long; the log shows retraction.',
        'Requests wait long; it looked like retraction.',
      ],
      [
        'what a setting was made against',
        'oom_under_load',
        'Under load it runs out of memory.',
        'I set it so that under load it would not run out of memory.',
      ],
      [
        'a number at which something stands',
        'hang_watchdog',
        'The server gets stuck at load.',
        'The server gets stuck at 512 requests.',
      ],
      [
        'a model that does not stop',
        'hang_watchdog',
        'The endpoint stops generating after some time.',
        'The endpoint does not stop generating when max_tokens is not set.',
      ],
      [
        'decoding that is as it should be',
        'decode_bandwidth_bound',
        'One user, 30 tok/s: the bandwidth of memory, and decoding is slow.',
        'One user, 30 tok/s: the bandwidth of memory, and decoding is fine.',
      ],
    ];

  it.each(ROWS_ASIDE)('%s does not speak for %s', (...[, cls, said, aside]) => {
    expect(confidenceByRules('sglang', { symptom: aside }, cls)).toBeLessThan(
      confidenceByRules('sglang', { symptom: said }, cls),
    );
  });

  it('a proxy counts for less where the direct path is as slow', () => {
    const of = (direct: string): number => {
      const benchmark = `direct: TTFT ${direct}\nthrough LiteLLM: TTFT 18.3 s`;
      return confidenceByRules('vllm', { benchmark }, 'proxy_buffering');
    };
    expect(of('50 s')).toBeLessThan(of('0.4 s'));
  });
});
