import type { GpuFacts } from '../../core/roofline/gpus.ts';
import type { MemorySettings } from '../../core/roofline/memory-plan.ts';
import { bytesPerWeight } from '../../core/roofline/models.ts';
import type { CommandFacts, EnginePlace } from '../engine.ts';
import { numberOf, textOf } from '../syntax.ts';

/** Value by the memory of a GPU: below 35, 60, 160 GB, and above. Source: SGLang server_args.py v0.5.5 to v0.5.14. */
function byMemory(gpu: GpuFacts, values: readonly [number, number, number, number]): number {
  if (gpu.memoryGb < 35) return values[0];
  if (gpu.memoryGb < 60) return values[1];
  return gpu.memoryGb < 160 ? values[2] : values[3];
}

/** Source: SGLang server_args.py, chunked_prefill_size by GPU memory. */
function sglangChunk(facts: CommandFacts, gpu: GpuFacts): number {
  return numberOf(facts, '--chunked-prefill-size') ?? byMemory(gpu, [2048, 4096, 8192, 16_384]);
}

/** Source: SGLang server_args.py, cuda_graph_max_bs by GPU memory, larger from tensor parallelism 4. */
function sglangGraphBatch(facts: CommandFacts, gpu: GpuFacts): number {
  const isOff =
    facts.flags.has('--disable-cuda-graph') ||
    textOf(facts, '--cuda-graph-backend-decode') === 'disabled';
  if (isOff) return 0;
  const list = textOf(facts, '--cuda-graph-bs-decode');
  if (list !== null) return Math.max(0, ...list.split(/\s+/).map(Number).filter(Number.isFinite));
  const large = (numberOf(facts, '--tp-size') ?? 1) >= 4;
  const auto = byMemory(gpu, large ? [80, 160, 512, 512] : [24, 32, 256, 512]);
  return numberOf(facts, '--cuda-graph-max-bs-decode') ?? auto;
}

/** Source: SGLang server_args.py: reserve = 512 + 1.5 chunk + 2 graph batch + 1024 tp/8 MiB, at least 10 GiB above 60 GB. */
function autoShare(facts: CommandFacts, gpu: GpuFacts): number {
  const totalMib = gpu.memoryGb * 1024;
  const tp = numberOf(facts, '--tp-size') ?? 1;
  const chunk = Math.max(sglangChunk(facts, gpu), 2048);
  const computed = 512 + chunk * 1.5 + sglangGraphBatch(facts, gpu) * 2 + (tp / 8) * 1024;
  const reserve = gpu.memoryGb > 60 ? Math.max(computed, 10 * 1024) : computed;
  return (totalMib - reserve) / totalMib;
}

/** How SGLang splits a GPU's memory; `--mem-fraction-static` covers weights and KV. */
export function sglangMemory(facts: CommandFacts, place: EnginePlace): MemorySettings {
  const chunk = sglangChunk(facts, place.gpu);
  const quantisation = textOf(facts, '--quantization');
  return {
    model: place.model,
    gpu: place.gpu,
    gpus: (numberOf(facts, '--tp-size') ?? 1) * (numberOf(facts, '--pp-size') ?? 1),
    shareCovers: 'static',
    memoryShare: numberOf(facts, '--mem-fraction-static') ?? autoShare(facts, place.gpu),
    weightBytesEach:
      quantisation === null
        ? place.model.weightBytes
        : Math.min(place.model.weightBytes, bytesPerWeight(quantisation)),
    kvBytesEach: (textOf(facts, '--kv-cache-dtype') ?? 'auto').startsWith('fp8') ? 1 : 2,
    stepTokens: chunk > 0 ? chunk : (numberOf(facts, '--max-prefill-tokens') ?? 16_384),
    graphBatch: sglangGraphBatch(facts, place.gpu),
    maxSequences: numberOf(facts, '--max-running-requests') ?? sglangGraphBatch(facts, place.gpu),
    contextTokens: place.minContextTokens,
  };
}
