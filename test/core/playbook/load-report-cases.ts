import type { Report } from '../../../mcp-server/core/playbook/reported/report.ts';

type Row = readonly [cls: string, engine: Report['engine'], input: Report['input']];

/** Reports of servers that run, and of places that could not be had or kept. */
export const LOAD_REPORTS: readonly Row[] = [
  [
    'decode_eager_no_cuda_graph',
    'vllm',
    {
      launch_command: 'vllm serve m --enforce-eager',
      symptom: 'half the tokens per second of a colleague on the same card',
    },
  ],
  [
    'decode_eager_no_cuda_graph',
    'sglang',
    {
      log: '[2026-03-22 15:00:10] Decode batch, #running-req: 60, #token: 4096, token usage: 0.03, cuda graph: False, gen throughput (token/s): 900.20, #queue-req: 0',
    },
  ],
  [
    'batch_cap_binding',
    'vllm',
    {
      launch_command: 'vllm serve m --max-num-seqs 16',
      benchmark: 'concurrency 128: 900 tok/s, TTFT p50 8 s',
    },
  ],
  [
    'batch_cap_binding',
    'vllm',
    {
      log: Array.from(
        { length: 3 },
        () =>
          'INFO 03-22 15:00:10 [loggers.py:248] Engine 000: Avg prompt throughput: 512.3 tokens/s, Avg generation throughput: 1834.2 tokens/s, Running: 256 reqs, Waiting: 700 reqs, GPU KV cache usage: 31.0%, Prefix cache hit rate: 0.0%',
      ).join('\n'),
    },
  ],
  [
    'admission_too_conservative',
    'sglang',
    {
      log: [41, 44, 39]
        .map(
          (n) =>
            `[2026-03-22 15:00:10] Decode batch, #running-req: ${n}, #token: 4096, token usage: 0.52, cuda graph: True, gen throughput (token/s): 900.20, #queue-req: 80`,
        )
        .join('\n'),
    },
  ],
  [
    'kv_bound_queueing',
    'sglang',
    {
      log: [41, 44, 39]
        .map(
          (n) =>
            `[2026-03-22 15:00:10] Decode batch, #running-req: ${n}, #token: 4096, token usage: 0.98, cuda graph: True, gen throughput (token/s): 900.20, #queue-req: 80`,
        )
        .join('\n'),
    },
  ],
  [
    'kv_bound_queueing',
    'vllm',
    {
      metrics_text:
        'vllm:num_requests_running{engine="0"} 40\nvllm:num_requests_waiting{engine="0"} 90\nvllm:kv_cache_usage_perc{engine="0"} 0.99\n',
    },
  ],
  [
    'preemption_thrash',
    'sglang',
    {
      log: '[2026-03-22 15:00:10] KV cache pool is full. Retract requests. #retracted_reqs: 3, #new_tokens_gained: 512, #new_token_ratio: 0.35 -> 0.70',
    },
  ],
  ['preemption_thrash', 'vllm', { metrics_text: 'vllm:num_preemptions_total{engine="0"} 412\n' }],
  [
    'prefill_interference',
    'vllm',
    {
      symptom: 'tokens of running streams stall for a second whenever a long prompt arrives',
      benchmark: 'ITL p50 12 ms, p99 940 ms',
    },
  ],
  [
    'prefill_bound',
    'vllm',
    {
      benchmark: 'input 16000 tokens, output 64, concurrency 1: TTFT 6200 ms, TPOT 14 ms',
      symptom: 'time to first token grows with the prompt',
    },
  ],
  [
    'decode_bandwidth_bound',
    'vllm',
    {
      benchmark: 'batch 1: 42 tok/s, TPOT 23.6 ms',
      gpu: 'A100 80GB',
      model: 'Qwen2.5-14B',
      symptom: 'single user decode speed does not improve with any setting',
    },
  ],
  [
    'cpu_or_frontend_bound',
    'vllm',
    { symptom: 'GPU utilization stays at 40 % while one CPU core is at 100 %' },
  ],
  [
    'cpu_or_frontend_bound',
    'llamacpp',
    {
      launch_command: 'llama-server -m m.gguf --threads 64',
      symptom: 'on a 16 core machine hyper-threads make it slower',
    },
  ],
  [
    'detokenizer_bound',
    'sglang',
    {
      symptom:
        'at batch 1000 the detokenizer process uses a full core and clients see 5 times the inter token latency of the server',
    },
  ],
  [
    'tp_communication_bound',
    'vllm',
    {
      launch_command: 'vllm serve m/Llama-3-8B --tensor-parallel-size 4',
      symptom: 'four GPUs over PCIe give less throughput than one',
    },
  ],
  [
    'speculation_not_paying',
    'vllm',
    {
      launch_command: 'vllm serve m --speculative-config \'{"method":"ngram"}\'',
      symptom: 'slower with speculative decoding than without, acceptance 20 %',
    },
  ],
  [
    'layers_on_cpu',
    'llamacpp',
    {
      log: 'load_tensors: offloading 0 repeating layers to GPU\nload_tensors: offloaded 0/33 layers to GPU',
      symptom: '3 tokens per second, GPU idle',
    },
  ],
  [
    'prefix_cache_miss',
    'sglang',
    {
      launch_command: 'python -m sglang.launch_server --model-path m --disable-radix-cache',
      symptom: 'the shared system prompt of 6k tokens is computed again for every request',
    },
  ],
  [
    'warm_prefix_cache_in_benchmark',
    'sglang',
    {
      symptom: 'TTFT of the second run of the same prompts is 20 times lower, hit rate 98 %',
      benchmark: 'run 1 TTFT 310 ms, run 2 TTFT 14 ms, same seed',
    },
  ],
  [
    'cold_jit_in_window',
    'sglang',
    {
      benchmark: 'three runs: 900, 4100, 4150 tok/s',
      symptom: 'the first run after a restart is slow',
    },
  ],
  [
    'proxy_buffering',
    'vllm',
    { symptom: 'through the ingress all chunks come at once at the end, directly they stream' },
  ],
  [
    'client_limited',
    'vllm',
    {
      symptom:
        'the benchmark client is a single Python process at its CPU limit, Running never above 20 reqs',
      benchmark: 'max-concurrency 20',
    },
  ],
  [
    'no_capacity',
    'dstack',
    {
      log: 'cowardly-lion-1 provisioning completed (failed)\nRun failed with error code FAILED_TO_START_DUE_TO_NO_CAPACITY.',
    },
  ],
  [
    'image_pull_failure',
    'dstack',
    { log: 'Error response from daemon: manifest for org/image:nope not found: manifest unknown' },
  ],
  [
    'spot_interruption',
    'dstack',
    {
      log: 'Run failed with error code INTERRUPTED_BY_NO_CAPACITY.',
      symptom: 'after four hours on a spot instance',
    },
  ],
  [
    'instance_unreachable',
    'dstack',
    {
      log: 'Provisioning instance could not be completed: SSH connection to the user@10.0.0.4:22 was unsuccessful',
    },
  ],
];
