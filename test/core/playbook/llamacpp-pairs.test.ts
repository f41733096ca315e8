import { describe, expect, it } from 'vitest';
import { byRules, confidenceByRules, type Input, pairsOf, type Row } from './by-rules.ts';

const OOM_KILL =
  'kernel: Out of memory: Killed process 4711 (llama-server) total-vm:41200312kB, anon-rss:11312044kB, file-rss:0kB';
const IN_IMAGE = 'encoding image slice...\n';

const ROWS: readonly Row[] = [
  [
    'a cache that is larger than the card',
    'kv_cache_too_small',
    'llamacpp',
    {
      gpu: 'RTX 4070 12 GB',
      log: 'llama_kv_cache: size = 14336.00 MiB (131072 cells,  28 layers,  1/1 seqs)\nFailed to create context',
    },
    {
      gpu: '2x RTX 4070 12 GB',
      log: 'llama_kv_cache: size = 14336.00 MiB (131072 cells,  28 layers,  1/1 seqs)\nFailed to create context',
    },
  ],
  [
    'a context whose cache takes all memory by the shape of the model',
    'kv_cache_too_small',
    'llamacpp',
    {
      launch_command: 'llama-server -m qwen3-8b-q4_k_m.gguf -c 131072',
      gpu: '16 GB',
      log: 'Segmentation fault (core dumped)',
    },
    {
      launch_command: 'llama-server -m qwen3-8b-q4_k_m.gguf -c 16384',
      gpu: '16 GB',
      log: 'Segmentation fault (core dumped)',
    },
  ],
  [
    'a draft with a shorter window than its model',
    'speculation_not_paying',
    'llamacpp',
    {
      launch_command: 'llama-server -m a.gguf -md b.gguf -c 16384 -cd 2048',
      symptom: 'It is slow.',
    },
    {
      launch_command: 'llama-server -m a.gguf -md b.gguf -c 2048 -cd 2048',
      symptom: 'It is slow.',
    },
  ],
  [
    'drafts of several slots that cost more than they give',
    'speculation_not_paying',
    'llamacpp',
    {
      launch_command: 'llama-server -m a.gguf --spec-type draft-mtp -np 4',
      benchmark: '1 client: 40 tok/s\n4 clients: 21 tok/s in total',
    },
    {
      launch_command: 'llama-server -m a.gguf --spec-type draft-mtp -np 4',
      benchmark: '1 client: 40 tok/s\n4 clients: 95 tok/s in total',
    },
  ],
  [
    'layers on another machine',
    'tp_communication_bound',
    'llamacpp',
    { launch_command: 'llama-server -m a.gguf --rpc 10.0.0.7:50052', symptom: 'It is slow.' },
    { launch_command: 'llama-server -m a.gguf --rpc localhost:50052', symptom: 'It is slow.' },
  ],
  [
    'a log that ends in an image',
    'oom_activation_prefill',
    'llamacpp',
    { log: `${IN_IMAGE}Container restarting` },
    { log: `${IN_IMAGE}image slice encoded in 812 ms\nContainer restarting` },
  ],
  [
    'prompts that are computed where the experts lie',
    'prefill_bound',
    'llamacpp',
    {
      launch_command: 'llama-server -m a.gguf -ot exps=CPU --no-op-offload',
      symptom: 'It is slow.',
    },
    { launch_command: 'llama-server -m a.gguf -ot exps=CPU', symptom: 'It is slow.' },
  ],
  [
    'memory that grew beside weights which lie on the card',
    'oom_under_load',
    'llamacpp',
    { launch_command: 'llama-server -m a.gguf -ngl 99', log: OOM_KILL },
    { launch_command: 'llama-server -m a.gguf -ngl 99 --no-mmap', log: OOM_KILL },
  ],
  [
    'memory that ends once a day',
    'oom_under_load',
    'llamacpp',
    { symptom: 'The kernel does it once a day.', log: OOM_KILL },
    { symptom: 'The kernel does it as soon as I load the model.', log: OOM_KILL },
  ],
  [
    'a container that got no card',
    'layers_on_cpu',
    'llamacpp',
    {
      launch_command: 'docker run -p 8000:8000 image --n-gpu-layers 99',
      log: 'ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected',
    },
    {
      launch_command: 'docker run --gpus all -p 8000:8000 image --n-gpu-layers 99',
      log: 'ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected',
    },
  ],
  [
    'a desktop that holds memory of the card',
    'gpu_already_in_use',
    'llamacpp',
    { symptom: 'The desktop with a browser takes 2 GB of the card, then it is out of memory.' },
    { symptom: 'A desktop with a card of 2 GB, then it is out of memory.' },
  ],
];

describe('what reports of llama.cpp show', () => {
  it.each(pairsOf(ROWS))('$what speaks for $cls', ({ cls, engine, fires, quiet }) => {
    expect(confidenceByRules(engine, fires, cls)).toBeGreaterThan(
      confidenceByRules(engine, quiet, cls) + 0.15,
    );
  });
});

const knobsOf = (input: Input, cls: string): readonly string[] =>
  byRules({ engine: 'llamacpp', input }).causes.find((cause) => cause.class === cls)?.knobs ?? [];

/** A class, a knob, a report that shows it and one of the same class that does not. */
const KNOBS: readonly (readonly [cls: string, knob: string, shows: Input, quiet: Input])[] = [
  [
    'context_too_long',
    '--ctx-size',
    { log: 'error: the request exceeds the available context size.' },
    {
      log: 'error: input (992 tokens) is too large to process. increase the physical batch size (current batch size: 512)',
    },
  ],
  [
    'port_conflict',
    'OLLAMA_HOST',
    { launch_command: 'ollama serve', log: 'bind: address already in use' },
    { launch_command: 'llama-server -m a.gguf', log: 'bind: address already in use' },
  ],
  [
    'hang_watchdog',
    'OLLAMA_LOAD_TIMEOUT',
    { log: '[GIN] 500\nerror="timed out waiting for llama runner to start - progress 0.00 - "' },
    { log: 'Watchdog caught collective operation timeout' },
  ],
  [
    'bad_flag_value',
    '-m',
    {
      launch_command: 'llama-server --port 80 -m My Models/a.gguf -c 512',
      log: 'error: invalid argument: Models/a.gguf',
    },
    {
      launch_command: 'llama-server --port 80 -m a.gguf -c x',
      log: 'error while handling argument "-c": invalid stoi argument',
    },
  ],
  [
    'bad_flag_combination',
    '--cache-type-v',
    { log: 'llama_init_from_model: V cache quantization requires flash_attn' },
    { log: 'llama_init_from_model: SPLIT_MODE_TENSOR requires flash_attn to be enabled' },
  ],
  [
    'image_pull_failure',
    'DNS',
    {
      log: 'Error response from daemon: Get "https://r.example/v2/": lookup r.example: no such host',
    },
    { log: 'Error response from daemon: manifest unknown' },
  ],
  [
    'driver_or_cuda_mismatch',
    'nvidia-container-toolkit',
    {
      log: 'nvidia-container-cli: load library failed: libnvidia-ml.so.1: cannot open shared object',
    },
    { log: 'libcudart.so.12: cannot open shared object file' },
  ],
];

describe('knobs of llama.cpp', () => {
  it.each(KNOBS)('of %s hold %s where the report shows it', (...[cls, knob, shows, quiet]) => {
    expect(knobsOf(shows, cls)).toContain(knob);
    expect(knobsOf(quiet, cls).length).toBeGreaterThan(0);
    expect(knobsOf(quiet, cls)).not.toContain(knob);
  });
});
