import { describe, expect, it } from 'vitest';
import { byRules, confidenceByRules, pairsOf, type Row } from './by-rules.ts';

const NOTHING =
  'Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 0.0 tokens/s, Running: 0 reqs, Waiting: 2 reqs, GPU KV cache usage: 0.0%';
const POOL = (tokens: string): string =>
  `GPU KV cache size: ${tokens} tokens\nMaximum concurrency for 131,072 tokens per request: 1.80x\n${NOTHING}\n${NOTHING}`;

const BARS = (added: string): string =>
  `Adding requests: 100%|##########| 200/200 [00:04<00:00, ${added}]\nProcessed prompts: 100%|##########| 200/200 [00:00<00:00, 880.10it/s, est. speed input: 9000.1 toks/s]`;

const NODES = 'vllm serve m --tensor-parallel-size 2 --nnodes 2 --node-rank 0';
const SOCKET = 'a:1:2 [0] NCCL INFO NET/Socket : Using [0]eth0:10.0.0.1<0>';
const NO_IB = 'a:1:2 [0] NCCL INFO NET/IB : No device found.';
const JOINED = 'Both machines have a ConnectX card and it is slower than it should be.';

const PREEMPTED = (total: number): string =>
  `WARNING scheduler.py:1558] Sequence group 7 is preempted by PreemptionMode.RECOMPUTE mode because there is not enough KV cache space. total_num_cumulative_preemption=${total}`;

const BOUND = (why: string): string =>
  `torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. The server socket has failed to bind to [::]:29511 (${why}).`;

const COPIES = 'Four replicas share the same system prompt, the hit rate of each is low.';
const HEAD = (path: string): string =>
  `kubelet: HEAD https://registry.example.org/${path}: unexpected status code 403 Forbidden (HEAD responses have no body, use GET for details)`;

/** Reports that differ in the one thing that shows what is on the way of requests, of text or of data between GPUs. */
const ROWS: readonly Row[] = [
  [
    'requests that never start beside an empty pool of windows',
    'admission_too_conservative',
    'vllm',
    { log: POOL('61,440') },
    { log: POOL('235,929') },
  ],
  [
    'prompts that come in more slowly than they are answered',
    'cpu_or_frontend_bound',
    'vllm',
    { log: BARS('48.20it/s') },
    { log: BARS('5120.11it/s') },
  ],
  [
    'a harness that hands over one request at a time',
    'client_limited',
    'vllm',
    {
      launch_command: 'lm_eval --model vllm --tasks gsm8k',
      symptom: 'Twice as slow as expected.',
    },
    {
      launch_command: 'lm_eval --model vllm --tasks gsm8k --batch_size auto',
      symptom: 'Twice as slow as expected.',
    },
  ],
  [
    'sockets where a fast network is',
    'nccl_interconnect',
    'vllm',
    { launch_command: NODES, log: `${NO_IB}\n${SOCKET}`, symptom: JOINED },
    {
      launch_command: NODES,
      log: `a:1:2 [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/RoCE`,
      symptom: JOINED,
    },
  ],
  [
    'many that were thrown out',
    'preemption_thrash',
    'vllm',
    { log: PREEMPTED(101), symptom: 'It gets stuck and then crawls.' },
    { log: PREEMPTED(1), symptom: 'It gets stuck and then crawls.' },
  ],
  [
    'a port of a process group that is taken',
    'port_conflict',
    'sglang',
    { log: BOUND('errno: 98 - Address already in use') },
    { log: BOUND('errno: 99 - Cannot assign requested address') },
  ],
  [
    'alike prompts that are spread over copies',
    'prefix_cache_miss',
    'vllm',
    { symptom: `${COPIES} The gateway picks at random.` },
    { symptom: `${COPIES} The gateway picks by prefix.` },
  ],
  [
    'a first prompt that had been read',
    'warm_prefix_cache_in_benchmark',
    'vllm',
    { benchmark: 'first request TTFT 0.05 s, second 3.9 s' },
    { benchmark: 'first request TTFT 3.8 s, second 3.9 s' },
  ],
  [
    'late drafts that are thrown away',
    'speculation_not_paying',
    'vllm',
    { log: 'Per-position acceptance rate: 0.810, 0.540, 0.310, 0.190' },
    { log: 'Per-position acceptance rate: 0.810, 0.740, 0.690, 0.610' },
  ],
  [
    'GPUs that may not speak to each other',
    'tp_communication_bound',
    'vllm',
    {
      launch_command: 'NCCL_P2P_DISABLE=1 vllm serve m --tensor-parallel-size 4',
      symptom: 'Slow.',
    },
    { launch_command: 'NCCL_P2P_DISABLE=1 vllm serve m', symptom: 'Slow.' },
  ],
  [
    'more requests than a file of stages lets run',
    'batch_cap_binding',
    'vllm',
    { log: 'engine_args: {max_num_seqs: 4}', benchmark: 'concurrency 32: 3 req/s' },
    { log: 'engine_args: {max_num_seqs: 64}', benchmark: 'concurrency 32: 3 req/s' },
  ],
  [
    'no token left for an answer',
    'context_too_long',
    'vllm',
    { log: 'openai.BadRequestError: max_tokens must be at least 1, got -412.' },
    { log: 'openai.BadRequestError: max_tokens must be at least 1, got 0.' },
  ],
  [
    'an image that a registry refuses',
    'image_pull_failure',
    'vllm',
    { log: HEAD('v2/team/server/manifests/1.2') },
    { log: HEAD('api/models') },
  ],
  [
    'a tensor of a quantised checkpoint that the model lacks',
    'quantization_mismatch',
    'vllm',
    { log: "KeyError: 'layers.3.mlp.gate_proj.g_idx'" },
    { log: "KeyError: 'layers.3.mlp.gate_proj.thing'" },
  ],
  [
    'a replica that was taken back',
    'spot_interruption',
    'vllm',
    { launch_command: 'sky serve up s.yaml', log: 'chat  1  1  PREEMPTED  us-east-1' },
    { launch_command: 'sky serve up s.yaml', log: 'chat  1  1  READY  us-east-1' },
  ],
];

describe('what is on the way', () => {
  it.each(pairsOf(ROWS))('$what speaks for $cls ($engine)', ({ cls, engine, fires, quiet }) => {
    const fired = confidenceByRules(engine, fires, cls);
    expect(fired).toBeGreaterThanOrEqual(0.45);
    expect(confidenceByRules(engine, quiet, cls)).toBeLessThan(fired);
  });

  it('offers what passes a network card into a container', () => {
    const input = { launch_command: NODES, log: `${NO_IB}\n${SOCKET}`, symptom: JOINED };
    const [first] = byRules({ engine: 'vllm', input }).causes;
    expect(first?.knobs).toContain('--device /dev/infiniband');
  });

  it('offers the port of the process group', () => {
    const input = { log: BOUND('errno: 98 - Address already in use') };
    expect(byRules({ engine: 'sglang', input }).causes[0]?.knobs).toContain('--nccl-port');
  });
});
