import type { GpuFacts } from './gpus.ts';
import { kvBytesPerToken, type ModelFacts, weightBytes } from './models.ts';

/** What runs on what. */
export interface Placement {
  readonly model: ModelFacts;
  readonly gpu: GpuFacts;
  /** GPUs that one replica is split over. */
  readonly gpus: number;
  /** Units: bytes per weight and per KV element as run. */
  readonly weightBytesEach: number;
  readonly kvBytesEach: number;
}

/** Share of the memory bandwidth that decode reaches in practice. Source: ai-dynamo/aiconfigurator systems/*.yaml, 0.8. */
const MEMORY_EFFICIENCY = 0.8;
/** Model FLOPs utilisation of prefill of 1k tokens and more. Source: 0.4 to 0.6 measured on H100; the middle. */
const PREFILL_MFU = 0.5;
/** One small all-reduce over NVLink. Units: ms. Source: vLLM #56128, one-shot kernels 5 to 10 µs. */
const NVLINK_ALL_REDUCE_MS = 0.008;
/** The same over PCIe with NCCL. Units: ms. Source: vLLM #56128, about 20 µs. */
const PCIE_ALL_REDUCE_MS = 0.02;
/** Links slower than this are PCIe. Units: GB/s. Source: PCIe 5 x16 is 64 GB/s one way. */
const PCIE_LINK_GB_PER_S = 64;

const bandwidth = (placement: Placement): number =>
  placement.gpu.bandwidthGbPerS * 1e9 * placement.gpus;

function flopsPerS(placement: Placement): number {
  const { gpu, weightBytesEach } = placement;
  const tflops = weightBytesEach <= 1 && gpu.tflops8 !== null ? gpu.tflops8 : gpu.tflops16;
  return tflops * 1e12 * placement.gpus;
}

/** KV bytes of a token over the replica: heads are duplicated where there are more GPUs than KV heads. */
function replicaKvBytesPerToken(placement: Placement): number {
  const { model, gpus, kvBytesEach } = placement;
  const duplication = model.isMoe ? 1 : Math.max(1, gpus / model.kvHeads);
  return kvBytesPerToken(model, kvBytesEach) * duplication;
}

/** FLOPs of prefilling `tokens` behind a cached prefix. Source: 2 Pa n + 4 L Hq dh (n m + n²/2). */
export function prefillFlops(model: ModelFacts, tokens: number, cached = 0): number {
  const attention =
    4 * model.layers * model.heads * model.headDim * (tokens * cached + tokens ** 2 / 2);
  return 2 * model.activeParams * tokens + attention;
}

export interface Bound {
  /** Units: ms. No configuration on this hardware goes below. */
  readonly floorMs: number;
  /** Units: ms. What good kernels reach. */
  readonly practicalMs: number;
}

/** TTFT of one request on an idle replica, queue and network left out. Source: max(FLOPs / F, weights / BW). */
export function prefillFloorMs(placement: Placement, tokens: number, cached = 0): Bound {
  const computeS = prefillFlops(placement.model, tokens, cached) / flopsPerS(placement);
  const readS = weightBytes(placement.model, placement.weightBytesEach) / bandwidth(placement);
  return {
    floorMs: Math.max(computeS, readS) * 1000,
    practicalMs: Math.max(computeS / PREFILL_MFU, readS / MEMORY_EFFICIENCY) * 1000,
  };
}

/**
 * One decode step of a batch whose contexts hold `contextTokens` in all; what the memory cannot hold is not read either.
 * Source: (weights + KV) / BW, plus 2 L all-reduces.
 */
export function decodeFloorMs(placement: Placement, contextTokens: number): Bound {
  const { model, gpu, gpus, weightBytesEach } = placement;
  const most = kvCapacityTokens(placement, { memoryShare: 1, reserveBytes: 0 });
  const held = Math.min(contextTokens, Math.max(0, most));
  const bytes = model.activeParams * weightBytesEach + replicaKvBytesPerToken(placement) * held;
  const readMs = (bytes / bandwidth(placement)) * 1000;
  const allReduce = gpu.linkGbPerS > PCIE_LINK_GB_PER_S ? NVLINK_ALL_REDUCE_MS : PCIE_ALL_REDUCE_MS;
  const exchangeMs = gpus > 1 ? 2 * model.layers * allReduce : 0;
  return { floorMs: readMs, practicalMs: readMs / MEMORY_EFFICIENCY + exchangeMs };
}

/**
 * Most output tokens per second of a batch, each with a context of `contextTokens`.
 * Source: batch x accepted / step, and not above F / (2 Pa).
 */
export function decodeCeilingTokensPerS(
  placement: Placement,
  load: { readonly batch: number; readonly contextTokens: number; readonly acceptLength?: number },
): number {
  const step = decodeFloorMs(placement, load.batch * load.contextTokens).floorMs / 1000;
  const compute = flopsPerS(placement) / (2 * placement.model.activeParams);
  return Math.min((load.batch * (load.acceptLength ?? 1)) / step, compute);
}

/** Batch at which a decode step turns from memory-bound to compute-bound. Source: F bw / (2 BW). */
export function criticalBatch(placement: Placement): number {
  return (flopsPerS(placement) * placement.weightBytesEach) / (2 * bandwidth(placement));
}

/** Tokens of KV that a replica holds. Source: (memory x share - weights - reserve) / KV bytes per token. */
export function kvCapacityTokens(
  placement: Placement,
  given: { readonly memoryShare: number; readonly reserveBytes: number },
): number {
  const room = placement.gpu.memoryGb * 1e9 * placement.gpus * given.memoryShare;
  const weights = weightBytes(placement.model, placement.weightBytesEach);
  return (room - weights - given.reserveBytes) / replicaKvBytesPerToken(placement);
}
