import { isRecord } from '../parse.ts';

/** Shape of a transformer, as its config.json tells it. */
export interface ModelFacts {
  readonly id: string;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediate: number;
  readonly vocab: number;
  readonly maxContext: number;
  /** True when the output head is the embedding. */
  readonly tied: boolean;
  /** All stored parameters. */
  readonly params: number;
  /** Parameters that one token passes through. Equal to `params` for dense models. */
  readonly activeParams: number;
  /** Units: bytes per stored weight. */
  readonly weightBytes: number;
  /** Elements of KV per token and layer: 2 x kvHeads x headDim, or the latent of MLA. */
  readonly kvElementsPerLayer: number;
  readonly isMoe: boolean;
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

const shape = (numbers: readonly number[], tied = false): Shape => {
  const [
    layers = 0,
    hidden = 0,
    heads = 0,
    kvHeads = 0,
    headDim = 0,
    intermediate = 0,
    vocab = 0,
    maxContext = 0,
  ] = numbers;
  return { layers, hidden, heads, kvHeads, headDim, intermediate, vocab, maxContext, tied };
};

/** Numbers: layers, hidden, heads, KV heads, head size, intermediate, vocabulary, context. Source: config.json of each model. */
const SHAPES: readonly (readonly [RegExp, Shape])[] = [
  [/llama-?3(\.1)?-8b|llama-8b/, shape([32, 4096, 32, 8, 128, 14336, 128256, 131072])],
  [/llama-?3(\.[13])?-70b|llama-70b/, shape([80, 8192, 64, 8, 128, 28672, 128256, 131072])],
  [/llama-?3\.2-1b/, shape([16, 2048, 32, 8, 64, 8192, 128256, 131072], true)],
  [/llama-?3\.2-3b/, shape([28, 3072, 24, 8, 128, 8192, 128256, 131072], true)],
  [/qwen2\.5-(coder-)?0\.5b/, shape([24, 896, 14, 2, 64, 4864, 151936, 32768], true)],
  [/qwen2\.5-(coder-)?1\.5b/, shape([28, 1536, 12, 2, 128, 8960, 151936, 32768], true)],
  [/qwen2\.5-(coder-)?3b/, shape([36, 2048, 16, 2, 128, 11008, 151936, 32768], true)],
  [/qwen2\.5-(coder-)?7b/, shape([28, 3584, 28, 4, 128, 18944, 152064, 32768])],
  [/qwen2\.5-(coder-)?14b/, shape([48, 5120, 40, 8, 128, 13824, 152064, 32768])],
  [/qwen2\.5-(coder-)?32b/, shape([64, 5120, 40, 8, 128, 27648, 152064, 32768])],
  [/qwen2\.5-72b/, shape([80, 8192, 64, 8, 128, 29568, 152064, 32768])],
  [/qwen3-0\.6b/, shape([28, 1024, 16, 8, 128, 3072, 151936, 40960], true)],
  [/qwen3-1\.7b/, shape([28, 2048, 16, 8, 128, 6144, 151936, 40960], true)],
  [/qwen3-4b/, shape([36, 2560, 32, 8, 128, 9728, 151936, 40960], true)],
  [/qwen3-8b/, shape([36, 4096, 32, 8, 128, 12288, 151936, 40960])],
  [/qwen3-14b/, shape([40, 5120, 40, 8, 128, 17408, 151936, 40960])],
  [/qwen3-32b/, shape([64, 5120, 64, 8, 128, 25600, 151936, 40960])],
  [/mistral-7b/, shape([32, 4096, 32, 8, 128, 14336, 32768, 32768])],
  [/gemma-?3-270m/, shape([18, 640, 4, 1, 256, 2048, 262144, 32768], true)],
  [/gemma-?3-1b/, shape([26, 1152, 4, 1, 256, 6912, 262144, 32768], true)],
];

/** Bytes per weight by what a model's name says of its precision. Source: 4-bit about 0.56 with scales; GGUF bits per weight of llama.cpp. */
const PRECISIONS: readonly (readonly [RegExp, number])[] = [
  [/q4_k|q4-k|iq4|q4_0|awq|gptq|int4|w4a16|4bit|nvfp4|mxfp4/, 0.56],
  [/q5_k|q5-k|q5_0/, 0.69],
  [/q6_k|q6-k/, 0.82],
  [/fp8|w8a8|int8|q8_0|q8-0/, 1],
  [/fp32|f32/, 4],
];

/** Bytes per weight of a quantisation method, 2 for none. */
export function bytesPerWeight(method: string | null): number {
  if (method === null) return 2;
  const name = method.toLowerCase();
  return (
    PRECISIONS.find(([pattern]) => pattern.test(name))?.[1] ??
    (/marlin|wna16|bitsandbytes|q4/.test(name) ? 0.56 : 1)
  );
}

/**
 * Facts of a model by its id (any path or GGUF file that names it), or from its config.json.
 * Null when: the id is not in the table and no usable configuration is given.
 */
export function modelFacts(
  id: string,
  config: Readonly<Record<string, unknown>> | null = null,
): ModelFacts | null {
  const name = id.toLowerCase().replaceAll(/[_:]/g, '-');
  const fromConfig = config === null ? null : factsOfConfig(id, config);
  if (fromConfig !== null) return fromConfig;
  const found = SHAPES.find(([pattern]) => pattern.test(name))?.[1];
  if (found === undefined) return null;
  const weightBytes = PRECISIONS.find(([pattern]) => pattern.test(name))?.[1] ?? 2;
  const params = denseParams(found);
  return {
    id,
    ...found,
    params,
    activeParams: params,
    weightBytes,
    kvElementsPerLayer: 2 * found.kvHeads * found.headDim,
    isMoe: false,
  };
}

function attentionParams(one: Shape): number {
  return one.hidden * one.headDim * (2 * one.heads + 2 * one.kvHeads);
}

function denseParams(one: Shape): number {
  const layer = attentionParams(one) + 3 * one.hidden * one.intermediate + 2 * one.hidden;
  return one.layers * layer + one.vocab * one.hidden * (one.tied ? 1 : 2);
}

type Config = Readonly<Record<string, unknown>>;

function numberIn(config: Config, ...names: readonly string[]): number | null {
  for (const name of names) {
    const value = config[name];
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  }
  return null;
}

/** Source: Hugging Face config.json field names of Llama, Qwen, Mistral, Gemma, Mixtral and DeepSeek models. */
function factsOfConfig(id: string, whole: Config): ModelFacts | null {
  const nested = whole['text_config'];
  const config = isRecord(nested) ? nested : whole;
  const layers = numberIn(config, 'num_hidden_layers', 'n_layer');
  const hidden = numberIn(config, 'hidden_size', 'n_embd');
  const heads = numberIn(config, 'num_attention_heads', 'n_head');
  if (layers === null || hidden === null || heads === null) return null;
  const tied = config['tie_word_embeddings'] === true || whole['tie_word_embeddings'] === true;
  const one = { ...restOfShape(config, { hidden, heads }), layers, hidden, heads, tied };
  return {
    id,
    ...one,
    ...sizes(one, config),
    weightBytes: configWeightBytes(id, whole),
  };
}

function restOfShape(
  config: Config,
  { hidden, heads }: { readonly hidden: number; readonly heads: number },
): Omit<Shape, 'layers' | 'hidden' | 'heads' | 'tied'> {
  return {
    kvHeads: numberIn(config, 'num_key_value_heads') ?? heads,
    headDim: numberIn(config, 'head_dim') ?? Math.floor(hidden / heads),
    intermediate: numberIn(config, 'intermediate_size', 'n_inner') ?? 4 * hidden,
    vocab: numberIn(config, 'vocab_size') ?? 0,
    maxContext: numberIn(config, 'max_position_embeddings', 'n_positions') ?? 4096,
  };
}

function sizes(
  one: Shape,
  config: Config,
): Pick<ModelFacts, 'params' | 'activeParams' | 'kvElementsPerLayer' | 'isMoe'> {
  const latent = numberIn(config, 'kv_lora_rank');
  const kvElementsPerLayer =
    latent === null
      ? 2 * one.kvHeads * one.headDim
      : latent + (numberIn(config, 'qk_rope_head_dim') ?? 64);
  const experts = numberIn(config, 'num_local_experts', 'num_experts', 'n_routed_experts');
  const dense = denseParams(one);
  if (experts === null || experts < 2)
    return { params: dense, activeParams: dense, kvElementsPerLayer, isMoe: false };
  const perToken = numberIn(config, 'num_experts_per_tok', 'num_experts_per_token') ?? 2;
  const width = numberIn(config, 'moe_intermediate_size') ?? one.intermediate;
  const shared = numberIn(config, 'n_shared_experts') ?? 0;
  const expert = 3 * one.hidden * width;
  const rest = dense - one.layers * 3 * one.hidden * one.intermediate;
  return {
    params: rest + one.layers * expert * (experts + shared),
    activeParams: rest + one.layers * expert * (perToken + shared),
    kvElementsPerLayer,
    isMoe: true,
  };
}

function configWeightBytes(id: string, config: Config): number {
  const quantisation = config['quantization_config'];
  if (isRecord(quantisation)) {
    const bits = numberIn(quantisation, 'bits', 'weight_bits');
    if (bits !== null) return bits === 4 ? 0.56 : bits / 8;
    const method = quantisation['quant_method'];
    if (typeof method === 'string') return bytesPerWeight(method);
  }
  if (config['torch_dtype'] === 'float32' || config['dtype'] === 'float32') return 4;
  const name = id.toLowerCase();
  return PRECISIONS.find(([pattern]) => pattern.test(name))?.[1] ?? 2;
}

/** KV bytes of one token over all layers. Units: bytes. */
export function kvBytesPerToken(model: ModelFacts, bytesPerElement = 2): number {
  return model.layers * model.kvElementsPerLayer * bytesPerElement;
}

/** Stored weights. Units: bytes. */
export function weightBytes(model: ModelFacts, bytesEach: number = model.weightBytes): number {
  return model.params * bytesEach;
}
