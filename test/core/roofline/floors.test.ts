import { describe, expect, it } from 'vitest';
import {
  criticalBatch,
  decodeCeilingTokensPerS,
  decodeFloorMs,
  kvCapacityTokens,
  type Placement,
  prefillFloorMs,
  prefillFlops,
} from '../../../mcp-server/core/roofline/floors.ts';
import { gpuFacts } from '../../../mcp-server/core/roofline/gpus.ts';
import {
  kvBytesPerToken,
  modelFacts,
  weightBytes,
} from '../../../mcp-server/core/roofline/models.ts';

const place = (model: string, gpus = 1): Placement => ({
  model: modelFacts(model)!,
  gpu: gpuFacts('H100')!,
  gpus,
  weightBytesEach: 2,
  kvBytesEach: 2,
});

describe('floors of Llama-3.1-8B in bf16 on one H100 SXM', () => {
  const llama = place('meta-llama/Llama-3.1-8B-Instruct');

  it('stores 16.06 GB of weights and 131,072 bytes of KV a token', () => {
    expect(weightBytes(llama.model) / 1e9).toBeCloseTo(16.06, 2);
    // 2 x 32 layers x 8 heads x 128 x 2 bytes
    expect(kvBytesPerToken(llama.model)).toBe(131_072);
  });

  it('decodes one sequence of 1k tokens in no less than 4.83 ms, 6.0 ms in practice', () => {
    // (16.06 + 0.13) GB / 3350 GB/s
    const bound = decodeFloorMs(llama, 1024);
    expect(bound.floorMs).toBeCloseTo(4.83, 2);
    expect(bound.practicalMs).toBeCloseTo(6.04, 2);
    expect(decodeCeilingTokensPerS(llama, { batch: 1, contextTokens: 1024 })).toBeCloseTo(207, 0);
  });

  it('prefills 1,024 tokens in no less than 17 ms, 34 ms at half the peak', () => {
    // 2 x 8.03e9 x 1024 = 16.4 TFLOP, attention 4 x 32 x 32 x 128 x 1024²/2 = 0.27 TFLOP
    expect(prefillFlops(llama.model, 1024) / 1e12).toBeCloseTo(16.72, 1);
    const bound = prefillFloorMs(llama, 1024);
    expect(bound.floorMs).toBeCloseTo(16.9, 1);
    expect(bound.practicalMs).toBeCloseTo(33.8, 0);
  });

  it('holds about 396k tokens of KV at a share of 0.9 with 4 GB kept back', () => {
    // (80 x 0.9 - 16.06 - 4) GB / 131,072 B
    const tokens = kvCapacityTokens(llama, { memoryShare: 0.9, reserveBytes: 4e9 });
    expect(tokens / 1000).toBeCloseTo(396, 0);
  });

  it('turns compute-bound at a batch of about 295', () => {
    expect(criticalBatch(llama)).toBeCloseTo(295, 0);
  });
});

describe('floors of other models', () => {
  it('puts Qwen2.5-0.5B at 0.29 ms a step, 0.37 ms in practice', () => {
    const qwen = place('Qwen/Qwen2.5-0.5B-Instruct');
    expect(weightBytes(qwen.model) / 1e9).toBeCloseTo(0.99, 2);
    const bound = decodeFloorMs(qwen, 0);
    expect(bound.floorMs).toBeCloseTo(0.295, 2);
    expect(bound.practicalMs).toBeCloseTo(0.37, 2);
  });

  it('puts Llama-3.1-70B on four H100 at 10.5 ms, 14.5 ms with 160 all-reduces', () => {
    const llama = place('meta-llama/Llama-3.1-70B-Instruct', 4);
    expect(weightBytes(llama.model) / 1e9).toBeCloseTo(141, 0);
    const bound = decodeFloorMs(llama, 0);
    expect(bound.floorMs).toBeCloseTo(10.5, 1);
    // 13.2 ms + 160 x 8 us
    expect(bound.practicalMs).toBeCloseTo(14.4, 0);
  });

  it('lets speculation and batching raise the ceiling, up to the compute bound', () => {
    const llama = place('llama-3.1-8b');
    const one = decodeCeilingTokensPerS(llama, { batch: 1, contextTokens: 100 });
    const spec = decodeCeilingTokensPerS(llama, { batch: 1, contextTokens: 100, acceptLength: 3 });
    expect(spec / one).toBeCloseTo(3, 5);
    const huge = decodeCeilingTokensPerS(llama, { batch: 100_000, contextTokens: 1 });
    expect(huge).toBeCloseTo(989e12 / (2 * llama.model.activeParams), 0);
  });
});
