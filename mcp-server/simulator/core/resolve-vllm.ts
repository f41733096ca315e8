import { z } from 'zod';
import type { SimConfig, SpeculationConfig } from './config.ts';
import type { FlagValues } from './flag-values.ts';
import type { SimGpu } from './gpus.ts';
import type { LaunchFacts } from './launch-facts.ts';
import type { SimModel } from './models.ts';
import { corruptionRate } from './quality-loss.ts';
import type { Resolved } from './refusal.ts';
import { checkVllm } from './vllm-rules.ts';

const SpeculativeConfig = z.looseObject({
  method: z.string().default('ngram'),
  model: z.string().optional(),
  num_speculative_tokens: z.number().int().positive().default(3),
  prompt_lookup_max: z.number().int().optional(),
});

/** The speculation asked for by JSON or by its shortcuts. Null when none is or the JSON is not an object. */
function speculationOf(flags: FlagValues): SpeculationConfig | null {
  const text = flags.text('--speculative-config');
  const method = flags.text('--spec-method');
  if (text === null && method === null) return null;
  const parsed = SpeculativeConfig.safeParse(text === null ? {} : JSON.parse(text));
  if (!parsed.success) return null;
  const tokens = flags.number('--spec-tokens') ?? parsed.data.num_speculative_tokens;
  const name = method ?? parsed.data.method;
  const kind = /ngram|suffix/.test(name)
    ? 'ngram'
    : name === 'draft_model'
      ? 'draft_model'
      : 'eagle';
  return { method: kind, draftTokens: tokens, depth: tokens, topk: 1 };
}

const hasLargeMemory = (gpu: SimGpu): boolean =>
  gpu.memoryBytes >= 70 * 1024 ** 3 && !gpu.name.startsWith('A100');

function weightBitsOf(flags: FlagValues, model: SimModel): 16 | 8 | 4 {
  const method = flags.text('--quantization');
  if (method === null) return model.weightBits;
  return /awq|gptq|fp4|int4|bitsandbytes|wna16|gguf/.test(method) ? 4 : 8;
}

interface Derived {
  readonly tp: number;
  readonly seqs: number;
  readonly budget: number;
  readonly speculation: SpeculationConfig | null;
  readonly kvDtype: string;
  readonly eager: boolean;
}

function derive({ flags, gpu }: LaunchFacts): Derived {
  const doubled = flags.text('--performance-mode') === 'throughput' ? 2 : 1;
  const large = hasLargeMemory(gpu);
  const budget = flags.number('--max-num-batched-tokens') ?? (large ? 8192 : 2048) * doubled;
  return {
    tp: flags.number('--tensor-parallel-size') ?? 1,
    seqs: flags.number('--max-num-seqs') ?? Math.min((large ? 1024 : 256) * doubled, budget),
    budget,
    speculation: speculationOf(flags),
    kvDtype: flags.text('--kv-cache-dtype') ?? 'auto',
    eager: flags.on('--enforce-eager') || flags.text('--optimization-level') === '0',
  };
}

/** Source: vLLM: min(2 x max_num_seqs x (1 + draft tokens), 512), capped by the token budget. */
function graphCeilingOf(flags: FlagValues, derived: Derived): number {
  if (derived.eager) return 0;
  const sizes = flags.numbers('--cudagraph-capture-sizes');
  if (sizes !== null && sizes.length > 0) return Math.max(...sizes);
  const perStep = 1 + (derived.speculation?.draftTokens ?? 0);
  const auto = Math.min(2 * derived.seqs * perStep, 512);
  return Math.min(flags.number('--max-cudagraph-capture-size') ?? auto, derived.budget);
}

function attentionFactorOf(flags: FlagValues): number {
  const backend = flags.text('--attention-backend');
  if (backend === 'TRITON_ATTN') return 1.15;
  return backend === 'TORCH_SDPA' || backend === 'FLEX_ATTENTION' ? 3 : 1;
}

/** Minor version 0.x; the newest when it cannot be read. */
const minorOf = (version: string): number => Number(/0\.(\d+)/.exec(version)?.[1] ?? 99);

/** Source: vLLM release notes: asynchronous scheduling is on by default since v0.14. */
function asyncOf({ flags, version }: LaunchFacts, speculation: SpeculationConfig | null): boolean {
  if (speculation?.method === 'ngram') return false;
  return flags.toggle('--async-scheduling') ?? minorOf(version) >= 14;
}

function maxContextOf({ flags, model }: LaunchFacts): number {
  const asked = flags.number('--max-model-len');
  return asked === null || asked <= 0 ? model.maxContext : asked;
}

/** Source: vLLM's default share was 0.9 until April 2026 (before v0.20), 0.92 since. */
function memoryRatioOf(flags: FlagValues, version: string): number {
  return flags.number('--gpu-memory-utilization') ?? (minorOf(version) >= 20 ? 0.92 : 0.9);
}

function kvTokensCapOf(flags: FlagValues, pageSize: number): number | null {
  const blocks = flags.number('--num-gpu-blocks-override');
  return blocks === null ? null : blocks * pageSize;
}

function effectiveOf(
  facts: LaunchFacts,
  config: Omit<SimConfig, 'effective'>,
): SimConfig['effective'] {
  const given = Object.fromEntries(
    facts.flags
      .entries()
      .map(([flag, value]) => [
        flag.replace(/^--/, '').replaceAll('-', '_'),
        typeof value === 'object' ? JSON.stringify(value) : value,
      ]),
  );
  return {
    ...given,
    ...(config.apiKey === null ? {} : { api_key: '***' }),
    model: facts.model.id,
    tensor_parallel_size: config.tp,
    max_model_len: config.maxContext,
    max_num_seqs: config.maxRunning,
    max_num_batched_tokens: Number.isFinite(config.tokenBudget) ? config.tokenBudget : null,
    gpu_memory_utilization: config.memoryRatio,
    enable_prefix_caching: config.prefixCache,
    enable_chunked_prefill: Number.isFinite(config.tokenBudget),
    block_size: config.pageSize,
    enforce_eager: config.graphCeiling === 0,
    async_scheduling: config.asyncSchedule,
    kv_cache_dtype: facts.flags.text('--kv-cache-dtype') ?? 'auto',
    quantization: facts.flags.text('--quantization'),
  };
}

function lossOf({ flags, model }: LaunchFacts, derived: Derived): number {
  return corruptionRate({
    weightBits: weightBitsOf(flags, model),
    kvBytes: derived.kvDtype.startsWith('fp8') ? 1 : 2,
    kvScales: flags.on('--calculate-kv-scales'),
    kvE5m2: derived.kvDtype === 'fp8_e5m2',
    speculationThreshold: 1,
    broken:
      derived.kvDtype.startsWith('fp8') &&
      derived.speculation?.method === 'eagle' &&
      flags.text('--attention-backend') === 'FLASHINFER',
  });
}

function build(facts: LaunchFacts, derived: Derived): SimConfig {
  const { flags, gpu, model } = facts;
  const pageSize = flags.number('--block-size') ?? 16;
  const config = {
    engine: 'vllm' as const,
    version: facts.version,
    model,
    servedName: flags.text('--served-model-name') ?? model.id,
    gpu,
    gpuCount: facts.gpuCount,
    tp: derived.tp,
    weightBits: weightBitsOf(flags, model),
    kvBytes: derived.kvDtype.startsWith('fp8') ? (1 as const) : (2 as const),
    maxContext: maxContextOf(facts),
    memoryRatio: memoryRatioOf(flags, facts.version),
    kvTokensCap: kvTokensCapOf(flags, pageSize),
    tokenBudget: derived.budget,
    maxPrefillTokens: derived.budget,
    maxRunning: derived.seqs,
    maxQueued: null,
    conservativeness: 1,
    mixedChunk: true,
    longestPrefixFirst: false,
    graphCeiling: graphCeilingOf(flags, derived),
    asyncSchedule: asyncOf(facts, derived.speculation),
    compiled: !derived.eager,
    pageSize,
    prefixCache: flags.toggle('--enable-prefix-caching') ?? true,
    speculation: derived.speculation,
    streamInterval: Math.max(1, flags.number('--stream-interval') ?? 1),
    attentionFactor: attentionFactorOf(flags),
    customAllReduce: !flags.on('--disable-custom-all-reduce'),
    frontEndWorkers: flags.number('--api-server-count') ?? 1,
    skipWarmup: false,
    metrics: !flags.on('--disable-log-stats'),
    cacheReport: flags.on('--enable-prompt-tokens-details'),
    forceUsage: flags.on('--enable-force-include-usage'),
    logInterval: 40,
    logsBatches: !flags.on('--disable-log-stats'),
    apiKey: flags.text('--api-key'),
    corruptionRate: lossOf(facts, derived),
  };
  return { ...config, effective: effectiveOf(facts, config) };
}

/** vLLM's own resolution of flags: defaults by GPU, silent adjustments, and the combinations it refuses. */
export function resolveVllm(facts: LaunchFacts): Resolved {
  const derived = derive(facts);
  const refusal = checkVllm(facts, {
    seqs: derived.seqs,
    budget: derived.budget,
    speculation: derived.speculation,
    maxContext: maxContextOf(facts),
  });
  return refusal ?? { kind: 'ok', config: build(facts, derived) };
}
