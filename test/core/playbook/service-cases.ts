import type { Observation } from '../../../mcp-server/core/playbook/observation.ts';
import { distribution } from '../../fakes/summary.ts';
import { clientView, decodeLines, FLOORS } from './build-observation.ts';
import type { RuleCase } from './rule-cases.ts';

const TWO = { gpu: 'H100', gpuCount: 2, cores: 16 };
const DENSE = { weightsPerGpu: 0.2, isMoe: false, hasLatentKv: false };
const LATENT = { weightsPerGpu: 3, isMoe: true, hasLatentKv: true };

const OPEN = { kind: 'open', requestRatePerS: 40, requests: 400, burstiness: 1 } as const;

const capacityLine = (availableGb: number): string =>
  `[2026-03-22 15:00:00] max_total_num_tokens=40000, chunked_prefill_size=8192, max_prefill_tokens=16384, max_running_requests=2048, context_len=131072, available_gpu_mem=${availableGb.toFixed(2)} GB`;

const loaded = (concurrency: number, concurrencyMean: number): Observation['client'] =>
  clientView({
    loadPoint: { kind: 'closed', concurrency, requests: 4 * concurrency },
    summary: { concurrencyMean },
  });

const tailed = (p99: number): Observation['client'] =>
  clientView({ summary: { ttftMs: distribution(150, { p50: 80, p99 }) } });

const withGauge = (name: string, mean: number): Observation['profile'] => ({
  operations: [],
  evidenceId: 'e000003',
  gauges: new Map([
    [name, { name, evidenceId: 'e000003', mean, max: mean, min: mean, n: 5, shareAboveZero: 1 }],
  ]),
});

/** Cases of front end, replicas and speculation. */
export const SERVICE_CASES: readonly RuleCase[] = [
  {
    rule: 'over-driven',
    fires: {
      client: clientView({ flags: ['SATURATED'], loadPoint: OPEN }),
      logText: decodeLines({ running: 30, queue: 200, usage: 0.5 }),
    },
    quiet: {
      client: clientView({ loadPoint: OPEN }),
      logText: decodeLines({ running: 30, queue: 0, usage: 0.5 }),
    },
  },
  {
    rule: 'memory-left-unused',
    fires: {
      flags: { '--mem-fraction-static': '0.3' },
      logText: `${capacityLine(50)}\n${decodeLines({ running: 30, queue: 20, usage: 0.98 })}`,
    },
    quiet: {
      flags: { '--mem-fraction-static': '0.88' },
      logText: `${capacityLine(7)}\n${decodeLines({ running: 30, queue: 20, usage: 0.98 })}`,
    },
    tries: '--mem-fraction-static 0.82',
  },
  {
    rule: 'attention-backend-slow',
    fires: {
      flags: { '--attention-backend': 'torch_native' },
      client: clientView(),
      workload: { inputTokens: 6000 },
    },
    quiet: {
      flags: { '--attention-backend': 'fa3' },
      client: clientView(),
      workload: { inputTokens: 6000 },
    },
    tries: 'without --attention-backend',
  },
  {
    rule: 'gpus-unused',
    fires: { hardware: TWO, model: { ...DENSE, weightsPerGpu: 0.9 } },
    quiet: { hardware: TWO, flags: { '--tp-size': '2' } },
    tries: '--tp-size 2',
  },
  {
    rule: 'front-end-cpu-bound',
    fires: {
      client: loaded(256, 255),
      logText: decodeLines({ running: 90, queue: 0, usage: 0.2 }),
      hardware: { gpu: 'H100', gpuCount: 1, cores: 16 },
    },
    quiet: {
      client: loaded(256, 255),
      logText: decodeLines({ running: 250, queue: 0, usage: 0.6 }),
      hardware: { gpu: 'H100', gpuCount: 1, cores: 16 },
    },
    tries: '--tokenizer-worker-num 4',
  },
  {
    rule: 'front-end-cpu-bound',
    fires: {
      engine: 'vllm',
      client: clientView({ summary: { ttftMs: distribution(900) } }),
      profile: withGauge('process.cpu.usage', 12.5),
      hardware: { gpu: 'H100', gpuCount: 1, cores: 8 },
      floors: FLOORS,
      logText:
        '(APIServer pid=1) INFO 03-22 15:00:10 [loggers.py:248] Engine 000: Running: 8 reqs, Waiting: 0 reqs, GPU KV cache usage: 1.0%\n'.repeat(
          4,
        ),
    },
    quiet: {
      engine: 'vllm',
      client: clientView({ summary: { ttftMs: distribution(900) } }),
      profile: withGauge('process.cpu.usage', 2),
      hardware: { gpu: 'H100', gpuCount: 1, cores: 8 },
      floors: FLOORS,
    },
    tries: '--api-server-count 4',
  },
  {
    rule: 'first-token-tail',
    fires: {
      client: tailed(900),
      flags: { '--enable-prefill-delayer': null },
      logText: decodeLines({ running: 16, queue: 0, usage: 0.2 }),
    },
    quiet: {
      client: tailed(200),
      flags: { '--enable-prefill-delayer': null },
      logText: decodeLines({ running: 16, queue: 0, usage: 0.2 }),
    },
    tries: 'without --enable-prefill-delayer',
  },
  {
    rule: 'encoder-dominates',
    fires: {
      engine: 'vllm',
      floors: FLOORS,
      readings: { ttftSeconds: 0.4, queueSeconds: 0.002 },
      counters: { 'vllm:mm_cache_queries_total': 100, 'vllm:mm_cache_hits_total': 3 },
    },
    quiet: {
      engine: 'vllm',
      floors: FLOORS,
      readings: { ttftSeconds: 0.4, queueSeconds: 0.002 },
      counters: { 'vllm:mm_cache_queries_total': 0 },
    },
    tries: '--mm-encoder-tp-mode data',
  },
  {
    rule: 'output-repeats',
    fires: { client: clientView(), workload: { repeatedRatio: 0.6 } },
    quiet: { client: clientView(), workload: { repeatedRatio: 0.05 } },
    tries: '--speculative-algorithm NGRAM',
  },
  {
    rule: 'output-repeats',
    fires: { engine: 'vllm', client: clientView(), workload: { repeatedRatio: 0.6 } },
    quiet: {
      engine: 'vllm',
      client: clientView(),
      workload: { repeatedRatio: 0.6 },
      flags: { '--speculative-config': '{"method":"ngram"}' },
    },
    tries:
      '--speculative-config {"method":"ngram","num_speculative_tokens":4,"prompt_lookup_max":4}',
  },
  {
    rule: 'split-needlessly',
    fires: {
      flags: { '--tp-size': '2' },
      hardware: TWO,
      floors: FLOORS,
      model: DENSE,
      objective: 'outputTokensPerS',
      client: loaded(64, 64),
    },
    quiet: {
      flags: { '--tp-size': '2' },
      hardware: TWO,
      floors: FLOORS,
      model: DENSE,
      objective: 'tbotMs',
      client: loaded(64, 64),
    },
    tries: '--dp-size 2',
  },
  {
    rule: 'ranks-uneven',
    fires: { byRank: { 'sglang:generation_tokens_total': { 0: 9000, 1: 2000 } } },
    quiet: { byRank: { 'sglang:generation_tokens_total': { 0: 9000, 1: 8000 } } },
    tries: '--load-balance-method total_tokens',
  },
  {
    rule: 'latent-kv-copied',
    fires: {
      flags: { '--tp-size': '2' },
      hardware: TWO,
      model: LATENT,
      logText: decodeLines({ running: 64, queue: 20, usage: 0.97 }),
    },
    quiet: {
      flags: { '--tp-size': '2', '--enable-dp-attention': null },
      hardware: TWO,
      model: LATENT,
      logText: decodeLines({ running: 64, queue: 20, usage: 0.97 }),
    },
    tries: '--enable-dp-attention',
  },
];
