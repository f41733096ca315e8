import type { Measures } from '../measures.ts';
import { GPU_ENGINES, type Rule, set, switchOn, takeAway } from '../rule.ts';
import { largerChunk, smallerChunk } from '../values.ts';
import { anyOf, couldUseFp8, isQuantised, isQueueShort, isRequested } from './conditions.ts';

/** Source: vLLM docs optimization; five times the median as a starting value. */
const gapsSpike = (m: Measures): boolean => m.gapP99.value > 5 * m.gapP50.value;

/** Large prefills come one after the other with no decode step between them. */
const prefillsFollowEachOther = (m: Measures): boolean =>
  m.prefillRuns.value >= 3 &&
  m.prefillRuns.value >= 0.5 * m.prefillLines.value &&
  m.newTokens.value > 8192;

export const PREFILL_RULES: readonly Rule[] = [
  {
    id: 'chunk-too-small',
    cause: 'prefill_bound',
    title: 'Prompts are cut into many small chunks, far from what the hardware could do',
    engines: GPU_ENGINES,
    needs: ['metrics'],
    requires: [
      (m) => m.chunk.value > 0 && m.prompt.value >= 2 * m.chunk.value,
      (m) => m.prompt.value >= 8 * m.chunk.value || !(m.prefill.value < 3 * m.prefillFloor.value),
    ],
    base: 0.4,
    witnesses: [
      (m) => m.prompt.value >= 8 * m.chunk.value,
      (m) => m.prompt.value >= 16 * m.chunk.value,
      (m) => m.prefill.value >= 3 * m.prefillFloor.value,
      isQueueShort,
      (m) => m.prompt.value >= 4 * m.chunk.value,
    ],
    cites: ['chunk', 'prompt', 'ttftEngine', 'prefillFloor'],
    knobs: {
      sglang: [set('--chunked-prefill-size', largerChunk)],
      vllm: [set('--max-num-batched-tokens', largerChunk)],
    },
    expected: 'TTFT lower, tail of TBOT higher, throughput higher',
    confirmBy: 'TTFT without queue time falls towards the prefill floor',
    refutedBy: 'TTFT stays with half as many chunks',
    risk: 'activation memory; longer gaps between tokens',
    source: 'vLLM docs optimization; vLLM #7604; SGLang docs hyperparameter_tuning',
  },
  {
    id: 'shared-text-recomputed',
    cause: 'prefix_cache_miss',
    title: 'Prompts share a long beginning that is computed again and again',
    engines: GPU_ENGINES,
    needs: ['client'],
    requires: [
      (m) => m.sharedRatio.value >= 0.3,
      (m) => m.hit.value < Math.min(0.3, 0.5 * m.sharedRatio.value),
    ],
    base: 0.55,
    witnesses: [
      isRequested('--disable-radix-cache', '--no-enable-prefix-caching'),
      (m) => m.hit.value < 0.05,
    ],
    cites: ['cachedTokens', 'promptTokens', 'hit', 'sharedRatio'],
    knobs: {
      sglang: [takeAway('--disable-radix-cache'), set('--schedule-policy', 'lpm')],
      vllm: [takeAway('--no-enable-prefix-caching'), switchOn('--enable-prefix-caching')],
    },
    expected: 'TTFT much lower, throughput higher',
    confirmBy: 'cached tokens / prompt tokens near the share that the workload repeats',
    refutedBy: 'the hit ratio stays: prompts differ near their beginning, or the cache is evicted',
    risk: 'prompts must be equal byte by byte at the front',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization',
  },
  {
    id: 'prefill-compute-bound',
    cause: 'prefill_bound',
    title: 'Prefill runs near what the GPU can compute: only fewer operations help',
    engines: GPU_ENGINES,
    needs: ['metrics', 'floors'],
    requires: [
      isQueueShort,
      (m) => m.prefillFloor.value >= 5 && m.prefill.value <= 4 * m.prefillFloor.value,
    ],
    base: 0.35,
    witnesses: [
      (m, o) => couldUseFp8(m, o) && !isQuantised(m, o),
      (m) => m.prefill.value <= 2 * m.prefillFloor.value,
    ],
    cites: ['ttftEngine', 'queueTime', 'prefillFloor'],
    knobs: {
      sglang: [set('--quantization', (o) => (o.floors?.supportsFp8 === true ? 'fp8' : null))],
      vllm: [set('--quantization', (o) => (o.floors?.supportsFp8 === true ? 'fp8' : null))],
    },
    expected: 'TTFT down by up to 1.8 times, TBOT lower, throughput higher',
    confirmBy: 'TTFT without queue time falls below the old floor of 16-bit weights',
    refutedBy: 'TTFT stays: the time is spent outside of the GPU',
    risk: 'output quality: check it; needs compute capability 8.9 or newer',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization; roofline',
  },
  {
    id: 'prefill-interferes',
    cause: 'prefill_interference',
    title: 'Long prefills hold up the tokens of running requests',
    engines: GPU_ENGINES,
    needs: ['client'],
    requires: [
      anyOf(gapsSpike, prefillsFollowEachOther),
      (m) => !(m.batchMax.value <= 1),
      // Chunks this small hold nothing up for long; what stalls then is how many of them there are.
      (m) => !(m.chunk.value > 0 && m.chunk.value <= 1024),
    ],
    base: 0.45,
    witnesses: [
      (m) => gapsSpike(m) && prefillsFollowEachOther(m),
      (m) => m.prompt.value >= 1024 || m.chunk.value >= 8192,
      (m) => m.gapP99.value > 10 * m.gapP50.value,
      (m) => m.newTokens.value > 16_384,
    ],
    cites: ['gapP99', 'gapP50', 'newTokens', 'chunk'],
    knobs: {
      sglang: [set('--chunked-prefill-size', smallerChunk), switchOn('--enable-mixed-chunk')],
      vllm: [set('--max-num-batched-tokens', smallerChunk)],
    },
    expected: 'tail of TBOT much lower, TTFT higher, throughput slightly lower',
    confirmBy: 'p99 of the gaps between tokens falls below five times the median',
    refutedBy: 'the gaps stay with half the chunk: they have another cause',
    risk: 'TTFT rises; mixed chunks are off under speculation',
    source: 'vLLM docs optimization; vLLM #8121; SGLang docs',
  },
];
