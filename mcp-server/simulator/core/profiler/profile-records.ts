import type { SimConfig } from '../config.ts';
import type { StepReport } from '../engine-events.ts';
import { HOST_PROFILES } from '../step-time.ts';

/** A context answer is read by people and programs; this many points of a series are enough. Units: buckets. */
const MAX_BUCKETS = 60;
const NS_PER_MS = 1e6;

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Turns a time on the engine's clock into epoch nanoseconds. */
export type ToNs = (engineMs: number) => number;

interface Operation {
  readonly category: string;
  readonly name: string;
  /** Time and calls of one step. Units: ms. */
  readonly cost: (
    step: StepReport,
    config: SimConfig,
  ) => { readonly ms: number; readonly calls: number };
}

const host = (config: SimConfig) => HOST_PROFILES[config.engine];
const took = (step: StepReport): number => step.endMs - step.startMs;
const once = (ms: number) => ({ ms, calls: 1 });
const never = { ms: 0, calls: 0 };

/** Time in which the step's graph or kernels are launched. */
const launchMs = (step: StepReport, config: SimConfig): number =>
  step.graph
    ? host(config).graphMs * 0.5
    : config.model.layers *
      (step.newTokens > 0 ? host(config).prefillPerLayerMs : host(config).eagerPerLayerMs);

const scheduleMs = (step: StepReport, config: SimConfig): number =>
  0.08 + (step.decodeSeqs + step.newSeqs) * host(config).asyncPerSeqMs * 0.4;

const SGLANG_OPERATIONS: readonly Operation[] = [
  {
    category: 'sglang.scheduler',
    name: 'Scheduler.run_batch',
    cost: (step, config) => once(launchMs(step, config) + scheduleMs(step, config)),
  },
  {
    category: 'sglang.scheduler',
    name: 'Scheduler.get_next_batch_to_run',
    cost: (step, config) => once(scheduleMs(step, config)),
  },
  {
    category: 'sglang.scheduler',
    name: 'Scheduler.get_new_batch_prefill',
    cost: (step) => once(0.03 + step.newSeqs * 0.02),
  },
  {
    category: 'sglang.scheduler',
    name: 'Scheduler.update_running_batch',
    cost: (step) => (step.kind === 'prefill' ? never : once(0.04 + step.decodeSeqs * 0.002)),
  },
  {
    category: 'sglang.scheduler',
    name: 'Scheduler.process_batch_result',
    cost: (step) => once(0.06 + step.emittedTokens * 0.006),
  },
  {
    category: 'sglang.scheduler',
    name: 'Scheduler.process_input_requests',
    cost: (step) => (step.newSeqs > 0 ? once(0.05 * step.newSeqs) : never),
  },
  {
    category: 'sglang.model_executor',
    name: 'ModelRunner.forward',
    cost: (step, config) => once(launchMs(step, config)),
  },
  { category: 'sglang.model_executor', name: 'ModelRunner.sample', cost: () => once(0.12) },
  {
    category: 'sglang.schedule_batch',
    name: 'ScheduleBatch.prepare_for_decode',
    cost: (step) => (step.kind === 'prefill' ? never : once(0.05 + step.decodeSeqs * 0.003)),
  },
  {
    category: 'sglang.schedule_batch',
    name: 'ScheduleBatch.prepare_for_extend',
    cost: (step) => (step.newSeqs > 0 ? once(0.1 + step.newSeqs * 0.03) : never),
  },
  {
    category: 'sglang.radix_cache',
    name: 'RadixCache.match_prefix',
    cost: (step) => (step.newSeqs > 0 ? { ms: 0.04 * step.newSeqs, calls: step.newSeqs } : never),
  },
  {
    category: 'sglang.detokenizer',
    name: 'DetokenizerManager.handle_batch_token_id_out',
    cost: (step) => (step.emittedTokens > 0 ? once(step.emittedTokens * 0.02) : never),
  },
];

const VLLM_OPERATIONS: readonly Operation[] = [
  { category: 'vllm.engine', name: 'EngineCore.step', cost: (step) => once(took(step)) },
  {
    category: 'vllm.engine',
    name: 'Scheduler.schedule',
    cost: (step, config) => once(scheduleMs(step, config)),
  },
  {
    category: 'vllm.engine',
    name: 'Scheduler.update_from_output',
    cost: (step) => once(0.05 + step.emittedTokens * 0.008),
  },
  {
    category: 'vllm.model_exec',
    name: 'GPUModelRunner.execute_model',
    cost: (step, config) => once(launchMs(step, config) + 0.2),
  },
  {
    category: 'vllm.model_exec',
    name: 'GPUModelRunner._prepare_inputs',
    cost: (step) => once(0.1 + step.decodeSeqs * 0.004),
  },
  {
    category: 'vllm.kv_cache',
    name: 'KVCacheManager.allocate_slots',
    cost: (step) => ({
      ms: (step.decodeSeqs + step.newSeqs) * 0.006,
      calls: step.decodeSeqs + step.newSeqs,
    }),
  },
  {
    category: 'vllm.kv_cache',
    name: 'KVCacheManager.get_computed_blocks',
    cost: (step) => (step.newSeqs > 0 ? { ms: 0.05 * step.newSeqs, calls: step.newSeqs } : never),
  },
  {
    category: 'vllm.output',
    name: 'OutputProcessor.process_outputs',
    cost: (step) => once(step.emittedTokens * 0.02),
  },
];

const GPU_OPERATIONS: readonly Operation[] = [
  {
    category: 'gpu.compute',
    name: 'gemm_cublas',
    cost: (step, config) => ({ ms: step.gpuMs * gemmShare(step), calls: config.model.layers * 4 }),
  },
  {
    category: 'gpu.compute',
    name: 'attention_prefill',
    cost: (step, config) => ({
      ms: step.gpuMs * (0.9 - gemmShare(step)),
      calls: config.model.layers,
    }),
  },
  {
    category: 'gpu.compute',
    name: 'rmsnorm',
    cost: (step, config) => ({ ms: step.gpuMs * 0.04, calls: config.model.layers * 2 }),
  },
  {
    category: 'gpu.compute',
    name: 'activation',
    cost: (step, config) => ({ ms: step.gpuMs * 0.04, calls: config.model.layers }),
  },
  { category: 'gpu.compute', name: 'sampling_topk', cost: (step) => once(step.gpuMs * 0.02) },
];

/** Attention grows with the context that is read; the products take the rest. */
const gemmShare = (step: StepReport): number => Math.max(0.3, 0.85 - step.contextTokens * 4e-6);

interface Bucket {
  readonly endMs: number;
  ms: number;
  calls: number;
}

function bucketise(
  steps: readonly StepReport[],
  window: Window,
  operation: { readonly of: Operation; readonly config: SimConfig },
): Bucket[] {
  const width = Math.max(10, (window.toMs - window.fromMs) / MAX_BUCKETS);
  const buckets = new Map<number, Bucket>();
  for (const step of steps) {
    const slot = Math.floor((step.endMs - window.fromMs) / width);
    const bucket = buckets.get(slot) ?? {
      endMs: window.fromMs + (slot + 1) * width,
      ms: 0,
      calls: 0,
    };
    const cost = operation.of.cost(step, operation.config);
    bucket.ms += cost.ms;
    bucket.calls += cost.calls;
    buckets.set(slot, bucket);
  }
  return [...buckets.values()].filter((bucket) => bucket.calls > 0);
}

function profileOf(
  steps: readonly StepReport[],
  window: Window,
  parts: {
    readonly of: Operation;
    readonly config: SimConfig;
    readonly name: string;
    readonly toNs: ToNs;
  },
): Record<string, unknown> | null {
  const buckets = bucketise(steps, window, parts);
  if (buckets.length === 0) return null;
  const field = (statistic: string, unit: string) => ({
    category: parts.of.category,
    op_name: parts.of.name,
    statistic,
    unit,
  });
  return {
    name: parts.name,
    tags: { 'engine.name': parts.config.engine, 'process.rank': '0' },
    fields: [field('ncalls', ''), field('cumtime', 'ns')],
    datapoints: buckets.map((bucket) => ({
      measurement_ts: parts.toNs(bucket.endMs),
      values: [bucket.calls, Math.round(bucket.ms * NS_PER_MS)],
    })),
  };
}

/** Profiles of the functions and kernels that ran in a window. Source: operation names of Graphsignal 0.19. */
export function profileRecords(
  steps: readonly StepReport[],
  window: Window,
  parts: { readonly config: SimConfig; readonly toNs: ToNs },
): Record<string, unknown>[] {
  const own = parts.config.engine === 'sglang' ? SGLANG_OPERATIONS : VLLM_OPERATIONS;
  const named = [
    ...own.map((of) => ({ ...parts, of, name: 'profile.python' })),
    ...GPU_OPERATIONS.map((of) => ({ ...parts, of, name: 'profile.cuda' })),
  ];
  return named.map((one) => profileOf(steps, window, one)).filter((one) => one !== null);
}
