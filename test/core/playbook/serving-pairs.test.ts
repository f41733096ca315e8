import { describe, expect, it } from 'vitest';
import { confidenceByRules, pairsOf, type Row } from './by-rules.ts';

const stat = (load: {
  prompt?: number;
  decode: number;
  running: number;
  waiting?: number;
  kv?: number;
}) =>
  `INFO [loggers.py:271] Engine 000: Avg prompt throughput: ${load.prompt ?? 0}.0 tokens/s, Avg generation throughput: ${load.decode} tokens/s, Running: ${load.running} reqs, Waiting: ${load.waiting ?? 0} reqs, GPU KV cache usage: ${load.kv ?? 4}.0%, Prefix cache hit rate: 12.0%`;
const twice = (line: string): string => `${line}\n${line}`;
const prefill = (fresh: number, running: number, queue: number): string =>
  `[2026-03-01 10:00:0${running}] Prefill batch, #new-seq: 1, #new-token: ${fresh}, #cached-token: 0, token usage: 0.02, #running-req: ${running}, #queue-req: ${queue},`;
const decode = (running: number, queue: number): string =>
  `[2026-03-01 10:00:09] Decode batch, #running-req: ${running}, #token: 9000, token usage: 0.03, cuda graph: True, gen throughput (token/s): 300.1, #queue-req: ${queue},`;
const DRAFTS = 'vllm serve m --speculative-config \'{"method":"mtp","num_speculative_tokens":7}\'';

/** Reports that differ in what requests meet on their way into an engine, or in what its steps are made of. */
const ROWS: readonly Row[] = [
  [
    'pictures that are made ready before a request is counted',
    'cpu_or_frontend_bound',
    'vllm',
    {
      log: twice(stat({ decode: 210, running: 7 })),
      symptom: '96 requests in flight with three images each, first tokens are late.',
    },
    {
      log: twice(stat({ decode: 2100, running: 94 })),
      symptom: '96 requests in flight with three images each, first tokens are late.',
    },
  ],
  [
    'a cap that the engine cut below what was asked for',
    'batch_cap_binding',
    'sglang',
    {
      launch_command: 'sglang serve --model-path m --max-running-requests 9000',
      log: `max_total_num_tokens=900000, max_running_requests=2000, context_len=8192\n${twice(decode(2000, 700))}`,
    },
    {
      launch_command: 'sglang serve --model-path m --max-running-requests 9000',
      log: `max_total_num_tokens=900000, max_running_requests=9000, context_len=8192\n${twice(decode(310, 0))}`,
    },
  ],
  [
    'chunks so small that each costs about as much as a large one',
    'prefill_bound',
    'sglang',
    {
      launch_command: 'sglang serve --model-path m --chunked-prefill-size 128',
      symptom: 'A prompt of an hour of minutes takes ages.',
    },
    {
      launch_command: 'sglang serve --model-path m --chunked-prefill-size 8192',
      symptom: 'A prompt of an hour of minutes takes ages.',
    },
  ],
  [
    'drafts that cost more than the lack of graphs',
    'speculation_not_paying',
    'vllm',
    {
      benchmark:
        'eager, MTP: 20 tok/s\ngraphs on, eager off, MTP: 21 tok/s\neager, no MTP: 27 tok/s',
    },
    { benchmark: 'eager, MTP: 20 tok/s\neager off, MTP: 41 tok/s\neager, no MTP: 18 tok/s' },
  ],
  [
    'a layer in front that keeps the first token',
    'proxy_buffering',
    'vllm',
    {
      benchmark: 'TTFT: bare vllm serve 20 ms, behind the new layer 71 ms\nend-to-end latency +2 %',
    },
    {
      benchmark:
        'TTFT: bare vllm serve 20 ms, behind the new layer 71 ms\nend-to-end latency +90 %',
    },
  ],
  [
    'first tokens of a burst that come one after the other',
    'prefill_bound',
    'vllm',
    { benchmark: 'burst of 4 long prompts, TTFT: 5.1 s, 10.3 s, 15.2 s, 20.6 s' },
    { benchmark: 'burst of 4 long prompts, TTFT: 5.1 s, 5.3 s, 5.2 s, 5.6 s' },
  ],
  [
    'drafts that make a step larger than what graphs cover',
    'decode_eager_no_cuda_graph',
    'vllm',
    {
      launch_command: `${DRAFTS} --max-num-seqs 128`,
      log: 'max_cudagraph_capture_size: 512',
      symptom: 'It falls with every user.',
    },
    {
      launch_command: `${DRAFTS} --max-num-seqs 64`,
      log: 'max_cudagraph_capture_size: 512',
      symptom: 'It falls with every user.',
    },
  ],
  [
    'prompts that slip in between tokens',
    'prefill_interference',
    'vllm',
    { symptom: 'A prefill of one prompt comes between every two output tokens.' },
    { symptom: 'A prefill of one prompt comes before its output tokens.' },
  ],
  [
    'streams that stand still while others come in',
    'prefill_interference',
    'vllm',
    { symptom: 'Running streams pause for 300 ms while others come in.' },
    { symptom: 'Running streams go on at 300 tokens while others come in.' },
  ],
  [
    'one request whose weights are read as fast as the memory can, by the log',
    'decode_bandwidth_bound',
    'vllm',
    {
      launch_command: 'vllm serve Qwen2-72B-Instruct-GPTQ-Int8 --tensor-parallel-size 2',
      gpu: '2x L20',
      log: twice(stat({ decode: 15.2, running: 1 })),
    },
    {
      launch_command: 'vllm serve Qwen2-72B-Instruct-GPTQ-Int8 --tensor-parallel-size 2',
      gpu: '2x L20',
      log: twice(stat({ decode: 3.1, running: 1 })),
    },
  ],
  [
    'the few times that a full pool threw something out',
    'preemption_thrash',
    'vllm',
    { metrics_text: 'vllm:num_preemptions_total 2.0\nvllm:kv_cache_usage_perc 0.98' },
    { metrics_text: 'vllm:num_preemptions_total 2.0\nvllm:kv_cache_usage_perc 0.41' },
  ],
  [
    'prompts that are read on a slow machine while others wait',
    'prefill_bound',
    'vllm',
    { log: stat({ prompt: 900, decode: 0.4, running: 1, waiting: 3 }) },
    { log: stat({ prompt: 900, decode: 90.4, running: 1, waiting: 3 }) },
  ],
  [
    'a hit rate above a second one of another cache',
    'warm_prefix_cache_in_benchmark',
    'vllm',
    {
      log: 'GPU KV cache usage: 4.0%, Prefix cache hit rate: 93.1%, External prefix cache hit rate: 0.0%',
      symptom: 'Random prompts.',
    },
    {
      log: 'GPU KV cache usage: 4.0%, Prefix cache hit rate: 0.2%, External prefix cache hit rate: 93.1%',
      symptom: 'Random prompts.',
    },
  ],
  [
    'where a profile says that time goes',
    'detokenizer_bound',
    'vllm',
    { symptom: 'py-spy: most of it in convert_ids_list_to_tokens.' },
    { symptom: 'py-spy: most of it in chat template rendering.' },
  ],
  [
    'a tokenizer that is slow at each token',
    'detokenizer_bound',
    'sglang',
    { log: 'UserWarning: Using a slow tokenizer. This might cause a significant slowdown.' },
    { log: 'UserWarning: Using the default chat template.' },
  ],
  [
    'batches that leave the whole graph',
    'decode_eager_no_cuda_graph',
    'vllm',
    { benchmark: 'batch 64: FULL\nbatch 65: PIECEWISE, slower' },
    { benchmark: 'batch 64: FULL\nbatch 65: FULL' },
  ],
];

describe('what requests meet on their way into an engine', () => {
  it.each(pairsOf(ROWS))('$what speaks for $cls', ({ cls, engine, fires, quiet }) => {
    const sure = confidenceByRules(engine, fires, cls);
    expect(sure).toBeGreaterThanOrEqual(0.45);
    expect(confidenceByRules(engine, quiet, cls)).toBeLessThan(sure);
  });

  it('a queue that ends while prompts are read is no sign of a cap, one that stays is', () => {
    const of = (last: number): number =>
      confidenceByRules(
        'sglang',
        {
          log: [
            prefill(2100, 2, 3),
            prefill(1900, 3, 2),
            prefill(2400, 4, 1),
            decode(5, last),
          ].join('\n'),
        },
        'batch_cap_binding',
      );
    expect(of(0)).toBeLessThan(of(4));
  });

  it('chunks of one prompt are no prompts of which nothing was kept', () => {
    const of = (third: number): number =>
      confidenceByRules(
        'sglang',
        {
          log: [prefill(512, 0, 0), prefill(512, 0, 0), prefill(third, 0, 0)].join('\n'),
          symptom: 'One agent, many steps.',
        },
        'prefix_cache_miss',
      );
    expect(of(512)).toBeLessThan(of(700));
  });

  it('a table that turns something off tells of no conversation', () => {
    const of = (symptom: string): number =>
      confidenceByRules(
        'vllm',
        { log: 'Prefix cache hit rate: 0.0%', symptom },
        'prefix_cache_miss',
      );
    expect(of('A table turns it off.')).toBeLessThan(of('Many turns of it.'));
  });

  it('kernels that were compiled count for less where the runs came after a warm-up', () => {
    const of = (symptom: string): number =>
      confidenceByRules(
        'vllm',
        {
          log: 'WARNING [jit_monitor.py:103] Triton kernel JIT compilation during inference: _k. This causes a latency spike; consider extending warmup to cover this shape/config.',
          symptom,
        },
        'cold_jit_in_window',
      );
    expect(of('All runs after a warm-up: 45 tok/s.')).toBeLessThan(
      of('All runs without a warm-up: 45 tok/s.'),
    );
  });
});
