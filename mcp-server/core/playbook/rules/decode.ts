import type { Fact } from '../fact.ts';
import { linesOf, offeredConcurrency } from '../facts.ts';
import type { Observation } from '../observation.ts';
import { type Condition, GPU_ENGINES, type Rule, set, switchOn, takeAway } from '../rule.ts';
import { toldOf } from '../settings.ts';
import { eightBitWeights, graphCeiling } from '../values.ts';
import {
  anyOf,
  couldUseFp8,
  graphsAreOff,
  isLowConcurrency,
  isQuantised,
  isQueueing,
  isRequested,
  isSpeculating,
  not,
} from './conditions.ts';

/** The first of the flags that the launch sets. */
function flagFact(o: Observation, flags: readonly string[]): Fact | null {
  const flag = flags.find((one) => o.requested.has(one));
  return flag === undefined ? null : { name: flag, value: 'set', evidenceId: null };
}

/** Far below the batch at which computing takes over, weights of 16 bits are what a step reads. Source: roofline. */
const isBoundByHalfWeights: Condition = (m, o) =>
  m.batch.value < 0.25 * m.criticalBatch.value &&
  couldUseFp8(m, o) &&
  !isQuantised(m, o) &&
  !isQueueing(m, o);

/** Source: vLLM #27379, #19254; lookups cost more than they bring at larger batches. */
const ngramAtLowConcurrency = (o: Observation): string | null =>
  (offeredConcurrency(o) ?? 1) <= 16 ? 'NGRAM' : null;

const speculate: Rule['knobs'] = {
  sglang: [
    set('--quantization', eightBitWeights),
    set('--speculative-algorithm', ngramAtLowConcurrency),
  ],
  vllm: [set('--quantization', eightBitWeights)],
};

export const DECODE_RULES: readonly Rule[] = [
  {
    id: 'graphs-switched-off',
    rows: [14],
    cause: 'decode_eager_no_cuda_graph',
    title: 'CUDA graphs are switched off: every decode step pays its launches',
    sign: '`--disable-cuda-graph` or `--enforce-eager` in the launch',
    engines: GPU_ENGINES,
    needs: [],
    requires: [graphsAreOff],
    base: 0.75,
    witnesses: [isLowConcurrency],
    cites: [
      (o) => flagFact(o, ['--disable-cuda-graph', '--enforce-eager']),
      (o) => linesOf(o, ['decode_eager_no_cuda_graph']).fact,
      'tbot',
    ],
    knobs: { sglang: [takeAway('--disable-cuda-graph')], vllm: [takeAway('--enforce-eager')] },
    expected: 'TBOT much lower (2 to 4 times on small models), throughput higher',
    confirmBy: 'decode lines say cuda graph: True; TBOT falls',
    refutedBy: 'TBOT stays: the step is bound by memory reads',
    risk: 'start takes longer and graphs take memory',
    source: 'SGLang docs hyperparameter_tuning; vLLM docs conserving_memory',
  },
  {
    id: 'batch-above-graphs',
    rows: [14],
    cause: 'decode_eager_no_cuda_graph',
    title: 'The decode batch grows beyond the largest captured graph and runs eagerly',
    sign: 'more than 1 % of decode passes without a graph, or running requests above the largest captured batch',
    engines: GPU_ENGINES,
    needs: ['log'],
    requires: [
      not(graphsAreOff),
      anyOf(
        (m) => m.eagerShare.value > 0.01,
        (m) => m.batchMax.value > m.graphCeiling.value,
      ),
    ],
    base: 0.55,
    witnesses: [
      (m) => m.eagerShare.value > 0.2,
      (m) => m.batchMax.value > m.graphCeiling.value,
      (m) => m.eagerShare.value > 0.01 && m.batchMax.value > m.graphCeiling.value,
    ],
    cites: ['eagerShare', 'graphCeiling', 'batchMax', 'tbot'],
    knobs: {
      sglang: [set(['--cuda-graph-max-bs-decode', '--cuda-graph-max-bs'], graphCeiling)],
      vllm: [set('--max-cudagraph-capture-size', graphCeiling)],
    },
    expected: 'TBOT much lower, TTFT lower, throughput higher',
    confirmBy: 'share of decode passes without a graph falls below 1 %',
    refutedBy: 'TBOT stays with all decode passes in graphs',
    risk: 'graph memory and start-up time',
    source: 'SGLang docs hyperparameter_tuning; SGLang #33483, #33900, #40346; vLLM #51509, #54933',
  },
  {
    id: 'decode-bandwidth-bound',
    rows: [30],
    cause: 'decode_bandwidth_bound',
    title:
      'Decode runs near what the memory can deliver: only fewer bytes or more tokens per step help',
    sign: 'at most four requests at a time, or 16-bit weights at a batch below a quarter of the critical one on a GPU with 8-bit units and no queue; TBOT within twice its floor',
    engines: GPU_ENGINES,
    needs: ['floors'],
    requires: [
      anyOf(isLowConcurrency, isBoundByHalfWeights),
      (m) => m.tbot.value <= 2 * m.decodeFloor.value,
      not((m, o) => isQuantised(m, o) && isSpeculating(m, o)),
    ],
    base: 0.45,
    witnesses: [
      (m) => m.tbot.value <= 1.5 * m.decodeFloor.value,
      (m, o) => couldUseFp8(m, o) && !isQuantised(m, o),
    ],
    cites: ['tbot', 'decodeFloor', 'batch'],
    knobs: speculate,
    expected: 'TBOT much lower with 8-bit weights or a fitting draft',
    confirmBy: 'TBOT falls below the floor of 16-bit weights',
    refutedBy: 'TBOT stays: something else fills the step',
    risk: 'output quality; a draft that does not fit costs time',
    source: 'SGLang docs speculative_decoding; vLLM #51494; roofline',
  },
  {
    id: 'decode-launch-bound',
    rows: [31],
    cause: 'cpu_or_frontend_bound',
    title: 'A decode step takes several times what its bytes need: processor and launches fill it',
    sign: 'at most four requests at a time, TBOT at four times its floor or more, graphs on',
    engines: GPU_ENGINES,
    needs: ['floors'],
    requires: [isLowConcurrency, (m) => m.tbot.value >= 4 * m.decodeFloor.value, not(graphsAreOff)],
    base: 0.55,
    witnesses: [(m) => m.decodeFloor.value < 1, (m) => m.tbot.value > 6 * m.decodeFloor.value],
    cites: ['tbot', 'decodeFloor', 'batch', 'eagerShare'],
    knobs: {
      sglang: [switchOn('--enable-torch-compile')],
      vllm: [set('--performance-mode', 'interactivity')],
    },
    expected: 'TBOT lower, TTFT the same, throughput higher',
    confirmBy: 'TBOT moves towards the decode floor',
    refutedBy: 'TBOT stays with compiled kernels',
    risk: 'compile time at start; not --num-continuous-decode-steps: it does nothing since 0.3.6',
    source: 'SGLang docs hyperparameter_tuning; SGLang PR #2095; vLLM source',
  },
  {
    id: 'overlap-switched-off',
    rows: [32],
    cause: 'cpu_or_frontend_bound',
    title: 'Scheduling does not overlap with the GPU',
    sign: 'overlapped scheduling switched off by flag, or reported as off by the engine',
    engines: GPU_ENGINES,
    needs: [],
    requires: [
      anyOf(isRequested('--disable-overlap-schedule', '--no-async-scheduling'), (_m, o) =>
        /^true$/i.test(toldOf(o, 'disable_overlap_schedule') ?? ''),
      ),
    ],
    base: 0.7,
    witnesses: [],
    cites: [(o) => flagFact(o, ['--disable-overlap-schedule', '--no-async-scheduling']), 'tbot'],
    knobs: {
      sglang: [takeAway('--disable-overlap-schedule')],
      vllm: [takeAway('--no-async-scheduling')],
    },
    expected: 'TBOT lower, throughput higher',
    confirmBy: 'TBOT falls at equal batch',
    refutedBy: 'TBOT stays: the GPU was the limit all along',
    risk: 'some features switch it off again',
    source: 'SGLang server_args.py; vLLM config/scheduler',
  },
];
