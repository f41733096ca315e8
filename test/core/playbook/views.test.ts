import { describe, expect, it } from 'vitest';
import { repeatedRatio, sumByRank, viewModel } from '../../../mcp-server/core/playbook/views.ts';
import { parsePrometheus, windowDelta } from '../../../mcp-server/core/telemetry/prometheus.ts';

const LATENT_CONFIG = {
  num_hidden_layers: 61,
  hidden_size: 7168,
  num_attention_heads: 128,
  kv_lora_rank: 512,
  qk_rope_head_dim: 64,
  n_routed_experts: 256,
  moe_intermediate_size: 2048,
  num_experts_per_tok: 8,
  vocab_size: 129_280,
};

describe('the model as the rules see it', () => {
  it('an 8B model takes a fifth of an 80 GB GPU, half of that in 8 bits', () => {
    const of = (quantization: string | null): number =>
      viewModel({
        modelId: 'meta-llama/Llama-3.1-8B-Instruct',
        modelConfig: null,
        gpu: 'H100',
        quantization,
      })?.weightsPerGpu ?? Number.NaN;
    expect(of(null)).toBeCloseTo(0.2, 1);
    expect(of('fp8')).toBeCloseTo(of(null) / 2, 2);
  });

  it('knows a latent KV cache and experts by the configuration', () => {
    const view = viewModel({
      modelId: 'own/model',
      modelConfig: LATENT_CONFIG,
      gpu: 'H100',
      quantization: null,
    });
    expect(view).toMatchObject({ isMoe: true, hasLatentKv: true });
    expect(view?.weightsPerGpu).toBeGreaterThan(1);
  });

  it('says nothing of a model that nobody knows', () => {
    expect(
      viewModel({ modelId: 'own/model', modelConfig: null, gpu: 'H100', quantization: null }),
    ).toBeNull();
  });
});

describe('work by rank', () => {
  const text = (a: number, b: number): string =>
    [
      '# TYPE sglang:generation_tokens_total counter',
      `sglang:generation_tokens_total{dp_rank="0"} ${a}`,
      `sglang:generation_tokens_total{dp_rank="1"} ${b}`,
      '# TYPE sglang:num_requests_total counter',
      'sglang:num_requests_total{dp_rank="0"} 5',
    ].join('\n');

  it('keeps the increase of each rank, and leaves out what has one rank alone', () => {
    const delta = windowDelta(parsePrometheus(text(10, 20)), parsePrometheus(text(110, 60)));
    const ranks = sumByRank(delta);
    expect([...ranks.keys()]).toEqual(['sglang:generation_tokens_total']);
    expect([...(ranks.get('sglang:generation_tokens_total') ?? [])]).toEqual([
      ['0', 100],
      ['1', 40],
    ]);
  });
});

describe('repeats in the output', () => {
  it('finds a text that says the same again, and none in one that does not', () => {
    const again =
      'for each item in the list print the item and the index of the item in the list. ';
    expect(repeatedRatio([again.repeat(6)])).toBeGreaterThan(0.6);
    const fresh = Array.from({ length: 200 }, (_, i) => `word${i}`).join(' ');
    expect(repeatedRatio([fresh])).toBe(0);
  });

  it('says nothing of texts that are too short', () => {
    expect(repeatedRatio(['a b c d'])).toBeNull();
    expect(repeatedRatio([])).toBeNull();
  });
});
