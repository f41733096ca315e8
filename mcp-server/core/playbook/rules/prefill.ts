import type { Measures } from '../measures.ts';
import { GPU_ENGINES, type Rule, set, switchOn } from '../rule.ts';
import { eightBitWeights, largerChunk, smallerChunk } from '../values.ts';
import { anyOf, couldUseFp8, isQuantised, isQueueShort } from './conditions.ts';

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
    rows: [21],
    cause: 'prefill_bound',
    title: 'Prompts are cut into many small chunks, far from what the hardware could do',
    sign: 'prompts of two chunks or more, and prefill at three times its floor or more; or of eight chunks',
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
    id: 'prefill-compute-bound',
    rows: [24],
    cause: 'prefill_bound',
    title: 'Prefill runs near what the GPU can compute: only fewer operations help',
    sign: 'TTFT without the wait within four times the floor, which is 5 ms or more; queue below three tenths of TTFT, which is a fifth of the whole request or more',
    engines: GPU_ENGINES,
    needs: ['metrics', 'floors'],
    requires: [
      isQueueShort,
      (m) => m.prefillFloor.value >= 5 && m.prefill.value <= 4 * m.prefillFloor.value,
      // A first token that is a small part of the whole request is no limit of it.
      (m) => !(m.ttftClient.value < 0.2 * m.ttlt.value),
    ],
    base: 0.35,
    witnesses: [
      (m, o) => couldUseFp8(m, o) && !isQuantised(m, o),
      (m) => m.prefill.value <= 2 * m.prefillFloor.value,
    ],
    cites: ['ttftEngine', 'queueTime', 'prefillFloor'],
    knobs: {
      sglang: [set('--quantization', eightBitWeights)],
      vllm: [set('--quantization', eightBitWeights)],
    },
    expected: 'TTFT down by up to 1.8 times, TBOT lower, throughput higher',
    confirmBy: 'TTFT without queue time falls below the old floor of 16-bit weights',
    refutedBy: 'TTFT stays: the time is spent outside of the GPU',
    risk: 'output quality: check it; needs compute capability 8.9 or newer',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization; roofline',
  },
  {
    id: 'prefill-interferes',
    rows: [29],
    cause: 'prefill_interference',
    title: 'Long prefills hold up the tokens of running requests',
    sign: 'p99 of the gaps between tokens above five times their median; or prefill lines of more than 8192 new tokens that follow each other',
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
      (m) => m.prompt.value >= 1024 || (Number.isNaN(m.prompt.value) && m.chunk.value >= 8192),
      (m) => m.gapP99.value > 10 * m.gapP50.value,
      (m) => m.newTokens.value > 16_384,
    ],
    cites: ['gapP99', 'gapP50', 'newTokens', 'chunk'],
    knobs: {
      // SGLang puts every waiting prefill before the next decode step, however small its chunks, unless they are mixed.
      sglang: [switchOn('--enable-mixed-chunk'), set('--chunked-prefill-size', smallerChunk)],
      vllm: [set('--max-num-batched-tokens', smallerChunk)],
    },
    expected: 'tail of TBOT much lower, TTFT higher, throughput slightly lower',
    confirmBy: 'p99 of the gaps between tokens falls below five times the median',
    refutedBy: 'the gaps stay with half the chunk: they have another cause',
    risk: 'TTFT rises; mixed chunks are off under speculation',
    source: 'vLLM docs optimization; vLLM #8121; SGLang docs',
  },
];
