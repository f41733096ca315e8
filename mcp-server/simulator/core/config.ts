import type { SimGpu } from './gpus.ts';
import type { SimModel } from './models.ts';

export type SimEngineId = 'sglang' | 'vllm';

/** Draft-and-verify decoding as configured. */
export interface SpeculationConfig {
  readonly method: 'eagle' | 'ngram' | 'draft_model';
  /** Tokens verified per sequence and step beside the one that is certain. */
  readonly draftTokens: number;
  /** Longest accepted chain. */
  readonly depth: number;
  /** Branches per draft step; above 1 raises acceptance and verify work. */
  readonly topk: number;
}

/** Everything that decides what the simulated engine does, after the engine's own resolution of defaults. */
export interface SimConfig {
  readonly engine: SimEngineId;
  readonly version: string;
  readonly model: SimModel;
  readonly servedName: string;
  readonly gpu: SimGpu;
  /** GPUs that the service rents, in use or not. */
  readonly gpuCount: number;
  readonly tp: number;
  readonly weightBits: 16 | 8 | 4;
  /** Bytes of one KV element. */
  readonly kvBytes: 1 | 2;
  readonly maxContext: number;
  /** Share of GPU memory: weights and KV (SGLang) or everything (vLLM). */
  readonly memoryRatio: number;
  /** KV tokens forced by the operator; null when computed. */
  readonly kvTokensCap: number | null;
  /** Prefill chunk (SGLang) or tokens per step (vLLM). Infinity when chunking is off. */
  readonly tokenBudget: number;
  /** Tokens of one prefill batch (SGLang). */
  readonly maxPrefillTokens: number;
  readonly maxRunning: number;
  readonly maxQueued: number | null;
  readonly conservativeness: number;
  readonly mixedChunk: boolean;
  readonly longestPrefixFirst: boolean;
  /** Largest decode batch (SGLang) or token count (vLLM) that replays a graph; 0 = always eager. */
  readonly graphCeiling: number;
  readonly asyncSchedule: boolean;
  readonly compiled: boolean;
  readonly pageSize: number;
  readonly prefixCache: boolean;
  readonly speculation: SpeculationConfig | null;
  /** Tokens per streamed event after the first. */
  readonly streamInterval: number;
  /** Time of attention kernels relative to the best backend for the GPU. */
  readonly attentionFactor: number;
  readonly customAllReduce: boolean;
  readonly frontEndWorkers: number;
  readonly skipWarmup: boolean;
  readonly metrics: boolean;
  readonly cacheReport: boolean;
  readonly forceUsage: boolean;
  readonly logInterval: number;
  readonly logsBatches: boolean;
  readonly apiKey: string | null;
  /** Share of tokens that come out wrong because of lossy settings, 0..1. */
  readonly corruptionRate: number;
  /** Effective settings by the engine's own names, for /server_info and the start-up lines. */
  readonly effective: Readonly<Record<string, string | number | boolean | null>>;
}

/** KV bytes of one token over all GPUs. Source: 2 x layers x KV heads x head size x element bytes. */
export function kvBytesPerToken(config: Pick<SimConfig, 'model' | 'kvBytes' | 'tp'>): number {
  const { layers, kvHeads, headDim } = config.model;
  return 2 * layers * Math.max(kvHeads, config.tp) * headDim * config.kvBytes;
}

/** Weight bytes read by one forward pass over all GPUs: quantised layers, 16-bit head. */
export function weightReadBytes(config: Pick<SimConfig, 'model' | 'weightBits'>): number {
  return (
    (config.model.layerParams * storedBits(config.weightBits)) / 8 + config.model.headParams * 2
  );
}

/** Weight bytes stored over all GPUs. */
export function weightStoreBytes(config: Pick<SimConfig, 'model' | 'weightBits'>): number {
  const outside = config.model.totalParams - config.model.layerParams;
  return (config.model.layerParams * storedBits(config.weightBits)) / 8 + outside * 2;
}

/** Source: 4-bit groups carry scales, about 0.56 bytes per weight. */
function storedBits(bits: 16 | 8 | 4): number {
  return bits === 4 ? 4.5 : bits;
}
