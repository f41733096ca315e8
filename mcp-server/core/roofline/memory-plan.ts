import type { GpuFacts } from './gpus.ts';
import { kvBytesPerToken, type ModelFacts, weightBytes } from './models.ts';

/** Settings of a launch that decide its memory, already resolved to numbers. */
export interface MemorySettings {
  readonly model: ModelFacts;
  readonly gpu: GpuFacts;
  /** GPUs that one replica is split over. */
  readonly gpus: number;
  /** `static`: the share holds weights and KV (SGLang). `total`: it holds everything (vLLM). */
  readonly shareCovers: 'static' | 'total';
  readonly memoryShare: number;
  readonly weightBytesEach: number;
  readonly kvBytesEach: number;
  /** Tokens that one step may hold. */
  readonly stepTokens: number;
  /** Largest captured decode batch; 0 without graphs. */
  readonly graphBatch: number;
  readonly maxSequences: number;
  /** Longest sequence that must fit. */
  readonly contextTokens: number;
}

export interface MemoryForecast {
  readonly fits: 'yes' | 'no' | 'unknown';
  /** One sentence with the figures. */
  readonly note: string;
  /** KV capacity. Null when: unknown. */
  readonly kvTokens: number | null;
  /** The figures of the note, unrounded. Null when: nothing was computed. Units: GiB, tokens. */
  readonly figures: Readonly<Record<MemoryFigure, number>> | null;
}

type MemoryFigure = 'totalGib' | 'weightsGib' | 'graphsGib' | 'activationsGib' | 'kvTokens';

const GIB = 1024 ** 3;
/** Bytes an engine sees of a GB as sold. Source: an 80 GB H100 shows about 79.2 GiB, a 24 GB L4 about 22 GiB; 0.99 for HBM, 0.92 for GDDR with ECC. */
const visibleBytes = (gpu: GpuFacts): number =>
  gpu.memoryGb * GIB * (gpu.bandwidthGbPerS >= 1500 ? 0.99 : 0.94);
/** CUDA context and workspaces. Source: `avail mem` lines of SGLang before weights, 0.5 to 1 GB. */
const CONTEXT_BYTES = 0.8 * GIB;
/** Graphs: a base and a part per captured batch size. Source: SGLang logs, 1.0 to 1.6 GB up to 256 for an 8B model. */
const GRAPH_BASE_BYTES = 0.3 * GIB;
const GRAPH_BYTES_PER_BATCH = 4.2e6;
/** Copies of float32 logits while sampling. Source: vLLM sampler warm-up, max_num_seqs x vocabulary x 4 B x 3. */
const SAMPLER_COPIES = 3;
/** Below this much free memory a forecast is too close to call. Source: own reasoning. */
const CLOSE_BYTES = 0.35 * GIB;

/** Source: about 0.9 to 1.0 GB for a step of 2,048 tokens of an 8B model. */
function activationBytes(settings: MemorySettings): number {
  const { model, gpus, stepTokens } = settings;
  return stepTokens * 2 * (6 * model.hidden + (3 * model.intermediate) / gpus) * 1.25;
}

function graphBytes(settings: MemorySettings): number {
  if (settings.graphBatch <= 0) return 0;
  const scale = settings.model.hidden / 4096 / Math.sqrt(settings.gpus);
  return GRAPH_BASE_BYTES + GRAPH_BYTES_PER_BATCH * settings.graphBatch * scale;
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

/**
 * Whether a launch fits its GPUs, from weights, KV, activations, graphs and the memory share. The simulator adds up memory
 * by sums of its own, so that a forecast can be wrong there as well.
 * Source: memory accounting of SGLang model_runner.py and vLLM gpu_worker.py.
 */
export function planMemory(settings: MemorySettings): MemoryForecast {
  const total = visibleBytes(settings.gpu);
  const weights = weightBytes(settings.model, settings.weightBytesEach) / settings.gpus;
  const kvEach =
    kvBytesPerToken(settings.model, settings.kvBytesEach) /
    Math.min(settings.gpus, settings.model.kvHeads);
  const graphs = graphBytes(settings);
  const activations = activationBytes(settings);
  const pool =
    settings.shareCovers === 'static'
      ? (total - CONTEXT_BYTES) * settings.memoryShare - weights
      : total * settings.memoryShare - CONTEXT_BYTES - weights - activations - graphs;
  const kvTokens = Math.max(0, Math.floor(pool / kvEach));
  const figures = `weights ${gib(weights)}, graphs ${gib(graphs)}, activations up to ${gib(activations)}, KV for ${kvTokens.toLocaleString('en-US')} tokens of ${gib(total)} a GPU`;
  const forecast = (fits: MemoryForecast['fits'], what: string): MemoryForecast => ({
    fits,
    note: `${what}: ${figures}.`,
    kvTokens,
    figures: {
      totalGib: total / GIB,
      weightsGib: weights / GIB,
      graphsGib: graphs / GIB,
      activationsGib: activations / GIB,
      kvTokens,
    },
  });
  if (weights > total - CONTEXT_BYTES) return forecast('no', 'The weights do not fit');
  if (pool <= 0) return forecast('no', 'Nothing is left for KV');
  if (kvTokens < settings.contextTokens)
    return forecast('no', `KV cannot hold one sequence of ${settings.contextTokens} tokens`);
  const rest = total - CONTEXT_BYTES - weights - pool - graphs;
  return judgeRest(settings, { rest, activations, forecast });
}

function judgeRest(
  settings: MemorySettings,
  room: {
    readonly rest: number;
    readonly activations: number;
    readonly forecast: (fits: MemoryForecast['fits'], what: string) => MemoryForecast;
  },
): MemoryForecast {
  const { rest, activations, forecast } = room;
  if (settings.shareCovers === 'total') {
    const sampler = settings.maxSequences * settings.model.vocab * 4 * SAMPLER_COPIES;
    const isOver = sampler > rest - activations + 0.2 * GIB && sampler > GIB;
    return isOver
      ? forecast(
          'no',
          `Sampling ${settings.maxSequences} sequences at warm-up does not fit (${gib(sampler)})`,
        )
      : forecast('yes', 'Fits');
  }
  if (rest < 0) return forecast('no', 'CUDA graphs do not fit beside weights and KV');
  if (rest < activations * 0.5)
    return forecast('no', 'A full prefill step does not fit beside weights and KV');
  return rest < activations + CLOSE_BYTES
    ? forecast('unknown', 'Close: a full prefill step may run out of memory')
    : forecast('yes', 'Fits');
}
