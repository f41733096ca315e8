import { GPU_ENGINES, type Rule, set } from '../rule.ts';
import { flagsOf } from '../settings.ts';
import { largerChunk } from '../values.ts';
import { anyOf, couldUseFp8, isQuantised, not } from './conditions.ts';

export const THROUGHPUT_RULES: readonly Rule[] = [
  {
    id: 'token-budget-binds',
    cause: 'prefill_bound',
    title: 'Every step is filled to its token budget while requests wait',
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
    id: 'tensor-parallel-wastes',
    cause: 'tp_communication_bound',
    title: 'Splitting the model over GPUs costs more in communication than it gains',
    engines: GPU_ENGINES,
    needs: ['log'],
    requires: [
      (m) => m.tensorParallel.value >= 2,
      anyOf(
        (m) => m.noPeerLines.value > 0,
        (m) => m.allreduceShare.value >= 0.2,
      ),
    ],
    base: 0.5,
    witnesses: [(m) => m.noPeerLines.value > 0, (m) => m.allreduceShare.value >= 0.2],
    cites: ['tensorParallel', 'noPeerLines', 'allreduceShare'],
    knobs: {
      sglang: [set(flagsOf('sglang', 'tensorParallel'), '1')],
      vllm: [set('--tensor-parallel-size', '1')],
    },
    expected: 'throughput much higher with replicas instead, TTFT somewhat higher alone',
    confirmBy: 'share of all-reduce falls; throughput per GPU rises',
    refutedBy: 'throughput per GPU stays with one GPU per replica',
    risk: 'the model must fit one GPU; the prefix cache is split over replicas',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs optimization; vLLM #56128',
  },
  {
    id: 'flop-bound-half-weights',
    cause: 'compute_bound',
    title: 'The batch is near the point where computing, not reading, limits decode',
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
