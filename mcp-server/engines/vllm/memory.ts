import type { GpuFacts } from '../../core/roofline/gpus.ts';
import type { MemorySettings } from '../../core/roofline/memory-plan.ts';
import { bytesPerWeight } from '../../core/roofline/models.ts';
import type { CommandFacts, EnginePlace } from '../engine.ts';
import { compareDotted, numberOf, textOf } from '../syntax.ts';
import { contextLength } from './combinations.ts';

/** GPUs with 70 GiB and more get larger defaults, A100 excepted. Source: vllm/engine/arg_utils.py. */
const isLarge = (gpu: GpuFacts): boolean => gpu.memoryGb > 70 && !gpu.name.startsWith('A100');

const doubling = (facts: CommandFacts): number =>
  textOf(facts, '--performance-mode') === 'throughput' ? 2 : 1;

function vllmBudget(facts: CommandFacts, gpu: GpuFacts): number {
  const auto = (isLarge(gpu) ? 8192 : 2048) * doubling(facts);
  return numberOf(facts, '--max-num-batched-tokens') ?? auto;
}

function vllmSequences(facts: CommandFacts, gpu: GpuFacts): number {
  const auto = Math.min((isLarge(gpu) ? 1024 : 256) * doubling(facts), vllmBudget(facts, gpu));
  return numberOf(facts, '--max-num-seqs') ?? auto;
}

/** Source: vLLM: min(2 x max_num_seqs, 512), capped by the token budget. */
function vllmGraphBatch(facts: CommandFacts, gpu: GpuFacts): number {
  if (facts.flags.has('--enforce-eager') || textOf(facts, '--optimization-level') === '0') return 0;
  const auto = Math.min(2 * vllmSequences(facts, gpu), 512);
  const asked = numberOf(facts, '--max-cudagraph-capture-size') ?? auto;
  return Math.min(asked, vllmBudget(facts, gpu));
}

/** Source: vLLM PR #38284 of 2026-04-21: 0.92, before it 0.9. */
function defaultShare(version: string | null): number {
  return version !== null && compareDotted(version, '0.20.0') < 0 ? 0.9 : 0.92;
}

/** How vLLM splits a GPU's memory; `--gpu-memory-utilization` covers everything it profiles. */
export function vllmMemory(facts: CommandFacts, place: EnginePlace): MemorySettings | null {
  if (facts.flags.has('--kv-cache-memory-bytes')) return null;
  const quantisation = textOf(facts, '--quantization');
  const asked = contextLength(textOf(facts, '--max-model-len'));
  return {
    model: place.model,
    gpu: place.gpu,
    gpus:
      (numberOf(facts, '--tensor-parallel-size') ?? 1) *
      (numberOf(facts, '--pipeline-parallel-size') ?? 1),
    shareCovers: 'total',
    memoryShare: numberOf(facts, '--gpu-memory-utilization') ?? defaultShare(facts.version),
    weightBytesEach:
      quantisation === null
        ? place.model.weightBytes
        : Math.min(place.model.weightBytes, bytesPerWeight(quantisation)),
    kvBytesEach: /^(?:fp8|int8)/.test(textOf(facts, '--kv-cache-dtype') ?? 'auto') ? 1 : 2,
    stepTokens: vllmBudget(facts, place.gpu),
    graphBatch: vllmGraphBatch(facts, place.gpu),
    maxSequences: vllmSequences(facts, place.gpu),
    contextTokens: asked ?? place.model.maxContext,
  };
}
