import { GPU_ENGINES, type Rule, set } from '../rule.ts';
import { largerChunk } from '../values.ts';
import { couldUseFp8, isQuantised, not } from './conditions.ts';

export const THROUGHPUT_RULES: readonly Rule[] = [
  {
    id: 'token-budget-binds',
    rows: [47],
    cause: 'prefill_bound',
    title: 'Every step is filled to its token budget while requests wait',
    sign: 'mean tokens per step at nine tenths of the budget or more, and requests wait',
    engines: ['vllm'],
    needs: ['metrics'],
    requires: [
      (m) => m.tokensPerStep.value >= 0.9 * m.chunk.value,
      (m) => !(m.queueMean.value === 0),
    ],
    base: 0.6,
    witnesses: [(m) => m.queueMean.value > 0],
    cites: ['tokensPerStep', 'chunk', 'queueMean'],
    knobs: { vllm: [set('--max-num-batched-tokens', largerChunk)] },
    expected: 'throughput higher, TTFT lower, TBOT higher',
    confirmBy: 'mean tokens per step rises with the budget',
    refutedBy: 'tokens per step stay below the new budget',
    risk: 'longer gaps between tokens',
    source: 'vLLM docs optimization',
  },
  {
    id: 'flop-bound-half-weights',
    rows: [49],
    cause: 'compute_bound',
    title: 'The batch is near the point where computing, not reading, limits decode',
    sign: 'running requests above half of the critical batch, 16-bit weights, a GPU with 8-bit units',
    engines: GPU_ENGINES,
    needs: ['floors', 'log'],
    requires: [
      couldUseFp8,
      not(isQuantised),
      (m) => m.runningMean.value >= 0.5 * m.criticalBatch.value,
    ],
    base: 0.4,
    witnesses: [(m) => m.runningMean.value >= m.criticalBatch.value],
    cites: ['runningMean', 'criticalBatch', 'tbot'],
    knobs: { sglang: [set('--quantization', 'fp8')], vllm: [set('--quantization', 'fp8')] },
    expected: 'throughput 1.3 to 1.8 times, TTFT and TBOT lower',
    confirmBy: 'TBOT falls at equal running requests',
    refutedBy: 'TBOT stays at equal batch',
    risk: 'output quality: check it',
    source: 'SGLang docs hyperparameter_tuning; roofline',
  },
];
