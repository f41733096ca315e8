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

interface Shape {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediate: number;
  readonly vocab: number;
  readonly maxContext: number;
  readonly tied: boolean;
}

/** Source: config.json of each model. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'llama-3.1-8b': {
    layers: 32,
    hidden: 4096,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    intermediate: 14336,
    vocab: 128256,
    maxContext: 131072,
    tied: false,
  },
  'llama-3.1-70b': {
    layers: 80,
    hidden: 8192,
    heads: 64,
    kvHeads: 8,
    headDim: 128,
    intermediate: 28672,
    vocab: 128256,
    maxContext: 131072,
    tied: false,
  },
  'qwen2.5-7b': {
    layers: 28,
    hidden: 3584,
    heads: 28,
    kvHeads: 4,
    headDim: 128,
    intermediate: 18944,
    vocab: 152064,
    maxContext: 32768,
    tied: false,
  },
  'qwen2.5-0.5b': {
    layers: 24,
    hidden: 896,
    heads: 14,
    kvHeads: 2,
    headDim: 64,
    intermediate: 4864,
    vocab: 151936,
    maxContext: 32768,
    tied: true,
  },
  'qwen2.5-1.5b': {
    layers: 28,
    hidden: 1536,
    heads: 12,
    kvHeads: 2,
    headDim: 128,
    intermediate: 8960,
    vocab: 151936,
    maxContext: 32768,
    tied: true,
  },
  'qwen3-32b': {
    layers: 64,
    hidden: 5120,
    heads: 64,
    kvHeads: 8,
    headDim: 128,
    intermediate: 25600,
    vocab: 151936,
    maxContext: 40960,
    tied: false,
  },
  'qwen3-8b': {
    layers: 36,
    hidden: 4096,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    intermediate: 12288,
    vocab: 151936,
    maxContext: 40960,
    tied: false,
  },
};

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/llama-?3(\.1)?-8b/i, 'llama-3.1-8b'],
  [/llama-?3(\.[13])?-70b/i, 'llama-3.1-70b'],
  [/qwen2\.5-(coder-)?7b/i, 'qwen2.5-7b'],
  [/qwen2\.5-(coder-)?0\.5b/i, 'qwen2.5-0.5b'],
  [/qwen2\.5-(coder-)?1\.5b/i, 'qwen2.5-1.5b'],
  [/qwen3-32b/i, 'qwen3-32b'],
  [/qwen3-8b/i, 'qwen3-8b'],
];

function bitsOfName(id: string): 16 | 8 | 4 {
  if (/fp8|w8a8|int8/i.test(id)) return 8;
  return /awq|gptq|int4|w4a16|4bit|nvfp4/i.test(id) ? 4 : 16;
}

/** Null when the simulator has no shape for the model. */
export function findSimModel(id: string): SimModel | null {
  const key = PATTERNS.find(([pattern]) => pattern.test(id))?.[1];
  const shape = key === undefined ? undefined : SHAPES[key];
  if (shape === undefined) return null;
  const attention = shape.hidden * shape.headDim * (2 * shape.heads + 2 * shape.kvHeads);
  const mlp = 3 * shape.hidden * shape.intermediate;
  const layerParams = shape.layers * (attention + mlp + 2 * shape.hidden);
  const headParams = shape.vocab * shape.hidden;
  return {
    id,
    layers: shape.layers,
    hidden: shape.hidden,
    heads: shape.heads,
    kvHeads: shape.kvHeads,
    headDim: shape.headDim,
    intermediate: shape.intermediate,
    vocab: shape.vocab,
    maxContext: shape.maxContext,
    layerParams,
    headParams,
    totalParams: layerParams + headParams * (shape.tied ? 1 : 2),
    weightBits: bitsOfName(id),
  };
}

/** Model families that the simulator knows, for messages. */
export const KNOWN_MODELS: readonly string[] = Object.keys(SHAPES);
