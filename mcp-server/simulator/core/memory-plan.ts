import { kvBytesPerToken, type SimConfig, weightStoreBytes } from './config.ts';

const GIB = 1024 ** 3;

/** How a launch uses the memory of one GPU. Units: bytes unless named. */
export interface MemoryUse {
  readonly totalBytes: number;
  readonly weightBytes: number;
  readonly kvBytes: number;
  readonly graphBytes: number;
  /** Left for activations after everything static. */
  readonly freeBytes: number;
  readonly kvTokens: number;
  /** Tokens of one step that fit into what is left. */
  readonly maxStepTokens: number;
}

/** Where a start runs out of memory. */
export type MemoryPlan =
  | { readonly kind: 'ok'; readonly use: MemoryUse }
  | {
      readonly kind: 'oom';
      readonly stage: 'weights' | 'kv' | 'context' | 'graphs' | 'sampler' | 'activations';
      readonly use: MemoryUse;
      readonly needBytes: number;
    };

/** CUDA context, NCCL buffers, workspaces. Source: own reasoning from `avail mem` lines before weights (0.5-1 GB). */
const CONTEXT_BYTES = 0.55 * GIB;
const WORKSPACE_BYTES = 0.25 * GIB;
/** Free memory below which graph capture fails: its private pool and workspaces. Source: own reasoning. */
const CAPTURE_BYTES = 0.45 * GIB;
/** Source: SGLang logs: graphs up to batch 256 of an 8B model take 1.0-1.6 GB. */
const GRAPH_BASE_BYTES = 0.3 * GIB;
const GRAPH_BYTES_PER_BATCH = 4.2e6;
/** Rows of logits in float32, kept three times while sampling. Source: vLLM sampler warm-up at max_num_seqs x vocab x 4 B x 3. */
const SAMPLER_COPIES = 3;

/** Bytes of activations per token of a step. Source: about 0.9-1.0 GB at a budget of 2,048 tokens on an 8B model. */
function activationBytesPerToken(config: SimConfig): number {
  const { hidden, intermediate } = config.model;
  return 2 * (6 * hidden + (3 * intermediate) / config.tp) * 1.25;
}

function graphBytes(config: SimConfig): number {
  if (config.graphCeiling <= 0) return 0;
  const scale = config.model.hidden / 4096 / Math.sqrt(config.tp);
  const draft = config.speculation?.method === 'eagle' ? 1.6 : 1;
  return (GRAPH_BASE_BYTES + GRAPH_BYTES_PER_BATCH * config.graphCeiling * scale) * draft;
}

function draftBytes(config: SimConfig): number {
  const { speculation, model } = config;
  if (speculation === null || speculation.method === 'ngram') return 0;
  const params =
    speculation.method === 'eagle'
      ? (model.layerParams / model.layers) * 1.6 + model.headParams * 0.5
      : 0.5e9;
  return (params * 2) / config.tp;
}

function samplerBytes(config: SimConfig): number {
  return config.maxRunning * config.model.vocab * 4 * SAMPLER_COPIES;
}

const budgetTokens = (config: SimConfig): number =>
  Math.min(config.tokenBudget, Math.max(config.maxContext, config.maxPrefillTokens));

function finish(config: SimConfig, kvBytes: number): MemoryUse {
  const totalBytes = config.gpu.memoryBytes;
  const weightBytes = weightStoreBytes(config) / config.tp + draftBytes(config);
  const perToken = kvBytesPerToken(config) / config.tp;
  const computed = Math.max(0, Math.floor(kvBytes / perToken));
  const kvTokens = Math.min(computed, config.kvTokensCap ?? Number.POSITIVE_INFINITY);
  const graphs = graphBytes(config);
  const used = CONTEXT_BYTES + weightBytes + kvTokens * perToken + graphs;
  const freeBytes = totalBytes - used;
  const room = freeBytes - WORKSPACE_BYTES;
  return {
    totalBytes,
    weightBytes,
    kvBytes: kvTokens * perToken,
    graphBytes: graphs,
    freeBytes,
    kvTokens,
    maxStepTokens: Math.floor(room / activationBytesPerToken(config)),
  };
}

/** SGLang: the fraction covers weights and KV; graphs and activations live in the rest. */
function planSglang(config: SimConfig): MemoryPlan {
  const available = config.gpu.memoryBytes - CONTEXT_BYTES;
  const weights = weightStoreBytes(config) / config.tp + draftBytes(config);
  const outside = available * (1 - config.memoryRatio);
  const use = finish(config, available - weights - outside);
  if (weights > available) return { kind: 'oom', stage: 'weights', use, needBytes: weights };
  if (use.kvTokens <= 0) return { kind: 'oom', stage: 'kv', use, needBytes: weights };
  if (config.graphCeiling > 0 && use.freeBytes < CAPTURE_BYTES)
    return { kind: 'oom', stage: 'graphs', use, needBytes: use.graphBytes };
  return { kind: 'ok', use };
}

/** vLLM: the fraction covers everything it profiles; the sampler's warm-up comes on top. */
function planVllm(config: SimConfig): MemoryPlan {
  const total = config.gpu.memoryBytes;
  const weights = weightStoreBytes(config) / config.tp + draftBytes(config);
  const activations = budgetTokens(config) * activationBytesPerToken(config) + WORKSPACE_BYTES;
  const inside = total * config.memoryRatio - CONTEXT_BYTES;
  const use = finish(config, inside - weights - activations - graphBytes(config));
  if (weights > total - CONTEXT_BYTES)
    return { kind: 'oom', stage: 'weights', use, needBytes: weights };
  if (use.kvTokens <= 0) return { kind: 'oom', stage: 'kv', use, needBytes: weights };
  if (use.kvTokens < config.maxContext)
    return {
      kind: 'oom',
      stage: 'context',
      use,
      needBytes: (config.maxContext * kvBytesPerToken(config)) / config.tp,
    };
  const headroom = use.freeBytes - activations + WORKSPACE_BYTES;
  if (samplerBytes(config) > headroom + 0.2 * GIB && samplerBytes(config) > GIB)
    return { kind: 'oom', stage: 'sampler', use, needBytes: samplerBytes(config) };
  return { kind: 'ok', use };
}

/** What the launch leaves for KV, or where it fails. Source: simulator rules of SGLang's and vLLM's memory profiling. */
export function planSimMemory(config: SimConfig): MemoryPlan {
  return config.engine === 'sglang' ? planSglang(config) : planVllm(config);
}
