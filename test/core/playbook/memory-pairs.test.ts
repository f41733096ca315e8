import { describe, expect, it } from 'vitest';
import { byRules, confidenceByRules, type Input, type Row } from './by-rules.ts';

const OOM_BAR = 'Traceback (most recent call last):\ntorch.OutOfMemoryError: CUDA out of memory.';
const NO_BLOCKS =
  'INFO 03-22 15:00:10 [gpu_worker.py:298] Available KV cache memory: -1.10 GiB\nValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.';
const REFUSED =
  'Input length (90062 tokens) exceeds the maximum allowed length (40960 tokens). Use a shorter input or enable --allow-auto-truncate.';
const FULL_CARD =
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB. GPU 0 has a total capacity of 79.15 GiB of which 90.00 MiB is free.';

/** Reports that differ in the one thing that a reading of memory is about. */
const ROWS: readonly Row[] = [
  [
    'a bar of captures that stands with no memory left',
    'oom_cuda_graph_capture',
    'sglang',
    {
      log: 'Capturing batches (bs=96 avail_mem=0.21 GB):  22%|██▏       | 8/36 [00:31<01:50]',
      symptom: 'It hangs here.',
    },
    {
      log: 'Capturing batches (bs=96 avail_mem=9.21 GB):  22%|██▏       | 8/36 [00:31<01:50]',
      symptom: 'It hangs here.',
    },
  ],
  [
    'memory that ends while pieces of prefill are captured',
    'oom_cuda_graph_capture',
    'sglang',
    { log: `Capturing num tokens (num_tokens=2048 avail_mem=2.40 GB):   9%\n${OOM_BAR}` },
    { log: `The server is fired up and ready to roll!\n${OOM_BAR}` },
  ],
  [
    'a prompt that is refused below the context that was asked for',
    'kv_cache_too_small',
    'sglang',
    { launch_command: 'sglang serve --context-length 131072', log: REFUSED },
    { launch_command: 'sglang serve --context-length 40966', log: REFUSED },
  ],
  [
    'memory that ends only where graphs are taken',
    'oom_cuda_graph_capture',
    'vllm',
    { log: OOM_BAR, symptom: 'With --enforce-eager it comes up, otherwise never.' },
    { log: OOM_BAR, symptom: 'With --enforce-eager it runs out of memory too.' },
  ],
  [
    'probabilities asked for a prompt',
    'oom_activation_prefill',
    'vllm',
    { log: OOM_BAR, symptom: 'Only with prompt_logprobs=1.' },
    { log: OOM_BAR, symptom: 'Only with logprobs=1.' },
  ],
  [
    'a static share below what the weights take',
    'kv_cache_too_small',
    'sglang',
    {
      log: 'ValueError: Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static=0.5. Raise --mem-fraction-static above 0.612 (minimum viable = 1 - available/pre = 0.6118).',
    },
    { log: 'ValueError: Unsupported kv_cache_dtype: fp9.' },
  ],
  [
    'an estimate of graphs that was short',
    'oom_cuda_graph_capture',
    'vllm',
    {
      log: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 96.00 MiB. If this problem persists, try setting VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS=0',
    },
    { log: 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 96.00 MiB.' },
  ],
  [
    'no context asked for, and a cache that is too much',
    'kv_cache_too_small',
    'llamacpp',
    {
      launch_command: 'llama-server -m a.gguf -ngl 99',
      symptom: 'OOM: the context it picks is 256k.',
    },
    {
      launch_command: 'llama-server -m a.gguf -ngl 99 -c 4096 -ub 4096',
      symptom: 'OOM with a long context prompt.',
    },
  ],
  [
    'the part of the context that a slot gets',
    'context_too_long',
    'llamacpp',
    {
      launch_command: 'llama-server -m a.gguf -c 32768 -np 4',
      symptom: 'Prompts above 8192 tokens are refused.',
    },
    {
      launch_command: 'llama-server -m a.gguf -c 32768 -np 1',
      symptom: 'Answers stop after 8192 tokens at times.',
    },
  ],
  [
    'small weights of which no share is left',
    'gpu_already_in_use',
    'vllm',
    {
      launch_command: 'vllm serve org/tiny-1B --gpu-memory-utilization 0.3',
      gpu: 'A100 80GB',
      log: NO_BLOCKS,
      symptom: 'Two models start on the same card at the same time.',
    },
    {
      launch_command: 'vllm serve org/big-34B --gpu-memory-utilization 0.9',
      gpu: 'A100 80GB',
      log: NO_BLOCKS,
      symptom: 'Two models start on the same card at the same time.',
    },
  ],
  [
    'memory of the machine that ends once it served',
    'oom_under_load',
    'llamacpp',
    {
      log: 'slot launch_slot_: id  0 | task 7 | processing task\nA process of this unit has been killed by the OOM killer.',
    },
    { log: 'load_tensors: loading model tensors\nKilled' },
  ],
  [
    'a full pool of a llama-server',
    'context_too_long',
    'llamacpp',
    { log: 'srv  decode: Context size has been exceeded. off = 0, n_batch = 1, ret = 1' },
    { log: 'llama_kv_cache_init: failed to allocate buffer for kv cache' },
  ],
  [
    'frames that somebody shortened',
    'oom_activation_prefill',
    'vllm',
    {
      log: 'gpu_model_runner.py:5121, in _get_prompt_logprobs_dict\n  logits = self.compute(x)\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.82 GiB.',
    },
    {
      log: 'gpu_model_runner.py:5121, in load_model\n  self.model = get_model(x)\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.82 GiB.',
    },
  ],
  [
    'a server that was killed hard and left its workers',
    'gpu_already_in_use',
    'vllm',
    {
      symptom:
        'After a SIGKILL of the API server the next start fails for want of GPU memory; ps still shows the engine.',
    },
    { symptom: 'After a SIGTERM of the API server the next start takes a minute.' },
  ],
  [
    'an order that the provider cannot fill',
    'no_capacity',
    'dstack',
    {
      log: 'QueryError: There are no longer any instances available with the requested specifications.',
    },
    { log: 'Failed to pull image "org/engine:1": manifest unknown' },
  ],
  [
    'a quota of spot instances',
    'no_capacity',
    'dstack',
    {
      log: 'ClientError: An error occurred (MaxSpotInstanceCountExceeded) when calling RunInstances',
      symptom: 'Our quota of spot instances is 0.',
    },
    {
      log: 'run failed: INTERRUPTED_BY_NO_CAPACITY',
      symptom: 'The spot instance was taken away after an hour.',
    },
  ],
];

const confidenceOf = (input: Input, cls: string): number => confidenceByRules('vllm', input, cls);
const ranksOf = (engine: string, input: Input, cls: string): number =>
  byRules({ engine, input }).causes.findIndex((one) => one.class === cls);

describe('what the memory in a report tells', () => {
  it.each(ROWS)('%s is told first', (...[, cls, engine, fires]) => {
    expect(ranksOf(engine, fires, cls)).toBe(0);
  });

  it.each(ROWS)('%s is not told first where it is not so', (...[, cls, engine, , quiet]) => {
    expect(ranksOf(engine, quiet, cls)).not.toBe(0);
  });

  it('a card that is full of more than the weights makes a neighbour likelier, and the weights less', () => {
    const small = { gpu: 'A100 80GB', model: 'org/chat-7B', log: FULL_CARD };
    const large = { ...small, model: 'org/chat-70B' };
    const told = { ...small, model: 'org/chat', symptom: 'We load a checkpoint of 20 GB.' };
    for (const input of [small, told]) {
      expect(confidenceOf(input, 'gpu_already_in_use')).toBeGreaterThan(
        confidenceOf(large, 'gpu_already_in_use') + 0.2,
      );
    }
    expect(confidenceOf(large, 'weights_do_not_fit')).toBeGreaterThan(
      confidenceOf(small, 'weights_do_not_fit') + 0.2,
    );
  });

  it('memory that ends before a watchdog bites is what the watchdog is about', () => {
    const oom = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 88.00 MiB.';
    const watchdog = 'Watchdog caught collective operation timeout: WorkNCCL ran for 600000 ms.';
    expect(confidenceOf({ log: `${oom}\n${watchdog}` }, 'hang_watchdog')).toBeLessThan(
      confidenceOf({ log: watchdog }, 'hang_watchdog') - 0.2,
    );
  });

  it('memory that grows without end speaks for load, whatever comes in', () => {
    const grows = { symptom: 'GPU memory keeps growing with each image until it is OOM.' };
    const once = { symptom: 'One large image and it is OOM.' };
    expect(confidenceOf(grows, 'oom_under_load')).toBeGreaterThan(
      confidenceOf(once, 'oom_under_load') + 0.2,
    );
  });

  it('thinks of a card in use where an ended server keeps its memory', () => {
    const of = (symptom: string): number =>
      byRules({ engine: 'vllm', input: { log: FULL_CARD, symptom } }).causes.find(
        (cause) => cause.class === 'gpu_already_in_use',
      )?.confidence ?? 0;
    expect(of('I closed it and it does not let go of the memory.')).toBeGreaterThan(
      of('I started it and it does not come up.') + 0.1,
    );
  });
});
