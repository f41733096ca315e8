import { modelFacts } from '../../core/roofline/models.ts';

/** Shape of a dense transformer, as its config.json tells it. */
export interface SimModel {
  readonly id: string;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediate: number;
  readonly vocab: number;
  readonly maxContext: number;
  /** Parameters of the layers, without embedding and head. */
  readonly layerParams: number;
  /** Parameters of the output head, read every step (tied or not). */
  readonly headParams: number;
  /** All stored parameters. */
  readonly totalParams: number;
  readonly weightBits: 16 | 8 | 4;
}

function bitsOfName(id: string): 16 | 8 | 4 {
  if (/fp8|w8a8|int8/i.test(id)) return 8;
  return /awq|gptq|int4|w4a16|4bit|nvfp4/i.test(id) ? 4 : 16;
}

/**
 * Shapes are the roofline's, since both read config.json; what a step costs and what memory holds is each one's own sum.
 * Null when: the model is unknown or no dense one.
 */
export function findSimModel(id: string): SimModel | null {
  const facts = modelFacts(id);
  if (facts === null || facts.isMoe) return null;
  const { layers, hidden, heads, kvHeads, headDim, intermediate, vocab, maxContext, tied } = facts;
  const attention = hidden * headDim * (2 * heads + 2 * kvHeads);
  const mlp = 3 * hidden * intermediate;
  const layerParams = layers * (attention + mlp + 2 * hidden);
  const headParams = vocab * hidden;
  return {
    id,
    layers,
    hidden,
    heads,
    kvHeads,
    headDim,
    intermediate,
    vocab,
    maxContext,
    layerParams,
    headParams,
    totalParams: layerParams + headParams * (tied ? 1 : 2),
    weightBits: bitsOfName(id),
  };
}
