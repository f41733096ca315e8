import { describe, expect, it } from 'vitest';
import { diagnoseCase } from '../../../mcp-server/app/diagnose-case.ts';
import { byRules, type Input, pairsOf, type Row, sureByRules } from './by-rules.ts';

/** Reports that differ in the one thing that a reading is about. */
const ROWS: readonly Row[] = [
  [
    'a log that ends where the ranks look for each other',
    'nccl_interconnect',
    'vllm',
    { log: 'INFO 03-22 15:00:10 [pynccl.py:63] vLLM is using nccl==2.20.5' },
    {
      log: 'INFO 03-22 15:00:10 [pynccl.py:63] vLLM is using nccl==2.20.5\nINFO 03-22 15:00:12 [x.py:1] Starting to load model',
    },
  ],
  [
    'an engine’s line that a person quotes',
    'context_too_long',
    'vllm',
    {
      symptom:
        'It answers "This model\'s maximum context length is 4096 tokens. However, you requested 5000." to some.',
    },
    { symptom: 'It answers to some and not to others.' },
  ],
  [
    'a first request that takes many times as long as those behind it',
    'cold_jit_in_window',
    'vllm',
    { benchmark: 'request 1: 2400 ms\nrequests 2 to 40: mean 80 ms' },
    { benchmark: 'request 1: 90 ms\nrequests 2 to 40: mean 80 ms' },
  ],
  [
    'weights that fill the bandwidth of the card',
    'decode_bandwidth_bound',
    'llamacpp',
    {
      gpu: 'RTX 3090',
      log: 'load_tensors:      CUDA0 model buffer size = 18000.00 MiB\n       eval time =   10000.00 ms /   350 tokens (   28.57 ms per token,    35.00 tokens per second)',
    },
    {
      gpu: 'RTX 3090',
      log: 'load_tensors:      CUDA0 model buffer size = 18000.00 MiB\n       eval time =   10000.00 ms /    50 tokens (  200.00 ms per token,     5.00 tokens per second)',
    },
  ],
  [
    'a batch at which the steps stop being captured',
    'decode_eager_no_cuda_graph',
    'vllm',
    { symptom: 'Throughput drops drastically just when the batch reaches 700.' },
    { symptom: 'Throughput rises gently just when the batch reaches 700.' },
  ],
  [
    'threads of which fewer are faster',
    'cpu_or_frontend_bound',
    'llamacpp',
    { symptom: 'With all 24 threads tokens take many seconds; it is best at half of them.' },
    { symptom: 'With all 24 files loaded tokens come; the answers are best at noon.' },
  ],
  [
    'a start that stands where the ranks meet',
    'nccl_interconnect',
    'vllm',
    { symptom: 'The pods get stuck at NCCL initialization and never come up.' },
    { symptom: 'The pods get past the download and come up.' },
  ],
  [
    'a batch past which the whole server collapses',
    'decode_eager_no_cuda_graph',
    'vllm',
    { benchmark: '2 streams: 78 tok/s\n3 streams: 5 tok/s' },
    { benchmark: '2 streams: 78 tok/s\n3 streams: 110 tok/s' },
  ],
  [
    'more cards that bring nothing',
    'tp_communication_bound',
    'vllm',
    { benchmark: '1 card: 1890 tok/s\n4 cards: 1602 tok/s' },
    { benchmark: '1 card: 1890 tok/s\n4 cards: 6100 tok/s' },
  ],
  [
    'a linker that does not find the driver’s library',
    'driver_or_cuda_mismatch',
    'vllm',
    { log: '/usr/bin/ld: cannot find -lcuda: No such file or directory' },
    { log: 'Graph kernels were built in 12 s' },
  ],
  [
    'a full disk that is one of memory',
    'shm_or_ipc',
    'vllm',
    {
      log: '  File "/usr/lib/python3.12/multiprocessing/shared_memory.py", line 104, in __init__\n    os.ftruncate(self._fd, size)\nOSError: [Errno 28] No space left on device',
    },
    {
      log: '  File "/usr/lib/python3.12/shutil.py", line 204, in copyfileobj\n    fdst.write(buf)\nOSError: [Errno 28] No space left on device',
    },
  ],
  [
    'a traceback whose head was cut off',
    'oom_cuda_graph_capture',
    'vllm',
    {
      log: '  File "/v/worker.py", line 345, in warm_up\n    self.model_runner.capture_model()\ntorch.OutOfMemoryError: CUDA out of memory.',
    },
    {
      log: '  File "/v/worker.py", line 345, in warm_up\n    self.model_runner.profile_run()\ntorch.OutOfMemoryError: CUDA out of memory.',
    },
  ],
  [
    'more threads than cores',
    'cpu_or_frontend_bound',
    'llamacpp',
    { launch_command: 'llama-server -m m.gguf -t 64', symptom: 'Slow on 16 cores.' },
    { launch_command: 'llama-server -m m.gguf -t 16', symptom: 'Fine on 16 cores.' },
  ],
  [
    'tensors split over machines',
    'tp_communication_bound',
    'vllm',
    {
      launch_command: 'vllm serve m --tensor-parallel-size 16',
      symptom: 'Two machines, 10 Gbit Ethernet, 2 tok/s.',
    },
    {
      launch_command: 'vllm serve m --tensor-parallel-size 8 --pipeline-parallel-size 2',
      symptom: 'Two machines, all is well.',
    },
  ],
  [
    'requests that are swapped out',
    'preemption_thrash',
    'vllm',
    { log: 'INFO metrics.py:396] Running: 40 reqs, Swapped: 25 reqs, Pending: 0 reqs' },
    { log: 'INFO metrics.py:396] Running: 40 reqs, Swapped: 0 reqs, Pending: 0 reqs' },
  ],
  [
    'preemptions that are counted',
    'preemption_thrash',
    'vllm',
    { benchmark: 'concurrency 128: 1065 preemptions, ITL p99 40 ms' },
    { benchmark: 'concurrency 128: ITL p99 40 ms' },
  ],
  [
    'a tile that quantised weights do not divide by',
    'quantization_mismatch',
    'vllm',
    { log: 'RuntimeError: size_n = 6448 is not divisible by tile_n_size = 64' },
    { log: 'RuntimeError: 6448 rows are not divisible by 7 ranks' },
  ],
];

const PAIRS = pairsOf(ROWS);

const sure = (engine: string, input: Input): readonly string[] =>
  sureByRules(engine, input, (confidence) => confidence > 0.5);

describe('what a report shows', () => {
  it.each(PAIRS)('$what is read as $cls', ({ cls, engine, fires }) => {
    expect(sure(engine, fires)[0]).toBe(cls);
  });

  it.each(PAIRS)('without $what nobody says $cls', ({ cls, engine, quiet }) => {
    expect(sure(engine, quiet)).not.toContain(cls);
  });

  it('is no hang where answers stand still for some seconds and go on', () => {
    const first = (symptom: string): string | undefined =>
      byRules({ engine: 'vllm', input: { symptom } }).causes[0]?.class;
    const pasted = 'When somebody pastes a document of 12k tokens every open answer freezes';
    expect(first(`${pasted} for about ten seconds and goes on.`)).toBe('prefill_interference');
    expect(first('Every open answer freezes until the server is restarted.')).toBe('hang_watchdog');
  });

  it('is no question of weights that did not fit where the server came as far as its graphs', () => {
    const input = { model: 'Qwen3-32B', gpu: 'RTX 4090 24 GB' };
    const end = 'torch.OutOfMemoryError: CUDA out of memory.';
    const classes = (log: string): readonly string[] => sure('vllm', { ...input, log });
    expect(classes(end)[0]).toBe('weights_do_not_fit');
    expect(classes(`GPU KV cache size: 61,232 tokens\n${end}`)).not.toContain('weights_do_not_fit');
  });

  it('blames no speed for a server that ended for a reason that nothing tells', () => {
    for (const log of ['loading\nserver ended with status 3', 'main: exiting']) {
      const [first] = diagnoseCase({ engine: 'vllm', input: { log } }).causes;
      expect(first?.class).not.toMatch(/_bound|limited|thrash|conservative|binding/);
      expect(first?.confidence).toBeLessThan(0.3);
    }
  });

  it('offers no flag whose memory is not taken yet where the start ends', () => {
    const oom = 'torch.OutOfMemoryError: CUDA out of memory.';
    const knobs = (frame: string): readonly string[] =>
      byRules({ engine: 'vllm', input: { log: `  in ${frame}\n${oom}` } }).causes[0]?.knobs ?? [];
    expect(knobs('create_weights')).not.toContain('--max-model-len');
    expect(knobs('profile_run')).not.toContain('--gpu-memory-utilization');
    expect(knobs('profile_run')).toContain('--max-num-batched-tokens');
  });

  it('takes a class for less likely where a number speaks against what words say of it', () => {
    const of = (cls: string, input: Input): number =>
      byRules({ engine: 'vllm', input }).causes.find((cause) => cause.class === cls)?.confidence ??
      0;
    const kv = 'The KV cache seems to be full and requests wait in the queue.';
    const gauge = (value: string): string => `vllm:kv_cache_usage_perc ${value}\n`;
    const roomy = of('kv_bound_queueing', { symptom: kv, metrics_text: gauge('0.2') });
    expect(roomy).toBeLessThan(of('kv_bound_queueing', { symptom: kv }) - 0.1);
    const cards = 'All-reduce over PCIe between 4 GPUs may be slow.';
    const pays = { symptom: cards, benchmark: '1 GPU: 1000 tok/s\n4 GPUs: 3600 tok/s' };
    expect(of('tp_communication_bound', pays)).toBeLessThan(
      of('tp_communication_bound', { symptom: cards }) - 0.1,
    );
    const alone = { model: 'Qwen3-4B', gpu: 'H100', benchmark: 'single user: 30 tok/s' };
    const fast = { ...alone, benchmark: 'single user: 300 tok/s' };
    expect(of('decode_bandwidth_bound', alone)).toBeLessThan(of('decode_bandwidth_bound', fast));
  });
});
