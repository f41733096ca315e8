import { kvBytesPerToken, type SimConfig } from './config.ts';
import type { MemoryPlan } from './memory-plan.ts';

type Failure = Extract<MemoryPlan, { kind: 'oom' }>;

const GIB = 1024 ** 3;
const gib = (bytes: number): string => (bytes / GIB).toFixed(2);

function tornDown(lines: readonly string[]): string[] {
  return [
    'Scheduler hit an exception: Traceback (most recent call last):',
    '  File "sglang/srt/managers/scheduler.py", line 1, in run_scheduler_process',
    ...lines,
    '',
    'Received sigquit from a child process. It usually means the child failed.',
  ];
}

function cudaOom(needBytes: number, failure: Failure): string {
  const { totalBytes, freeBytes } = failure.use;
  return (
    `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate ${gib(needBytes)} GiB. ` +
    `GPU 0 has a total capacity of ${gib(totalBytes)} GiB of which ${gib(Math.max(0, freeBytes))} GiB is free.`
  );
}

function sglangLines(failure: Failure): string[] {
  if (failure.stage === 'kv')
    return tornDown([
      'RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.',
    ]);
  if (failure.stage === 'graphs')
    return tornDown([
      `Exception: Capture cuda graph failed: ${cudaOom(failure.needBytes, failure).replace('torch.OutOfMemoryError: ', '')}`,
      'Possible solutions:',
      '1. set --mem-fraction-static to a smaller value (e.g., 0.8 or 0.7)',
      '2. set --cuda-graph-max-bs to a smaller value (e.g., 16)',
      '3. disable torch compile by not using --enable-torch-compile',
      '4. disable CUDA graph by --disable-cuda-graph. (Not recommended. Huge performance loss)',
    ]);
  return tornDown([cudaOom(failure.needBytes, failure)]);
}

function engineCore(lines: readonly string[]): string[] {
  const prefixed = ['EngineCore failed to start.', 'Traceback (most recent call last):', ...lines];
  return [
    ...prefixed.map((line) => `(EngineCore_DP0 pid=200) ERROR [core.py:900] ${line}`),
    'RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
  ];
}

function vllmLines(config: SimConfig, failure: Failure): string[] {
  if (failure.stage === 'kv')
    return engineCore([
      'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.',
    ]);
  if (failure.stage === 'context') {
    const most = Math.floor(failure.use.kvTokens / config.pageSize) * config.pageSize;
    const have = (failure.use.kvTokens * kvBytesPerToken(config)) / config.tp;
    return engineCore([
      `ValueError: To serve at least one request with the models's max seq len (${config.maxContext}), (${gib(failure.needBytes)} GiB KV cache is needed, which is larger than the available KV cache memory (${gib(have)} GiB). Based on the available memory, the estimated maximum model length is ${most}. Try increasing \`gpu_memory_utilization\` or decreasing \`max_model_len\` when initializing the engine.`,
    ]);
  }
  if (failure.stage === 'sampler')
    return engineCore([
      cudaOom(failure.needBytes, failure),
      `RuntimeError: CUDA out of memory occurred when warming up sampler with ${config.maxRunning} dummy requests. Please try lowering \`max_num_seqs\` or \`gpu_memory_utilization\` when initializing the engine.`,
    ]);
  return engineCore([cudaOom(failure.needBytes, failure)]);
}

/** What the engine prints when its start runs out of memory. Source: texts of SGLang model_runner.py and vLLM kv_cache_utils.py, gpu_model_runner.py. */
export function outOfMemoryLines(config: SimConfig, failure: Failure): readonly string[] {
  return config.engine === 'sglang' ? sglangLines(failure) : vllmLines(config, failure);
}
