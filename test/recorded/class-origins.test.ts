// Each class that can end a start or refuse requests, with the origin of its sample: recorded from an engine that was
// run, or written in the engine's format from the text of its source (test/core/playbook/crash-classes.test.ts).
import { describe, expect, it } from 'vitest';
import { RULES } from '../../mcp-server/core/playbook/rules/index.ts';
import { classifyLog, crashCause } from '../../mcp-server/core/telemetry/logs.ts';
import { engineById } from '../../mcp-server/engines/index.ts';
import { recorded } from './recorded-files.ts';

type Origin = readonly [file: string, ...more: string[]] | 'from source';

const ORIGINS: Readonly<Record<string, Origin>> = {
  bad_flag_unknown: ['vllm/fault-unknown-flag', 'llamacpp/fault-unknown-flag'],
  bad_flag_value: ['vllm/fault-bad-flag-value'],
  bad_flag_combination: ['vllm/fault-budget-below-sequences'],
  context_too_long: ['vllm/fault-max-model-len', 'llamacpp/fault-context-too-long'],
  kv_cache_too_small: [
    'vllm/fault-kv-cache-too-small',
    'llamacpp/fault-kv-cache-above-memory-limit',
  ],
  weights_do_not_fit: ['llamacpp/fault-model-above-memory-limit'],
  model_download_or_auth: ['vllm/fault-no-such-model'],
  port_conflict: ['llamacpp/fault-port-in-use'],
  oom_activation_prefill: ['llamacpp/fault-compute-buffers-above-memory-limit'],
  host_out_of_memory: [
    'vllm/fault-memory-of-machine',
    'llamacpp/fault-vocabulary-above-memory-limit',
  ],
  tokenizer_or_template: [
    'vllm/fault-broken-tokenizer',
    'vllm/fault-broken-chat-template',
    'llamacpp/fault-broken-chat-template',
  ],
  // These need a GPU, or several of them.
  oom_cuda_graph_capture: 'from source',
  oom_sampler_warmup: 'from source',
  oom_under_load: 'from source',
  gpu_already_in_use: 'from source',
  unsupported_gpu_or_kernel: 'from source',
  nccl_interconnect: 'from source',
  driver_or_cuda_mismatch: 'from source',
  // These need a full disk, a container runtime or a cloud.
  disk_full: 'from source',
  shm_or_ipc: 'from source',
  no_capacity: 'from source',
  image_pull_failure: 'from source',
  spot_interruption: 'from source',
  instance_unreachable: 'from source',
  // A CPU would do for these, but none was recorded: a checkpoint made wrong on purpose, a step that hangs for minutes.
  quantization_mismatch: 'from source',
  hang_watchdog: 'from source',
};

const RECORDED = Object.entries(ORIGINS).flatMap(([cls, origin]) =>
  origin === 'from source' ? [] : origin.map((file) => [cls, file] as const),
);

describe('origins of the samples of log classes', () => {
  it('are told for each class that a crash rule knows', () => {
    const crashes = RULES.filter((rule) => rule.id.startsWith('crash-')).map((rule) => rule.cause);
    // What no line of the log explains has no line to sample.
    const unexplained = ['unexplained_failure'];
    expect([...Object.keys(ORIGINS), ...unexplained].toSorted()).toEqual(crashes.toSorted());
  });

  it.each(RECORDED)('%s is the cause of the recorded %s', (cls, file) => {
    const engine = engineById(file.startsWith('vllm/') ? 'vllm' : 'llamacpp');
    expect(crashCause(classifyLog(recorded(`${file}.log.txt`), engine))?.cls).toBe(cls);
  });
});
