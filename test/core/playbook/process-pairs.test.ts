import { describe, expect, it } from 'vitest';
import { diagnoseCase } from '../../../mcp-server/app/diagnose-case.ts';
import { readModel } from '../../../mcp-server/core/playbook/reported/words/learned.ts';
import { byRules, confidenceByRules, pairsOf, type Row } from './by-rules.ts';

const stat = (load: { decode?: number; running: number; waiting: number; kv: number }): string =>
  `INFO [loggers.py:271] Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: ${load.decode ?? 300}.0 tokens/s, Running: ${load.running} reqs, Waiting: ${load.waiting} reqs, GPU KV cache usage: ${load.kv}%, Prefix cache hit rate: 12.0%`;
const decode = (...[running, queue, usage, more = '']: [number, number, number, string?]): string =>
  `[2026-03-01 10:00:09] Decode batch, #running-req: ${running}, #token: 9000, token usage: ${usage}, ${more}gen throughput (token/s): 300.1, #queue-req: ${queue},`;
const states = (cached: number, mamba: string): string =>
  `[2026-03-01 10:00:09] Prefill batch, #new-seq: 1, #new-token: 4096, #cached-token: ${cached}, full token usage: 0.21, mamba usage: ${mamba}, #running-req: 3, #queue-req: 0,`;
const lines = (...all: readonly string[]): string => all.join('\n');
const CAPPED = 'vllm serve m --max-num-seqs 16';
const fits = (times: string): string =>
  `INFO [kv_cache_utils.py:1321] Maximum concurrency for 32,768 tokens per request: ${times}x`;

/** Reports that differ in a process of the host, a pool of the engine, a queue or a rate. */
const ROWS: readonly Row[] = [
  [
    'a full core of what turns tokens into text',
    'detokenizer_bound',
    'sglang',
    { symptom: 'Streams are slow.\ntop: sglang::detokenizer 100.0 %CPU, sglang::scheduler 99.8 %' },
    { symptom: 'Streams are slow.\ntop: sglang::detokenizer 12.0 %CPU, sglang::scheduler 99.8 %' },
  ],
  [
    'a full core of what takes requests in',
    'cpu_or_frontend_bound',
    'vllm',
    { symptom: 'First tokens are late. htop: VLLM::APIServer api_server at 99.7% of a core' },
    { symptom: 'First tokens are late. htop: VLLM::APIServer api_server at 8.1% of a core' },
  ],
  [
    'a profile of what turns tokens into text',
    'detokenizer_bound',
    'vllm',
    { symptom: 'py-spy of the front: 71 % in detokenize_incrementally' },
    { symptom: 'py-spy of the front: 71 % in schedule' },
  ],
  [
    'as many running as would fit at full length beside an empty pool',
    'admission_too_conservative',
    'vllm',
    {
      log: lines(
        fits('4.31'),
        stat({ running: 4, waiting: 9, kv: 11 }),
        stat({ running: 4, waiting: 8, kv: 12 }),
      ),
    },
    {
      log: lines(
        fits('64.31'),
        stat({ running: 4, waiting: 0, kv: 11 }),
        stat({ running: 4, waiting: 0, kv: 12 }),
      ),
    },
  ],
  [
    'a full pool of states that throws prefixes out',
    'prefix_cache_miss',
    'sglang',
    { log: lines(states(0, '0.99'), states(0, '1.00')) },
    { log: lines(states(3072, '0.41'), states(3072, '0.42')) },
  ],
  [
    'a cap that stands in every line with as many waiting again',
    'batch_cap_binding',
    'vllm',
    {
      launch_command: CAPPED,
      log: lines(
        stat({ running: 16, waiting: 40, kv: 21 }),
        stat({ running: 16, waiting: 41, kv: 22 }),
      ),
    },
    {
      launch_command: CAPPED,
      log: lines(
        stat({ running: 9, waiting: 40, kv: 97.1 }),
        stat({ running: 9, waiting: 41, kv: 98.2 }),
      ),
    },
  ],
  [
    'a pool that is full in each line',
    'kv_bound_queueing',
    'sglang',
    { log: lines(decode(5, 59, 0.97), decode(5, 58, 0.98), decode(5, 60, 0.99)) },
    { log: lines(decode(5, 59, 0.31), decode(5, 58, 0.32), decode(5, 60, 0.31)) },
  ],
  [
    'two or more that are put back into the queue',
    'preemption_thrash',
    'vllm',
    {
      log: lines(
        stat({ running: 12, waiting: 40, kv: 98.1 }),
        stat({ running: 9, waiting: 43, kv: 97.4 }),
      ),
    },
    {
      log: lines(
        stat({ running: 12, waiting: 40, kv: 98.1 }),
        stat({ running: 11, waiting: 41, kv: 97.4 }),
      ),
    },
  ],
  [
    'all that a benchmark offers being served',
    'client_limited',
    'vllm',
    {
      benchmark:
        'Request rate configured (RPS):           4.00\nRequest throughput (req/s):              3.99',
    },
    {
      benchmark:
        'Request rate configured (RPS):           40.00\nRequest throughput (req/s):              3.99',
    },
  ],
  [
    'a chunk that the log tells to be small',
    'prefill_bound',
    'vllm',
    {
      log: 'Chunked prefill is enabled with max_num_batched_tokens=256.',
      symptom: 'A prompt of an hour takes ages.',
    },
    {
      log: 'Chunked prefill is enabled with max_num_batched_tokens=8192.',
      symptom: 'A prompt of an hour takes ages.',
    },
  ],
  [
    'pictures that are made ready before a request is counted',
    'cpu_or_frontend_bound',
    'vllm',
    {
      log: lines(stat({ running: 7, waiting: 0, kv: 4 }), stat({ running: 7, waiting: 0, kv: 4 })),
      symptom: '96 requests in a burst with three screenshots each.',
    },
    {
      log: lines(
        stat({ running: 94, waiting: 0, kv: 44 }),
        stat({ running: 94, waiting: 0, kv: 44 }),
      ),
      symptom: '96 requests in a burst with three screenshots each.',
    },
  ],
  [
    'steps without graphs by an environment',
    'decode_eager_no_cuda_graph',
    'vllm',
    { launch_command: 'docker run -e ENFORCE_EAGER=true img', symptom: 'Decode is slow.' },
    { launch_command: 'docker run -e ENFORCE_EAGER=false img', symptom: 'Decode is slow.' },
  ],
  [
    'steps without graphs by what the engine says',
    'decode_eager_no_cuda_graph',
    'vllm',
    { log: 'WARNING [vllm.py:411] Enforce eager set, overriding optimization level to -O0' },
    { log: 'INFO [vllm.py:411] optimization level -O2' },
  ],
];

/** Reports whose second one shows in a number that the class cannot be what costs the time. */
const REFUTED: readonly Row[] = [
  [
    'a stream far below what the memory could read',
    'decode_bandwidth_bound',
    'vllm',
    {
      gpu: 'H100',
      launch_command: 'vllm serve meta-llama/Llama-3.1-8B-Instruct',
      symptom: 'Decode is bound by memory bandwidth, 1 stream makes 150 tok/s.',
    },
    {
      gpu: 'H100',
      launch_command: 'vllm serve meta-llama/Llama-3.1-8B-Instruct',
      symptom: 'Decode is bound by memory bandwidth, 1 stream makes 20 tok/s.',
    },
  ],
  [
    'decode lines that ran as graphs',
    'decode_eager_no_cuda_graph',
    'sglang',
    {
      log: lines(
        decode(4, 0, 0.2, 'cuda graph: False, '),
        decode(4, 0, 0.2, 'cuda graph: False, '),
      ),
    },
    {
      log: lines(decode(4, 0, 0.2, 'cuda graph: True, '), decode(4, 0, 0.2, 'cuda graph: True, ')),
    },
  ],
  [
    'drafts that are kept while one request runs',
    'speculation_not_paying',
    'sglang',
    {
      symptom: 'The draft does not pay, it is slower with speculation than without.',
      log: lines(decode(1, 0, 0.2, 'accept len: 1.10, '), decode(1, 0, 0.2, 'accept len: 1.12, ')),
    },
    {
      symptom: 'The draft does not pay, it is slower with speculation than without.',
      log: lines(decode(1, 0, 0.2, 'accept len: 3.10, '), decode(1, 0, 0.2, 'accept len: 3.12, ')),
    },
  ],
  [
    'decode steps that ran as graphs',
    'decode_eager_no_cuda_graph',
    'sglang',
    {
      launch_command: 'sglang serve Qwen/Qwen3-4B',
      gpu: 'A100 80GB',
      benchmark: 'TPOT 60 ms at concurrency 64',
      log: lines(decode(64, 0, 0.2), decode(64, 0, 0.2)),
    },
    {
      launch_command: 'sglang serve Qwen/Qwen3-4B',
      gpu: 'A100 80GB',
      benchmark: 'TPOT 60 ms at concurrency 64',
      log: lines(
        decode(64, 0, 0.2, 'cuda graph: True, '),
        decode(64, 0, 0.2, 'cuda graph: True, '),
      ),
    },
  ],
  [
    'more requests that wait than run',
    'speculation_not_paying',
    'sglang',
    {
      symptom: 'It is slower with speculation than without.',
      log: lines(decode(6, 0, 0.06), decode(6, 0, 0.06)),
    },
    {
      symptom: 'It is slower with speculation than without.',
      log: lines(decode(6, 87, 0.06), decode(6, 87, 0.06)),
    },
  ],
  [
    'a start that comes through without graphs',
    'weights_do_not_fit',
    'vllm',
    { symptom: 'Out of memory while the model is loaded, the weights are too large.' },
    {
      symptom:
        'Out of memory while the model is loaded, the weights are too large. It starts with --enforce-eager.',
    },
  ],
  [
    'fewer that run than may',
    'batch_cap_binding',
    'vllm',
    {
      launch_command: CAPPED,
      log: lines(...[22, 23, 24].map((kv) => stat({ running: 16, waiting: 40, kv }))),
    },
    {
      launch_command: CAPPED,
      log: lines(...[22, 23, 24].map((kv) => stat({ running: 9, waiting: 40, kv }))),
    },
  ],
];

describe('processes, pools and queues', () => {
  it.each(pairsOf(ROWS))('reads $what', ({ cls, engine, fires, quiet }) => {
    expect(confidenceByRules(engine, fires, cls)).toBeGreaterThan(0.5);
    expect(confidenceByRules(engine, quiet, cls)).toBeLessThan(0.5);
  });

  it.each(pairsOf(REFUTED))('is less sure beside $what', ({ cls, engine, fires, quiet }) => {
    const sure = confidenceByRules(engine, fires, cls);
    expect(sure).toBeGreaterThan(0);
    expect(confidenceByRules(engine, quiet, cls)).toBeLessThan(0.6 * sure);
  });

  it('names the size of a full pool of states before all other knobs', () => {
    const firstKnob = (mamba: string): string | undefined =>
      byRules({
        engine: 'sglang',
        input: {
          symptom: 'The prefix cache hit rate is zero.',
          log: lines(states(0, mamba), states(0, mamba)),
        },
      }).causes.find((cause) => cause.class === 'prefix_cache_miss')?.knobs[0];
    expect(firstKnob('0.99')).toBe('--max-mamba-cache-size');
    expect(firstKnob('0.20')).not.toBe('--max-mamba-cache-size');
  });

  it('is surer of a client that limits where many run beside an all but empty pool', () => {
    const of = (kv: number): number =>
      confidenceByRules(
        'vllm',
        {
          metrics_text: `vllm:num_requests_running 8\nvllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc ${kv}\n`,
        },
        'client_limited',
      );
    expect(of(0.3)).toBeGreaterThan(0);
    expect(of(0.05)).toBeGreaterThan(of(0.3));
  });

  it('lets a speed speak against what ends a start, as far as words alone do not', () => {
    const model = readModel(
      ['weights_do_not_fit', 'prefill_bound'],
      [0, 0],
      ['ponder 100 0:100 1:100'],
    );
    const of = (symptom: string): number =>
      diagnoseCase({ engine: 'vllm', input: { symptom } }, model).causes.find(
        (cause) => cause.class === 'weights_do_not_fit',
      )?.confidence ?? 0;
    expect(of('It ponders.')).toBeGreaterThan(0.4);
    expect(of('It ponders at 12 tok/s.')).toBeLessThan(0.6 * of('It ponders.'));
  });
});
