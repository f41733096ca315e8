import { describe, expect, it } from 'vitest';
import { byRules, type Input, pairsOf, type Row } from './by-rules.ts';

const DIED = 'Scheduler hit an exception: Traceback (most recent call last):';

/** Lines of transports, kernels and clouds, each beside one that ends differently. */
const ROWS: readonly Row[] = [
  [
    'an initialisation of NVSHMEM that failed',
    'nccl_interconnect',
    'sglang',
    { log: `${DIED}\nRuntimeError: nvshmem initialization failed` },
    { log: `${DIED}\nnvshmem initialized` },
  ],
  [
    'a rank of DeepEP that waits in vain',
    'hang_watchdog',
    'sglang',
    { log: `${DIED}\nRuntimeError: DeepEP error: timeout (dispatch CPU)` },
    { log: `${DIED}\nRuntimeError: DeepEP error: invalid number of ranks` },
  ],
  [
    'a shape that no attention kernel was built for',
    'unsupported_gpu_or_kernel',
    'sglang',
    { log: `${DIED}\nRuntimeError: Unsupported sparse-MLA decode configuration: num_heads=8` },
    { log: `${DIED}\nRuntimeError: Unsupported request` },
  ],
  [
    'a notice of AWS that the machine will be taken',
    'spot_interruption',
    'vllm',
    { log: '{"action": "stop", "time": "2025-01-02T03:04:05Z"}' },
    { log: '{"action": "none"}' },
  ],
];

describe('what the lines of clusters and clouds tell', () => {
  it.each(pairsOf(ROWS))('$what is read as $cls', ({ cls, engine, fires, quiet }) => {
    expect(byRules({ engine, input: fires }).causes[0]?.class).toBe(cls);
    expect(byRules({ engine, input: quiet }).causes[0]?.class).not.toBe(cls);
  });
});

const knobsOf = (input: Input, cls: string): readonly string[] =>
  byRules({ engine: 'sglang', input }).causes.find((cause) => cause.class === cls)?.knobs ?? [];

const KNOBS: readonly (readonly [knob: string, cls: string, fires: string, quiet: string])[] = [
  [
    'nvidia-fabricmanager',
    'driver_or_cuda_mismatch',
    'RuntimeError: Error 802: system not yet initialized',
    'RuntimeError: Found no NVIDIA driver on your system.',
  ],
  [
    'nvidia_uvm',
    'driver_or_cuda_mismatch',
    'RuntimeError: CUDA unknown error - this may be due to an incorrectly set up environment',
    'RuntimeError: Found no NVIDIA driver on your system.',
  ],
  [
    'image tag',
    'driver_or_cuda_mismatch',
    'Error 804: forward compatibility was attempted on non supported HW',
    'RuntimeError: Found no NVIDIA driver on your system.',
  ],
  [
    'TRITON_PTXAS_PATH',
    'unsupported_gpu_or_kernel',
    "ptxas fatal   : Value 'sm_121a' is not defined for option 'gpu-name'",
    'CUDA error: no kernel image is available for execution on the device',
  ],
  [
    '--ulimit memlock=-1',
    'nccl_interconnect',
    'NCCL WARN Call to ibv_reg_mr failed with error Cannot allocate memory',
    'NCCL WARN Call to ibv_modify_qp failed with error Connection timed out',
  ],
  [
    '--privileged',
    'nccl_interconnect',
    'ibgda.cpp:1: NULL value cannot allocate mlx5dv_devx_uar\nnvshmem initialization failed',
    'nvshmem initialization failed',
  ],
  [
    'tolerations',
    'no_capacity',
    '0/3 nodes are available: 3 node(s) had untolerated taint {gpu: yes}',
    '0/3 nodes are available: 3 Insufficient nvidia.com/gpu',
  ],
  [
    '--kv-events-config',
    'port_conflict',
    'kv_events.__init__: Starting\nzmq.error.ZMQError: Address already in use',
    'zmq.error.ZMQError: Address already in use',
  ],
  [
    'sglang.compile_deep_gemm',
    'hang_watchdog',
    'Entering DeepGEMM JIT Pre-Compile session.\nRuntimeError: DeepEP error: timeout (dispatch CPU)',
    'RuntimeError: DeepEP error: timeout (dispatch CPU)',
  ],
];

describe('knobs that the lines of clusters show', () => {
  it.each(KNOBS.map(([knob, cls, fires, quiet]) => ({ knob, cls, fires, quiet })))(
    '$knob for $cls',
    ({ knob, cls, fires, quiet }) => {
      expect(knobsOf({ log: fires }, cls)).toContain(knob);
      expect(knobsOf({ log: quiet }, cls).length).toBeGreaterThan(0);
      expect(knobsOf({ log: quiet }, cls)).not.toContain(knob);
    },
  );
});
