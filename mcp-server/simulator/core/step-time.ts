import { kvBytesPerToken, type SimConfig, weightReadBytes } from './config.ts';

/** What one iteration computes. */
export interface StepLoad {
  /** New tokens of each prefill chunk and the tokens already in its KV. */
  readonly chunks: readonly { readonly tokens: number; readonly prefix: number }[];
  readonly decodeSeqs: number;
  /** Tokens per decoding sequence: 1, or 1 + draft tokens. */
  readonly tokensPerSeq: number;
  /** Sum of the contexts of the decoding sequences. */
  readonly contextTokens: number;
}

/** What an engine's own code costs beside the kernels. Units: ms. */
export interface HostProfile {
  /** Time of one replayed step on the CPU, which runs beside the GPU. */
  readonly graphMs: number;
  /** Part that never runs beside the GPU, per step and per sequence, when scheduling is asynchronous. */
  readonly asyncMs: number;
  readonly asyncPerSeqMs: number;
  /** The same when it is not. */
  readonly syncMs: number;
  readonly syncPerSeqMs: number;
  /** Launch time per layer without graphs: decode, and prefill (fewer, larger kernels). */
  readonly eagerPerLayerMs: number;
  readonly prefillPerLayerMs: number;
}

/**
 * Source: per-sequence cost vLLM 0.05-0.10 ms, SGLang 0.016-0.02 ms, TensorRT-LLM ~0, less the growth of the matrix
 * products themselves; graph replay from a 0.5B model's host-bound step of 1.42-1.51 ms; eager launch 0.6-0.8 ms a layer on slow CPUs.
 */
export const HOST_PROFILES = {
  sglang: {
    graphMs: 1.3,
    asyncMs: 0.12,
    asyncPerSeqMs: 0.016,
    syncMs: 1.2,
    syncPerSeqMs: 0.03,
    eagerPerLayerMs: 0.45,
    prefillPerLayerMs: 0.25,
  },
  vllm: {
    graphMs: 1.4,
    asyncMs: 0.2,
    asyncPerSeqMs: 0.025,
    syncMs: 0.5,
    syncPerSeqMs: 0.035,
    eagerPerLayerMs: 0.45,
    prefillPerLayerMs: 0.1,
  },
  trtllm: {
    graphMs: 0.8,
    asyncMs: 0.05,
    asyncPerSeqMs: 0,
    syncMs: 0.05,
    syncPerSeqMs: 0,
    eagerPerLayerMs: 0.3,
    prefillPerLayerMs: 0.1,
  },
} as const satisfies Record<string, HostProfile>;

/**
 * Norms, rotary embedding, launch gaps and the ramp of each product, per layer inside a graph. Units: ms.
 * Source: memory efficiency of 7-8B and 70B stacks at TP 1-8 (0.80 to 0.32) is one bandwidth share and this constant.
 */
const GPU_PER_LAYER_MS = 0.026;
/** Sampling and head epilogue. Units: ms. Source: own reasoning. */
const SAMPLE_MS = 0.15;
/** Weight reads of fp8 and 4-bit kernels reach this share of what 16-bit ones do. Source: 8B and 70B fp8 step times on L40S, RTX 4090, H100 TP4. */
const ETA_MEMORY_QUANTISED = 0.87;
/** fp8 products reach this share of etaCompute. Source: 70B fp8 on four H100: 46.5 ms per 1k prompt tokens less communication. */
const ETA_COMPUTE_FP8 = 0.76;
/** Compute efficiency lost per doubling of TP. Source: 0.65-0.75 at TP 1, 0.55-0.70 at TP 8. */
const TP_COMPUTE_LOSS = 0.03;
/** How compute and memory time of a matrix product add up. Source: 43 profiled GEMM stacks, mean error 5.5 %. */
const GEMM_EXPONENT = 1.5;
/** Larger all-reduces reach this share of the link. Source: 75-115 µs at 16 MB on 4 H100. */
const ETA_LINK = 0.55;
/** Share of the compute peak that attention over a prompt reaches. Source: own reasoning. */
const ETA_ATTENTION = 0.45;
function gemmMs(config: SimConfig, tokens: number): number {
  const { gpu, tp } = config;
  const quantised = config.weightBits < 16;
  const etaMemory = gpu.etaMemory * (quantised ? ETA_MEMORY_QUANTISED : 1);
  const useFp8 = config.weightBits === 8 && gpu.flops8 !== null;
  const peak = useFp8 ? (gpu.flops8 ?? gpu.flops16) * ETA_COMPUTE_FP8 : gpu.flops16;
  const tpLoss = 1 - TP_COMPUTE_LOSS * Math.log2(tp);
  const etaCompute = gpu.etaCompute * tpLoss * (config.weightBits === 4 ? 0.9 : 1);
  const memoryMs = (weightReadBytes(config) / (etaMemory * gpu.memoryBandwidth * tp)) * 1000;
  const computeMs = ((2 * config.model.layerParams * tokens) / (etaCompute * peak * tp)) * 1000;
  return (memoryMs ** GEMM_EXPONENT + computeMs ** GEMM_EXPONENT) ** (1 / GEMM_EXPONENT);
}

function attentionMs(config: SimConfig, load: StepLoad): number {
  const { gpu, tp, model } = config;
  const kv = kvBytesPerToken(config);
  const readBytes = kv * load.contextTokens;
  // fp8 KV is converted on the way: it saves bytes, and costs a little per sequence.
  const etaKv = gpu.etaKv * (config.kvBytes === 1 ? 0.88 : 1);
  const read = (readBytes / (etaKv * gpu.memoryBandwidth * tp)) * 1000;
  const scores = load.chunks.reduce(
    (sum, chunk) => sum + chunk.tokens * (chunk.prefix + chunk.tokens / 2),
    0,
  );
  const flops = 4 * model.layers * model.heads * model.headDim * scores;
  const prefill = (flops / (ETA_ATTENTION * gpu.flops16 * tp)) * 1000;
  return (read + prefill) * config.attentionFactor;
}

function communicationMs(config: SimConfig, tokens: number): number {
  const { tp, gpu, model } = config;
  if (tp === 1) return 0;
  const slot = tp <= 2 ? 0 : tp <= 4 ? 1 : 2;
  const latencyMs = ((gpu.allReduceUs[slot] ?? 10) / 1000) * (config.customAllReduce ? 1 : 2.5);
  const bytes = tokens * model.hidden * 2 * 2 * ((tp - 1) / tp);
  const transferMs = (bytes / (gpu.linkBandwidth * ETA_LINK)) * 1000;
  return 2 * model.layers * (latencyMs + transferMs);
}

/** Time of the kernels of one iteration. Units: ms. */
export function gpuStepMs(config: SimConfig, load: StepLoad): number {
  const decodeTokens = load.decodeSeqs * load.tokensPerSeq;
  const tokens = decodeTokens + load.chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
  if (tokens === 0) return 0;
  const perLayer =
    GPU_PER_LAYER_MS * (config.compiled ? 0.7 : 1) * (config.kvBytes === 1 ? 1.25 : 1);
  return (
    gemmMs(config, tokens) +
    attentionMs(config, load) +
    communicationMs(config, tokens) +
    config.model.layers * perLayer +
    SAMPLE_MS
  );
}

/** True when the iteration replays a captured graph. */
export function usesGraph(config: SimConfig, load: StepLoad): boolean {
  if (config.graphCeiling <= 0) return false;
  const prefill = load.chunks.reduce((sum, chunk) => sum + chunk.tokens, 0);
  if (config.engine === 'sglang') return prefill === 0 && load.decodeSeqs <= config.graphCeiling;
  return prefill + load.decodeSeqs * load.tokensPerSeq <= config.graphCeiling;
}

function launchMs(config: SimConfig, load: StepLoad, host: HostProfile): number {
  if (usesGraph(config, load)) return host.graphMs;
  const layers = config.model.layers;
  return load.chunks.length > 0
    ? host.graphMs + layers * host.prefillPerLayerMs
    : layers * host.eagerPerLayerMs;
}

/** Time of one iteration before noise. Units: ms. Source: docs/figures.md, rows of the simulator's own check. */
export function stepMs(config: SimConfig, load: StepLoad, host: HostProfile): number {
  const busy = Math.max(gpuStepMs(config, load), launchMs(config, load, host));
  const seqs = load.decodeSeqs + load.chunks.length;
  const serial = config.asyncSchedule
    ? host.asyncMs + host.asyncPerSeqMs * seqs
    : host.syncMs + host.syncPerSeqMs * seqs;
  return busy + serial;
}
