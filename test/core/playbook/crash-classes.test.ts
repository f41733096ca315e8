import { describe, expect, it } from 'vitest';
import type { EngineId } from '../../../mcp-server/core/ledger/vocabulary.ts';
import { diagnose } from '../../../mcp-server/core/playbook/diagnose.ts';
import { RULES } from '../../../mcp-server/core/playbook/rules/index.ts';
import { observation } from './build-observation.ts';

type Row = readonly [cls: string, engine: EngineId, line: string, near: string];

/** For each crash class a line that an engine prints for it, and a near one that is no reason to end. */
const LINES: readonly Row[] = [
  [
    'weights_do_not_fit',
    'sglang',
    'RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.',
    'Load weight end. elapsed=4.1 s, avail mem=2.2 GB, mem usage=70.9 GB.',
  ],
  [
    'kv_cache_too_small',
    'vllm',
    'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.',
    'INFO 03-22 15:00:10 [kv_cache_utils.py:1] GPU KV cache size: 1,024 tokens',
  ],
  [
    'oom_activation_prefill',
    'sglang',
    'Prefill out of memory. Try to lower your batch size.',
    'Prefill batch, #new-seq: 1, #new-token: 512',
  ],
  [
    'oom_cuda_graph_capture',
    'sglang',
    'Capture cuda graph failed: CUDA out of memory.',
    'Capture cuda graph end. Time elapsed: 4.00 s. mem usage=0.50 GB. avail mem=9.00 GB.',
  ],
  [
    'oom_sampler_warmup',
    'vllm',
    'RuntimeError: CUDA out of memory occurred when warming up sampler with 1024 dummy requests.',
    'INFO 03-22 15:00:10 [gpu_worker.py:1] Warming up the sampler',
  ],
  [
    'oom_under_load',
    'sglang',
    'Decode out of memory. Try to lower your batch size.',
    'Decode batch, #running-req: 12',
  ],
  [
    'gpu_already_in_use',
    'vllm',
    'ValueError: Free memory on device (7.34/79.72 GiB) on startup is less than desired GPU memory utilization (0.9, 71.75 GiB).',
    'INFO 03-22 15:00:10 [w.py:1] Free memory on device: 79 GiB',
  ],
  [
    'context_too_long',
    'vllm',
    'ValueError: User-specified max_model_len (131072) is greater than the derived max_model_len (32768).',
    'INFO 03-22 15:00:10 [config.py:1] Using max model len 32768',
  ],
  [
    'bad_flag_unknown',
    'sglang',
    'launch_server.py: error: unrecognized arguments: --nope',
    'usage: launch_server.py [-h] --model-path MODEL_PATH',
  ],
  [
    'bad_flag_value',
    'sglang',
    "launch_server.py: error: argument --dtype: invalid choice: 'f16' (choose from 'auto', 'half')",
    'dtype=auto resolves to bfloat16',
  ],
  [
    'bad_flag_combination',
    'vllm',
    'ValueError: Total number of attention heads (28) must be divisible by tensor parallel size (8).',
    'INFO 03-22 15:00:10 [config.py:1] 28 attention heads over 4 ranks',
  ],
  [
    'quantization_mismatch',
    'vllm',
    'ValueError: Unknown quantization method: awqq.',
    'INFO 03-22 15:00:10 [config.py:1] quantization=awq_marlin',
  ],
  [
    'unsupported_gpu_or_kernel',
    'vllm',
    'RuntimeError: CUDA error: no kernel image is available for execution on the device',
    'INFO 03-22 15:00:10 [cuda.py:1] Using Flash Attention backend',
  ],
  [
    'tokenizer_or_template',
    'vllm',
    'ValueError: As of transformers v4.44, default chat template is no longer allowed',
    'INFO 03-22 15:00:10 [chat.py:1] Using supplied chat template',
  ],
  [
    'model_download_or_auth',
    'vllm',
    'huggingface_hub.errors.GatedRepoError: 401 Client Error.',
    'INFO 03-22 15:00:10 [weights.py:1] Time spent downloading weights: 12.1 s',
  ],
  [
    'disk_full',
    'sglang',
    'OSError: [Errno 28] No space left on device',
    'disk: 20 GB of 100 GB free',
  ],
  [
    'shm_or_ipc',
    'sglang',
    'Error while creating shared memory segment /dev/shm/nccl-abc (size 9637888)',
    'shared memory broadcast handle is ready',
  ],
  [
    'nccl_interconnect',
    'sglang',
    'torch.distributed.DistBackendError: NCCL error in: NCCLUtils.cpp:81, remote error',
    'Init torch distributed ends. mem usage=1.2 GB',
  ],
  [
    'driver_or_cuda_mismatch',
    'vllm',
    'RuntimeError: The NVIDIA driver on your system is too old (found version 11040).',
    'NVIDIA driver version 570.86',
  ],
  [
    'port_conflict',
    'llamacpp',
    "start: couldn't bind HTTP server socket, hostname: 0.0.0.0, port: 8080",
    'main: server is listening on http://0.0.0.0:8080',
  ],
  [
    'hang_watchdog',
    'sglang',
    'Scheduler watchdog timeout (self.watchdog_timeout=300, self.soft=False)',
    'watchdog_timeout=300',
  ],
  ['host_out_of_memory', 'llamacpp', 'Killed', 'killed 0 slots'],
  [
    'no_capacity',
    'vllm',
    'Run failed with error code FAILED_TO_START_DUE_TO_NO_CAPACITY.',
    'offers: 12 found',
  ],
  ['image_pull_failure', 'vllm', 'Error: ErrImagePull', 'Pulling image org/engine:1'],
  [
    'spot_interruption',
    'vllm',
    'Run failed with error code INTERRUPTED_BY_NO_CAPACITY.',
    'spot_policy: auto',
  ],
  ['instance_unreachable', 'vllm', 'INSTANCE_UNREACHABLE', 'instance is running'],
  [
    'unexplained_failure',
    'llamacpp',
    'main: llama_server exited with code 3',
    'OSError: [Errno 28] No space left on device',
  ],
];

const CRASH = { phase: 'running', crashClass: 'exited' };

describe('crash classes', () => {
  it.each(LINES)('%s is told by a line of %s: %s', (cls, engine, line) => {
    const { causes } = diagnose(observation({ engine, logText: line, crash: CRASH }));
    expect(causes[0]).toMatchObject({ cause: cls });
    expect(causes[0]?.evidence[0]?.value).toContain(line.slice(0, 20));
  });

  const NEAR = LINES.map(([cls, engine, , near]) => [cls, engine, near] as const);

  it.each(NEAR)('%s is not told by a near line of %s: %s', (cls, engine, near) => {
    const { causes } = diagnose(observation({ engine, logText: near, crash: CRASH }));
    expect(causes.map((cause) => cause.cause)).not.toContain(cls);
  });

  it('has a line for every crash rule', () => {
    const crashes = RULES.filter((rule) => rule.id.startsWith('crash-')).map((rule) => rule.cause);
    expect(LINES.map(([cls]) => cls).toSorted()).toEqual(crashes.toSorted());
  });
});
