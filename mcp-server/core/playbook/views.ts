import { gpuFacts } from '../roofline/gpus.ts';
import { bytesPerWeight, modelFacts, weightBytes } from '../roofline/models.ts';
import type { DeltaSample } from '../telemetry/prometheus.ts';
import type { ModelView } from './observation.ts';

/** Model and GPU as the rules see them. Null when: the model is unknown. */
export function viewModel(facts: {
  readonly modelId: string;
  readonly modelConfig: Readonly<Record<string, unknown>> | null;
  readonly gpu: string | null;
  readonly quantization: string | null;
}): ModelView | null {
  const model = modelFacts(facts.modelId, facts.modelConfig);
  if (model === null) return null;
  const gpu = facts.gpu === null ? null : gpuFacts(facts.gpu);
  const each = facts.quantization === null ? model.weightBytes : bytesPerWeight(facts.quantization);
  return {
    weightsPerGpu: gpu === null ? null : weightBytes(model, each) / (gpu.memoryGb * 1e9),
    isMoe: model.isMoe,
    hasLatentKv: model.kvElementsPerLayer < 2 * model.kvHeads * model.headDim,
  };
}

/** Source: SGLang labels a rank `dp_rank`, vLLM its data-parallel engine `engine`. */
const RANK_LABELS = ['dp_rank', 'engine'] as const;

/** Each counter by data-parallel rank; a counter without ranks, or with one alone, is left out. */
export function sumByRank(
  delta: readonly DeltaSample[],
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const sums = new Map<string, Map<string, number>>();
  for (const sample of delta) {
    const rank = RANK_LABELS.map((label) => sample.labels[label]).find((one) => one !== undefined);
    if (rank === undefined || sample.type !== 'counter') continue;
    const ranks = sums.get(sample.name) ?? new Map<string, number>();
    ranks.set(rank, (ranks.get(rank) ?? 0) + sample.value);
    sums.set(sample.name, ranks);
  }
  return new Map([...sums].filter(([, ranks]) => ranks.size > 1));
}

/** Words in a row that count as a repeat when they come again. Source: n-gram speculation looks up 2 to 4 tokens. */
const WORDS_IN_A_ROW = 3;
/** Fewest such rows over all texts that make a share. Source: own reasoning. */
const MIN_ROWS = 50;

/**
 * Share of the runs of three words that stood in the same text before: what a lookup in the text itself would have drafted.
 * Null when: the texts are too short to tell.
 */
export function repeatedRatio(texts: readonly string[]): number | null {
  let rows = 0;
  let repeats = 0;
  for (const text of texts) {
    const words = text
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== '');
    const seen = new Set<string>();
    for (let at = 0; at + WORDS_IN_A_ROW <= words.length; at += 1) {
      const row = words.slice(at, at + WORDS_IN_A_ROW).join(' ');
      rows += 1;
      if (seen.has(row)) repeats += 1;
      seen.add(row);
    }
  }
  return rows < MIN_ROWS ? null : repeats / rows;
}
