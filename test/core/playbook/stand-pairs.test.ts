import { describe, expect, it } from 'vitest';
import { byRules, confidenceByRules, type Input, pairsOf, type Row } from './by-rules.ts';

const WAITS =
  'INFO [shm_broadcast.py:542] No available shared memory broadcast block found in 60 seconds.';
const LOADED =
  'INFO [gpu_model_runner.py:4364] Model loading took 9.84 GiB memory and 71.9 seconds';
const STILL =
  'INFO [loggers.py:257] Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 0.0 tokens/s, Running: 0 reqs, Waiting: 5 reqs, GPU KV cache usage: 0.0%';
const cutTo = (blocks: number): string =>
  `INFO [kv_cache_utils.py:1229] Overriding num_gpu_blocks=900 with num_gpu_blocks_override=${blocks}\n${STILL}\n${STILL}`;
const oldOom = (free: string, reserved: string): string =>
  `torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.63 GiB (GPU 0; 44.56 GiB total capacity; 20.91 GiB already allocated; ${free} free; ${reserved} GiB reserved in total by PyTorch)`;
const sides = (decode: number): string =>
  `vllm serve org/m --tensor-parallel-size 4 --kv-transfer-config '{}'\nvllm serve org/m --tensor-parallel-size ${decode} --kv-transfer-config '{}'`;
const CONNECTOR =
  '  File "/vllm/distributed/kv_transfer/kv_connector/v1/nixl_connector.py", line 912, in x\nKeyError: 1';

/** Reports of what stands still or ends, which differ in what shows why. */
const ROWS: readonly Row[] = [
  [
    'a pool that was cut by hand and a prompt that never fits',
    'kv_cache_too_small',
    'vllm',
    { log: cutTo(50) },
    { log: cutTo(900) },
  ],
  [
    'a stack that stands in a collective',
    'nccl_interconnect',
    'vllm',
    { log: `${LOADED}\n${WAITS}`, symptom: 'py-spy shows both ranks in custom_all_reduce.' },
    { log: `${LOADED}\n${WAITS}`, symptom: 'py-spy shows both ranks in load_weights.' },
  ],
  [
    'a kernel compiler that knows the card no more',
    'unsupported_gpu_or_kernel',
    'vllm',
    { gpu: '4x Tesla V100-SXM2-32GB', log: `Using TRITON_ATTN attention backend.\n${WAITS}` },
    { gpu: '4x H100 80GB', log: `Using TRITON_ATTN attention backend.\n${WAITS}` },
  ],
  [
    'a neighbour by the memory line of an old PyTorch',
    'gpu_already_in_use',
    'vllm',
    { log: oldOom('565.31 MiB', '27.93') },
    { log: oldOom('565.31 MiB', '43.10') },
  ],
  [
    'a neighbour who left no byte',
    'gpu_already_in_use',
    'vllm',
    { log: oldOom('0 bytes', '27.93') },
    { log: oldOom('16.10 GiB', '27.93') },
  ],
  [
    'blocks of a size that the engine chose itself',
    'unsupported_gpu_or_kernel',
    'vllm',
    { launch_command: 'vllm serve org/m', log: 'ValueError: No common block size for 16. ' },
    {
      launch_command: 'vllm serve org/m --block-size 8',
      log: 'ValueError: No common block size for 8. ',
    },
  ],
];

const knobsOf = (input: Input): readonly string[] =>
  byRules({ engine: 'vllm', input }).causes[0]?.knobs ?? [];

describe('why something stands or ends', () => {
  it.each(pairsOf(ROWS))('$what speaks for $cls first, and not where it is not so', (row) => {
    const first = (input: Input): string | undefined =>
      byRules({ engine: row.engine, input }).causes[0]?.class;
    expect(first(row.fires)).toBe(row.cls);
    expect(first(row.quiet)).not.toBe(row.cls);
  });

  it('thinks of the splits where sides of different splits hand over a cache', () => {
    const sure = (decode: number): number =>
      confidenceByRules(
        'vllm',
        { launch_command: sides(decode), log: CONNECTOR },
        'bad_flag_combination',
      );
    expect(sure(1)).toBeGreaterThan(sure(4) + 0.3);
  });

  it('offers to take a cut of the pool away only where one was made', () => {
    const log = 'ValueError: No available memory for the cache blocks.';
    const cut = { launch_command: 'vllm serve org/m --num-gpu-blocks-override 50', log };
    expect(knobsOf(cut)).toContain('--num-gpu-blocks-override');
    expect(knobsOf({ ...cut, launch_command: 'vllm serve org/m' })).not.toContain(
      '--num-gpu-blocks-override',
    );
  });

  it('names the size of the volume that a chart asks for where a disk is full', () => {
    const log = 'OSError: [Errno 28] No space left on device';
    const chart = 'modelArtifacts: {uri: "hf://org/m", size: 450Gi}\nresources: {memory: 64Gi}';
    expect(knobsOf({ launch_command: chart, log })).toContain('modelArtifacts.size');
    expect(knobsOf({ launch_command: 'pvcStorage: "50Gi"', log })).toContain('pvcStorage');
    expect(knobsOf({ launch_command: 'memory: 50Gi', log })).not.toContain('memory');
  });

  it('offers a smaller share where stages of one launch meet on a card', () => {
    const log =
      'ValueError: Free memory on device (20.31/79.25 GiB) on startup is less than desired GPU memory utilization (0.6, 47.55 GiB).';
    const staged = { launch_command: 'vllm serve org/m --omni', log };
    expect(knobsOf(staged)).toContain('--gpu-memory-utilization');
    expect(knobsOf({ ...staged, launch_command: 'vllm serve org/m' })).not.toContain(
      '--gpu-memory-utilization',
    );
  });
});
