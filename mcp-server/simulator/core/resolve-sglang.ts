import type { SimConfig } from './config.ts';
import type { LaunchFacts } from './launch-facts.ts';
import { corruptionRate } from './quality-loss.ts';
import { pythonError, type Refusal, type Resolved } from './refusal.ts';
import {
  attentionFactorOf,
  autoMemoryRatio,
  deriveSglang,
  type SglangDerived,
  weightBitsOf,
} from './sglang-defaults.ts';
import { checkSglang } from './sglang-rules.ts';

function lossOf(facts: LaunchFacts, derived: SglangDerived): number {
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

function maxRunningOf(facts: LaunchFacts, derived: SglangDerived): number {
  const asked = facts.flags.number('--max-running-requests');
  if (asked !== null) return asked;
  return derived.speculation === null ? 4096 : 48;
}

function effectiveOf(
  facts: LaunchFacts,
  config: Omit<SimConfig, 'effective'>,
  derived: SglangDerived,
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

type MemoryPart = Pick<
  SimConfig,
  | 'weightBits'
  | 'kvBytes'
  | 'maxContext'
  | 'memoryRatio'
  | 'kvTokensCap'
  | 'pageSize'
  | 'prefixCache'
>;

function memoryPart({ flags, gpu, model }: LaunchFacts, derived: SglangDerived): MemoryPart {
  return {
    weightBits: weightBitsOf(flags, model),
    kvBytes: derived.kvDtype.startsWith('fp8') ? 1 : 2,
    maxContext: derived.maxContext,
    memoryRatio:
      flags.number('--mem-fraction-static') ?? autoMemoryRatio(gpu, derived.chunk, derived.graph),
    kvTokensCap: flags.number('--max-total-tokens'),
    pageSize: flags.number('--page-size') ?? 1,
    prefixCache: !flags.on('--disable-radix-cache'),
  };
}

type SchedulePart = Pick<
  SimConfig,
  | 'tokenBudget'
  | 'maxPrefillTokens'
  | 'maxRunning'
  | 'maxQueued'
  | 'conservativeness'
  | 'mixedChunk'
  | 'longestPrefixFirst'
  | 'asyncSchedule'
>;

function schedulePart(facts: LaunchFacts, derived: SglangDerived): SchedulePart {
  const { flags } = facts;
  const isChunked = derived.chunk > 0;
  return {
    tokenBudget: isChunked ? derived.chunk : Number.POSITIVE_INFINITY,
    maxPrefillTokens: flags.number('--max-prefill-tokens') ?? 16384,
    maxRunning: maxRunningOf(facts, derived),
    maxQueued: flags.number('--max-queued-requests'),
    conservativeness: flags.number('--schedule-conservativeness') ?? 1,
    mixedChunk: flags.on('--enable-mixed-chunk') && derived.speculation === null && isChunked,
    longestPrefixFirst: flags.text('--schedule-policy') === 'lpm',
    asyncSchedule: !flags.on('--disable-overlap-schedule'),
  };
}

type ServingPart = Pick<
  SimConfig,
  | 'servedName'
  | 'streamInterval'
  | 'frontEndWorkers'
  | 'skipWarmup'
  | 'metrics'
  | 'cacheReport'
  | 'forceUsage'
  | 'logInterval'
  | 'logsBatches'
  | 'apiKey'
>;

function servingPart({ flags, model }: LaunchFacts): ServingPart {
  return {
    servedName: flags.text('--served-model-name') ?? model.id,
    streamInterval: Math.max(1, flags.number('--stream-interval') ?? 1),
    frontEndWorkers: flags.number('--tokenizer-worker-num') ?? 1,
    skipWarmup: flags.on('--skip-server-warmup'),
    metrics: flags.on('--enable-metrics'),
    cacheReport: flags.on('--enable-cache-report'),
    forceUsage: false,
    logInterval: flags.number('--decode-log-interval') ?? 40,
    logsBatches: !/warn|error|critical/i.test(flags.text('--log-level') ?? 'info'),
    apiKey: flags.text('--api-key'),
  };
}

function build(facts: LaunchFacts, derived: SglangDerived): SimConfig {
  const { flags, gpu, model } = facts;
  const config = {
    engine: 'sglang' as const,
    version: facts.version,
    model,
    gpu,
    gpuCount: facts.gpuCount,
    tp: derived.tp,
    ...memoryPart(facts, derived),
    ...schedulePart(facts, derived),
    ...servingPart(facts),
    graphCeiling: derived.graph,
    compiled: flags.on('--enable-torch-compile'),
    speculation: derived.speculation,
    attentionFactor: attentionFactorOf(flags, gpu),
    customAllReduce: !flags.on('--disable-custom-all-reduce'),
    corruptionRate: lossOf(facts, derived),
  };
  return { ...config, effective: effectiveOf(facts, config, derived) };
}

/** SGLang's own resolution of flags: defaults by GPU, silent adjustments, and the combinations it refuses. */
export function resolveSglang(facts: LaunchFacts): Resolved {
  const refusal: Refusal | null = checkSglang(facts);
  if (refusal !== null) return refusal;
  const derived = deriveSglang(facts);
  if (derived.tp > facts.gpuCount)
    return pythonError(
      'sglang/srt/managers/scheduler.py',
      'ValueError',
      `The number of GPUs on this node (${facts.gpuCount}) is smaller than tp_size (${derived.tp}).`,
    );
  return { kind: 'ok', config: build(facts, derived) };
}
