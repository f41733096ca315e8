import type { SimConfig, SpeculationConfig } from './config.ts';
import type { FlagValues } from './flag-values.ts';
import type { SimGpu } from './gpus.ts';
import type { LaunchFacts } from './launch-facts.ts';
import type { SimModel } from './models.ts';
import { corruptionRate } from './quality-loss.ts';
import { pythonError, type Refusal, type Resolved } from './refusal.ts';
import { checkSglang } from './sglang-rules.ts';

const MIB = 1024 ** 2;
const GB_CLASSES = [35, 60, 160] as const;

const memoryGb = (gpu: SimGpu): number => gpu.memoryBytes / 1024 ** 3;

/** Source: SGLang server_args.py: chunk 2048/4096/8192/16384 and graph ceiling 24/32/256/512 by GPU memory. */
function byMemory<Value>(gpu: SimGpu, values: readonly [Value, Value, Value, Value]): Value {
  const memory = memoryGb(gpu);
  if (memory < GB_CLASSES[0]) return values[0];
  if (memory < GB_CLASSES[1]) return values[1];
  return memory < GB_CLASSES[2] ? values[2] : values[3];
}

/** Source: SGLang server_args.py, reserve = 512 + 1.5 x chunk + 2 x graph batch + tp/8 x 1024 MiB, 10 GiB at least above 60 GB. */
function autoMemoryRatio(gpu: SimGpu, chunk: number, graph: number): number {
  const totalMib = gpu.memoryBytes / MIB;
  const computed = 512 + Math.max(chunk, 2048) * 1.5 + graph * 2 + 128;
  const reserve = memoryGb(gpu) > 60 ? Math.max(computed, 10 * 1024) : computed;
  return Math.round(((totalMib - reserve) / totalMib) * 1000) / 1000;
}

const SPECULATION_DEFAULTS = {
  eagle: { steps: 5, topk: 4, draft: 8 },
  ngram: { steps: 11, topk: 1, draft: 12 },
};

function speculationOf(flags: FlagValues, model: SimModel): SpeculationConfig | null {
  const algorithm = flags.text('--speculative-algorithm');
  if (algorithm === null) return null;
  if (algorithm === 'NGRAM') {
    const draft =
      flags.number('--speculative-num-draft-tokens') ?? SPECULATION_DEFAULTS.ngram.draft;
    return {
      method: 'ngram',
      draftTokens: Math.max(1, draft - 1),
      depth: Math.max(1, draft - 1),
      topk: 1,
    };
  }
  const isLlama = /llama/i.test(model.id);
  const auto = isLlama ? SPECULATION_DEFAULTS.eagle : { steps: 3, topk: 1, draft: 4 };
  const depth = flags.number('--speculative-num-steps') ?? auto.steps;
  const topk = flags.number('--speculative-eagle-topk') ?? auto.topk;
  const draft =
    topk === 1 ? depth + 1 : (flags.number('--speculative-num-draft-tokens') ?? auto.draft);
  const method = algorithm === 'STANDALONE' ? 'draft_model' : 'eagle';
  return { method, draftTokens: Math.max(1, draft - 1), depth, topk };
}

function graphCeilingOf(flags: FlagValues, gpu: SimGpu, tp: number): number {
  const isOff =
    flags.on('--disable-cuda-graph') || flags.text('--cuda-graph-backend-decode') === 'disabled';
  if (isOff) return 0;
  const list = flags.numbers('--cuda-graph-bs-decode', '--cuda-graph-bs');
  if (list !== null && list.length > 0) return Math.max(...list);
  const auto = tp >= 4 ? byMemory(gpu, [80, 160, 512, 512]) : byMemory(gpu, [24, 32, 256, 512]);
  return flags.number('--cuda-graph-max-bs-decode', '--cuda-graph-max-bs') ?? auto;
}

/** Relative time of attention kernels. Source: fa3 is the default on Hopper, flashinfer elsewhere; factors own reasoning. */
function attentionFactorOf(flags: FlagValues, gpu: SimGpu): number {
  const backend = flags.text('--decode-attention-backend', '--attention-backend');
  const isHopper = gpu.name.startsWith('H');
  if (backend === null || backend === 'fa3') return 1;
  if (backend === 'flashinfer') return isHopper ? 1.05 : 1;
  if (backend === 'triton') return 1.2;
  return backend === 'torch_native' || backend === 'flex_attention' ? 4 : 1.1;
}

function weightBitsOf(flags: FlagValues, model: SimModel): 16 | 8 | 4 {
  const method = flags.text('--quantization');
  if (method === null || method === 'unquant') return model.weightBits;
  if (/awq|gptq|marlin|int4|fp4|bitsandbytes|wna16|q4/.test(method)) return 4;
  return 8;
}

interface Derived {
  readonly tp: number;
  readonly chunk: number;
  readonly graph: number;
  readonly speculation: SpeculationConfig | null;
  readonly kvDtype: string;
  readonly maxContext: number;
}

function derive(facts: LaunchFacts): Derived {
  const { flags, gpu, model } = facts;
  const tp = flags.number('--tp-size') ?? 1;
  const chunk = flags.number('--chunked-prefill-size') ?? byMemory(gpu, [2048, 4096, 8192, 16384]);
  return {
    tp,
    chunk,
    graph: graphCeilingOf(flags, gpu, tp),
    speculation: speculationOf(flags, model),
    kvDtype: flags.text('--kv-cache-dtype') ?? 'auto',
    maxContext: flags.number('--context-length') ?? model.maxContext,
  };
}

function lossOf(facts: LaunchFacts, derived: Derived): number {
  const { flags, model } = facts;
  const isFp8Kv = derived.kvDtype.startsWith('fp8');
  return corruptionRate({
    weightBits: weightBitsOf(flags, model),
    kvBytes: isFp8Kv ? 1 : 2,
    kvScales: flags.has('--quantization-param-path'),
    kvE5m2: derived.kvDtype === 'fp8_e5m2',
    speculationThreshold: flags.number('--speculative-accept-threshold-single') ?? 1,
    broken:
      isFp8Kv &&
      derived.speculation?.method === 'eagle' &&
      flags.text('--attention-backend') === 'flashinfer',
  });
}

function maxRunningOf(facts: LaunchFacts, derived: Derived): number {
  const asked = facts.flags.number('--max-running-requests');
  if (asked !== null) return asked;
  return derived.speculation === null ? 4096 : 48;
}

function effectiveOf(
  facts: LaunchFacts,
  config: Omit<SimConfig, 'effective'>,
  derived: Derived,
): SimConfig['effective'] {
  const { flags } = facts;
  const given = Object.fromEntries(
    flags
      .entries()
      .map(([flag, value]) => [
        flag.replace(/^--/, '').replaceAll('-', '_'),
        typeof value === 'object' ? JSON.stringify(value) : value,
      ]),
  );
  return {
    ...given,
    ...(config.apiKey === null ? {} : { api_key: '***' }),
    model_path: facts.model.id,
    served_model_name: config.servedName,
    tp_size: config.tp,
    context_length: config.maxContext,
    mem_fraction_static: config.memoryRatio,
    max_running_requests: config.maxRunning,
    chunked_prefill_size: derived.chunk,
    max_prefill_tokens: config.maxPrefillTokens,
    schedule_policy: flags.text('--schedule-policy') ?? 'fcfs',
    schedule_conservativeness: config.conservativeness,
    cuda_graph_max_bs: config.graphCeiling,
    disable_cuda_graph: config.graphCeiling === 0,
    enable_mixed_chunk: config.mixedChunk,
    disable_overlap_schedule: !config.asyncSchedule,
    disable_radix_cache: !config.prefixCache,
    kv_cache_dtype: derived.kvDtype,
    quantization: flags.text('--quantization'),
    page_size: config.pageSize,
    stream_interval: config.streamInterval,
    attention_backend:
      flags.text('--attention-backend') ?? (facts.gpu.name.startsWith('H') ? 'fa3' : 'flashinfer'),
    num_continuous_decode_steps: flags.number('--num-continuous-decode-steps') ?? 1,
    enable_torch_compile: config.compiled,
    speculative_algorithm: flags.text('--speculative-algorithm'),
    speculative_num_steps: derived.speculation?.depth ?? null,
    speculative_num_draft_tokens:
      derived.speculation === null ? null : derived.speculation.draftTokens + 1,
    enable_metrics: config.metrics,
    decode_log_interval: config.logInterval,
  };
}

function build(facts: LaunchFacts, derived: Derived): SimConfig {
  const { flags, gpu, model } = facts;
  const { speculation, tp } = derived;
  const config = {
    engine: 'sglang' as const,
    version: facts.version,
    model,
    servedName: flags.text('--served-model-name') ?? model.id,
    gpu,
    tp,
    weightBits: weightBitsOf(flags, model),
    kvBytes: derived.kvDtype.startsWith('fp8') ? (1 as const) : (2 as const),
    maxContext: derived.maxContext,
    memoryRatio:
      flags.number('--mem-fraction-static') ?? autoMemoryRatio(gpu, derived.chunk, derived.graph),
    kvTokensCap: flags.number('--max-total-tokens'),
    tokenBudget: derived.chunk <= 0 ? Number.POSITIVE_INFINITY : derived.chunk,
    maxPrefillTokens: flags.number('--max-prefill-tokens') ?? 16384,
    maxRunning: maxRunningOf(facts, derived),
    maxQueued: flags.number('--max-queued-requests'),
    conservativeness: flags.number('--schedule-conservativeness') ?? 1,
    mixedChunk: flags.on('--enable-mixed-chunk') && speculation === null && derived.chunk > 0,
    longestPrefixFirst: flags.text('--schedule-policy') === 'lpm',
    graphCeiling: derived.graph,
    asyncSchedule: !flags.on('--disable-overlap-schedule'),
    compiled: flags.on('--enable-torch-compile'),
    pageSize: flags.number('--page-size') ?? 1,
    prefixCache: !flags.on('--disable-radix-cache'),
    speculation,
    streamInterval: Math.max(1, flags.number('--stream-interval') ?? 1),
    attentionFactor: attentionFactorOf(flags, gpu),
    customAllReduce: !flags.on('--disable-custom-all-reduce'),
    frontEndWorkers: flags.number('--tokenizer-worker-num') ?? 1,
    skipWarmup: flags.on('--skip-server-warmup'),
    metrics: flags.on('--enable-metrics'),
    cacheReport: flags.on('--enable-cache-report'),
    forceUsage: false,
    logInterval: flags.number('--decode-log-interval') ?? 40,
    logsBatches: !/warn|error|critical/i.test(flags.text('--log-level') ?? 'info'),
    apiKey: flags.text('--api-key'),
    corruptionRate: lossOf(facts, derived),
  };
  return { ...config, effective: effectiveOf(facts, config, derived) };
}

/** SGLang's own resolution of flags: defaults by GPU, silent adjustments, and the combinations it refuses. */
export function resolveSglang(facts: LaunchFacts): Resolved {
  const refusal: Refusal | null = checkSglang(facts);
  if (refusal !== null) return refusal;
  const derived = derive(facts);
  if (derived.tp > facts.gpuCount)
    return pythonError(
      'sglang/srt/managers/scheduler.py',
      'ValueError',
      `The number of GPUs on this node (${facts.gpuCount}) is smaller than tp_size (${derived.tp}).`,
    );
  return { kind: 'ok', config: build(facts, derived) };
}
