import { describe, expect, it } from 'vitest';
import { byRules, type Input, pairsOf, type Row, sureByRules } from './by-rules.ts';

const NCCL = 'INFO 01-25 08:00:12 [pynccl.py:111] vLLM is using nccl==2.27.5';
const BLOCK =
  'INFO 01-25 08:01:12 [shm_broadcast.py:501] No available shared memory broadcast block found in 60 seconds.';
const BARE =
  'RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)';
const NO_ROOM =
  'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.';
const LOST = 'job status is FAILED, reason: INTERRUPTED_BY_NO_CAPACITY';

/** Reports of what stands around an engine, which differ in the one thing that a reading is about. */
const ROWS: readonly Row[] = [
  [
    'waiting that began where the ranks look for each other',
    'nccl_interconnect',
    'vllm',
    { log: `${NCCL}\n${BLOCK}\n${BLOCK}` },
    { log: `${NCCL}\nINFO [gpu_worker.py:298] Available KV cache memory: 11.17 GiB\n${BLOCK}` },
  ],
  [
    'cards without a path to each other at which everything ends',
    'nccl_interconnect',
    'vllm',
    {
      log: 'box:27:27 [2] NCCL INFO P2P is disabled between connected GPUs 2 and 1. You can repress this message\nDEBUG client.py:192] Waiting for output from MQLLMEngine.',
    },
    { log: 'DEBUG client.py:192] Waiting for output from MQLLMEngine.' },
  ],
  [
    'a failed system call in one container',
    'shm_or_ipc',
    'vllm',
    { log: BARE, symptom: 'With four cards in docker it never comes up.' },
    { log: `${BARE}\nbox:1:1 [0] NCCL WARN NET/IB : Unable to open device mlx5_1` },
  ],
  [
    'a runner that was lost on a machine which nobody may take back',
    'instance_unreachable',
    'dstack',
    { log: LOST, symptom: 'The server was off the network for a minute; on-demand machine.' },
    { log: LOST, symptom: 'The spot machine was taken back.' },
  ],
  [
    'a quota of spot machines',
    'no_capacity',
    'dstack',
    {
      log: 'ClientError: An error occurred (MaxSpotInstanceCountExceeded) when calling the RunInstances operation: Max spot instance count exceeded',
    },
    { log: LOST, symptom: 'The spot machine was taken back by the cloud.' },
  ],
  [
    'a pod for which a cloud has no quota, without an orchestrator of ours',
    'no_capacity',
    'vllm',
    { symptom: 'The pod stays pending: no nodes, and our quota for GPU instances is zero.' },
    { symptom: 'The pod answers slowly.' },
  ],
  [
    'a tunnel that did not start',
    'instance_unreachable',
    'dstack',
    {
      log: 'WARNING job(88)llama-0-0: failed to register service replica: SSHError: SSH tunnel failed to start\nRun failed with error code GATEWAY_ERROR.',
    },
    { log: 'WARNING job(88)llama-0-0: container exited' },
  ],
  [
    'a second server of which the first still answers',
    'port_conflict',
    'llamacpp',
    {
      symptom:
        'I start a second server in another terminal without an error, but /v1/models still answers with the first model.',
    },
    { symptom: 'I start a second server in another terminal and it is slow.' },
  ],
  [
    'a proxy whose configuration compresses the stream',
    'proxy_buffering',
    'vllm',
    {
      launch_command: 'example.com {\n  encode gzip zstd\n  reverse_proxy 127.0.0.1:8000\n}',
      benchmark: 'upstream TTFT 2.69 s, downstream TTFT 10.35 s',
    },
    {
      launch_command: 'vllm serve m',
      benchmark: 'TTFT 2.69 s at 4 users, 10.35 s at 64',
    },
  ],
  [
    'compression that collects a stream',
    'proxy_buffering',
    'llamacpp',
    { symptom: 'Since responses are compressed the entire reply lands at once.' },
    { symptom: 'Since the update replies are short.' },
  ],
  [
    'a health check that waits for the detokenizer in vain',
    'hang_watchdog',
    'sglang',
    {
      log: "[2026-06-26 05:43:14] Health check failed. Server couldn't get a response from detokenizer for last 20 seconds. tic start time: 05:42:54. last_heartbeat time: 05:42:53",
    },
    { log: '[2026-06-26 05:43:14] INFO:     10.0.0.4:41022 - "GET /health HTTP/1.1" 200 OK' },
  ],
  [
    'a pool that got nothing because others hold the card',
    'gpu_already_in_use',
    'vllm',
    {
      log: `INFO worker.py:267] model weights take 7.17GiB; non_torch_memory takes 21.40GiB; PyTorch activation peak memory takes 1.83GiB\n${NO_ROOM}`,
    },
    {
      log: `INFO worker.py:267] model weights take 7.17GiB; non_torch_memory takes 0.14GiB; PyTorch activation peak memory takes 1.83GiB\n${NO_ROOM}`,
    },
  ],
  [
    'a small model that finds no room in its share, beside another',
    'gpu_already_in_use',
    'vllm',
    {
      gpu: 'RTX 5090 32 GB',
      launch_command: 'vllm serve org/m-0.6B --gpu-memory-utilization 0.30',
      symptom:
        'Two models on the same card at the same time: the second server does not start. One after the other both come up.',
      log: NO_ROOM,
    },
    {
      gpu: 'RTX 5090 32 GB',
      launch_command: 'vllm serve org/m-14B --gpu-memory-utilization 0.90',
      symptom: 'It does not start.',
      log: NO_ROOM,
    },
  ],
  [
    'a gateway that no longer answers the orchestrator',
    'instance_unreachable',
    'dstack',
    { log: 'Continue? [y/n]: y\nGateway is not working: ' },
    { log: 'Continue? [y/n]: y\nGateway my-gateway does not exist yet.' },
  ],
  [
    'a context that its slots share and that forgets its head',
    'context_too_long',
    'llamacpp',
    {
      symptom:
        'After an hour the agent forgets its instructions, far below its context window. With --parallel 1 it works.',
    },
    { symptom: 'After an hour requests wait although --parallel 8 is set.' },
  ],
  [
    'a client with a transport that is slower than another',
    'client_limited',
    'vllm',
    {
      symptom:
        'Identical prompts, prefix caching is off. With the aiohttp transport under the same client the run is several times faster.',
    },
    { symptom: 'Identical prompts in a second run are several times faster, prefix caching on.' },
  ],
  [
    'a thread of which only the end is new',
    'prefix_cache_miss',
    'llamacpp',
    {
      symptom:
        'In long threads every reply takes tens of seconds although only the last message is new.',
    },
    { symptom: 'With 16 threads on 8 cores every reply takes tens of seconds.' },
  ],
  [
    'a front end that hears nothing of its engine',
    'hang_watchdog',
    'vllm',
    { log: "ERROR client.py:244] TimeoutError('No heartbeat received from MQLLMEngine')" },
    { log: 'INFO 10-12 22:20:01 launcher.py:27] Route: /health, Methods: GET' },
  ],
  [
    'a split over machines of one card each',
    'tp_communication_bound',
    'vllm',
    {
      gpu: '2x DGX Spark (GB10)',
      launch_command: 'vllm serve m-120b --tensor-parallel-size 2',
      symptom: 'The steps take twice as long as the reference.',
    },
    {
      gpu: 'H100',
      launch_command: 'vllm serve m-120b --tensor-parallel-size 2',
      symptom: 'The steps take twice as long as the reference.',
    },
  ],
];
const PAIRS = pairsOf(ROWS);

const SURE = 0.3;

const sure = (engine: string, input: Input): readonly string[] =>
  sureByRules(engine, input, (confidence) => confidence >= SURE);

describe('what a report shows of the place where an engine runs', () => {
  it.each(PAIRS)('$what is read as $cls', ({ cls, engine, fires }) => {
    expect(sure(engine, fires)[0]).toBe(cls);
  });

  it.each(PAIRS)('without $what nobody says $cls', ({ cls, engine, quiet }) => {
    expect(sure(engine, quiet)[0]).not.toBe(cls);
  });

  it('offers the variables that the report sets, as far as they address the cause', () => {
    const knobsOf = (input: Input): readonly string[] =>
      byRules({ engine: 'vllm', input }).causes[0]?.knobs ?? [];
    const log = 'NCCL WARN Call to ibv_reg_dmabuf_mr failed with error Cannot allocate memory';
    const set = 'NCCL INFO NCCL_BUFFSIZE set by environment to 1073741824.';
    expect(knobsOf({ log: `${set}\n${log}` })).toContain('NCCL_BUFFSIZE');
    expect(knobsOf({ log })).not.toContain('NCCL_BUFFSIZE');
    expect(knobsOf({ log: `MY_SIZE set by environment to 1\n${log}` })).not.toContain('MY_SIZE');
  });
});
