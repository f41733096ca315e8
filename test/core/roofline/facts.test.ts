import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gpuFacts, readGpuSpec } from '../../../mcp-server/core/roofline/gpus.ts';
import {
  kvBytesPerToken,
  modelFacts,
  weightBytes,
} from '../../../mcp-server/core/roofline/models.ts';

describe('gpuFacts', () => {
  it.each([
    ['H100', 'H100 SXM'],
    ['NVIDIA H100 80GB HBM3', 'H100 SXM'],
    ['NVIDIA H100 PCIe', 'H100 PCIe'],
    ['h100:80GB:2', 'H100 SXM'],
    ['NVIDIA A100-SXM4-80GB', 'A100 80GB SXM'],
    ['NVIDIA A100-SXM4-40GB', 'A100 40GB'],
    ['A100:40GB:1', 'A100 40GB'],
    ['NVIDIA A100 80GB PCIe', 'A100 80GB PCIe'],
    ['NVIDIA L40S', 'L40S'],
    ['NVIDIA L4', 'L4'],
    ['L4:24GB', 'L4'],
    ['NVIDIA A10G', 'A10G'],
    ['A10', 'A10'],
    ['Tesla T4', 'T4'],
    ['NVIDIA GeForce RTX 4090', 'RTX 4090'],
    ['RTX4090', 'RTX 4090'],
    ['NVIDIA H200', 'H200 SXM'],
    ['AMD Instinct MI300X', 'MI300X'],
    ['NVIDIA GB10', 'GB10'],
    ['DGX Spark', 'GB10'],
    ['NVIDIA H800', 'H800'],
    ['Tesla P40', 'Tesla P40'],
    ['RTX 3060', 'RTX 3060'],
  ])('knows %s', (name, found) => {
    expect(gpuFacts(name)?.name).toBe(found);
  });

  it.each(['cpu', 'RTX 4080', 'L2', 'A5000', ''])('gives no bound for %j', (name) => {
    expect(gpuFacts(name)).toBeNull();
  });
});

describe('readGpuSpec', () => {
  it.each([
    ['H100:80GB:1', { name: 'H100', memoryGb: 80, count: 1 }],
    ['nvidia:24GB..:2', { name: null, memoryGb: 24, count: 2 }],
    ['A100,H100:2', { name: 'A100', memoryGb: null, count: 2 }],
    [4, { name: null, memoryGb: null, count: 4 }],
    ['1..2', { count: 1 }],
    [
      { name: ['L4'], count: { min: 2 }, memory: '24GB..' },
      { name: 'L4', memoryGb: 24, count: 2 },
    ],
    [
      { name: 'L4', memory: 24 },
      { name: 'L4', memoryGb: 24, count: 1 },
    ],
  ])('reads %j', (spec, found) => {
    expect(readGpuSpec(spec)).toMatchObject(found);
  });

  it.each([undefined, null, 0, '0', '0..'])('reads %j as no GPU', (spec) => {
    expect(readGpuSpec(spec)).toBeNull();
  });

  it('never throws on arbitrary values', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => void readGpuSpec(value)));
  });
});

describe('modelFacts', () => {
  it.each([
    ['Qwen/Qwen2.5-7B-Instruct', 7.6],
    ['Qwen/Qwen2.5-14B-Instruct', 14.8],
    ['Qwen/Qwen2.5-32B-Instruct', 32.8],
    ['Qwen/Qwen2.5-72B-Instruct', 72.7],
    ['Qwen/Qwen3-8B', 8.2],
    ['Qwen/Qwen3-32B', 32.8],
    ['mistralai/Mistral-7B-Instruct-v0.3', 7.25],
    ['/models/gemma-3-270m-it-Q4_K_M.gguf', 0.27],
  ])('counts the parameters of %s', (id, billions) => {
    const facts = modelFacts(id);
    expect(Math.abs((facts?.params ?? 0) / 1e9 / billions - 1)).toBeLessThan(0.02);
  });

  it('takes the precision from the name', () => {
    expect(modelFacts('neuralmagic/Llama-3.1-8B-Instruct-FP8')?.weightBytes).toBe(1);
    expect(modelFacts('gemma-3-270m-it-Q4_K_M.gguf')?.weightBytes).toBe(0.56);
  });

  it('reads a config.json, tied embeddings and quantisation included', () => {
    const facts = modelFacts('x/y', {
      num_hidden_layers: 24,
      hidden_size: 896,
      num_attention_heads: 14,
      num_key_value_heads: 2,
      intermediate_size: 4864,
      vocab_size: 151_936,
      max_position_embeddings: 32_768,
      tie_word_embeddings: true,
      quantization_config: { quant_method: 'gptq', bits: 4 },
    });
    expect(facts?.params).toBe(modelFacts('qwen2.5-0.5b')?.params);
    expect(weightBytes(facts!) / 1e9).toBeCloseTo(0.494 * 0.56, 2);
  });

  it('counts experts once in memory and only the chosen ones per token', () => {
    const facts = modelFacts('x/moe', {
      num_hidden_layers: 32,
      hidden_size: 4096,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      intermediate_size: 14_336,
      vocab_size: 32_000,
      num_local_experts: 8,
      num_experts_per_tok: 2,
    });
    // Mixtral 8x7B: 46.7e9 stored, 12.9e9 per token
    expect((facts?.params ?? 0) / 1e9).toBeCloseTo(46.7, 0);
    expect((facts?.activeParams ?? 0) / 1e9).toBeCloseTo(12.9, 0);
  });

  it('counts the latent of MLA instead of heads', () => {
    const facts = modelFacts('x/mla', {
      num_hidden_layers: 27,
      hidden_size: 2048,
      num_attention_heads: 16,
      kv_lora_rank: 512,
      qk_rope_head_dim: 64,
    });
    expect(kvBytesPerToken(facts!)).toBe(27 * 576 * 2);
  });

  it('says nothing of a model it does not know', () => {
    expect(modelFacts('x/unknown')).toBeNull();
    expect(modelFacts('x/unknown', { hidden_size: 1 })).toBeNull();
  });
});
