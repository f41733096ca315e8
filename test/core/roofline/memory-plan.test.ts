import { describe, expect, it } from 'vitest';
import { gpuFacts } from '../../../mcp-server/core/roofline/gpus.ts';
import { type MemorySettings, planMemory } from '../../../mcp-server/core/roofline/memory-plan.ts';
import { modelFacts } from '../../../mcp-server/core/roofline/models.ts';

const settings = (over: Partial<MemorySettings> = {}): MemorySettings => ({
  model: modelFacts('llama-3.1-8b')!,
  gpu: gpuFacts('H100')!,
  gpus: 1,
  shareCovers: 'static',
  memoryShare: 0.87,
  weightBytesEach: 2,
  kvBytesEach: 2,
  stepTokens: 8192,
  graphBatch: 256,
  maxSequences: 256,
  contextTokens: 8192,
  ...over,
});

describe('planMemory', () => {
  it('lets an 8B model fit an H100 with KV for about 400k tokens', () => {
    const plan = planMemory(settings());
    expect(plan.fits).toBe('yes');
    expect(plan.kvTokens).toBeGreaterThan(380_000);
    expect(plan.kvTokens).toBeLessThan(450_000);
  });

  it('refuses 70B in bf16 on one H100 and names the weights', () => {
    const plan = planMemory(settings({ model: modelFacts('llama-3.1-70b')! }));
    expect(plan).toMatchObject({ fits: 'no' });
    expect(plan.note).toMatch(/weights do not fit.*131\.\d GiB/i);
    expect(planMemory(settings({ model: modelFacts('llama-3.1-70b')!, gpus: 4 })).fits).toBe('yes');
  });

  it('refuses a share that leaves nothing for graphs and activations', () => {
    expect(planMemory(settings({ memoryShare: 0.985 })).fits).toBe('no');
  });

  it('refuses a share that leaves nothing for KV', () => {
    expect(planMemory(settings({ memoryShare: 0.15 })).note).toContain('Nothing is left for KV');
  });

  it('refuses a context that the KV pool cannot hold once', () => {
    const plan = planMemory(
      settings({
        gpu: gpuFacts('L4')!,
        shareCovers: 'total',
        memoryShare: 0.9,
        stepTokens: 2048,
        graphBatch: 512,
        contextTokens: 131_072,
      }),
    );
    expect(plan.note).toContain('one sequence of 131072');
  });

  it('refuses a sampler warm-up that does not fit beside a full share', () => {
    const plan = planMemory(
      settings({
        gpu: gpuFacts('L4')!,
        model: modelFacts('qwen2.5-7b')!,
        shareCovers: 'total',
        memoryShare: 0.95,
        stepTokens: 2048,
        maxSequences: 1024,
        contextTokens: 2048,
      }),
    );
    expect(plan.note).toContain('Sampling 1024 sequences');
  });

  it('gives more KV to fp8 and to a larger share, never less', () => {
    const tokens = (over: Partial<MemorySettings>) => planMemory(settings(over)).kvTokens ?? 0;
    expect(tokens({ kvBytesEach: 1 })).toBeGreaterThan(1.9 * tokens({}));
    expect(tokens({ memoryShare: 0.9 })).toBeGreaterThan(tokens({ memoryShare: 0.8 }));
  });
});
