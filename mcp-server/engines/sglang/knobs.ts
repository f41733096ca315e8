import {
  flagOption,
  flagOptions,
  hasFlag,
  type Knob,
  kvWeight,
  type SearchContext,
  switchOption,
} from '../../core/search/knob.ts';
import { capOptions, graphOptions, shareOptions } from '../batch-options.ts';
import {
  ATTENTION_BACKEND,
  BATCH_CAP,
  draftsPay,
  FP8_KV,
  FP8_WEIGHTS,
  FRONT_END_PROCESSES,
  GRAPH_CEILING,
  KV_MEMORY,
  NGRAM_SPECULATION,
} from '../shared-knobs.ts';
import { SGLANG_HOST_KNOBS } from './host-knobs.ts';

const SPECULATES = '--speculative-algorithm';

const whenNotSpeculating = <Value>(
  context: SearchContext,
  options: readonly Value[],
): readonly Value[] => (hasFlag(context, SPECULATES) ? [] : options);

/**
 * SGLang. Priors: docs `hyperparameter_tuning` and `speculative_decoding` for direction; sizes are starting values of
 * our own that measured outcomes replace.
 */
export const SGLANG_KNOBS: readonly Knob[] = [
  FP8_WEIGHTS,
  {
    id: 'mixed-chunk',
    idea: 'prefill chunks and decode tokens in one step',
    why: 'Prefill batches stop decode by default; mixing fills the step instead.',
    expected: 'TBOT tail falls and throughput rises a little.',
    refutedBy: 'TBOT p95 does not fall.',
    priorGainRatio: 0.05,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      whenNotSpeculating(context, switchOption(context, '--enable-mixed-chunk')),
  },
  {
    id: 'chunk-size',
    idea: 'another prefill chunk',
    why: 'A larger chunk needs fewer prefill steps; a smaller one interrupts decode for less long.',
    expected: 'Larger: TTFT falls. Smaller: the TBOT tail falls.',
    refutedBy: 'Neither TTFT nor TBOT leaves the noise.',
    priorGainRatio: 0.04,
    risk: 'low',
    helps: ['ttft', 'tbot'],
    options: (context) => flagOptions(context, '--chunked-prefill-size', [4096, 16384, 2048, 8192]),
  },
  {
    id: 'conservativeness',
    idea: 'less reserve for future output at admission',
    why: 'The scheduler keeps KV back for output that may never come; requests wait although memory is free.',
    expected: 'Queue time and TTFT fall, throughput rises.',
    refutedBy: 'Retractions appear, or nothing waited in the first place.',
    priorGainRatio: 0.04,
    risk: 'low',
    helps: ['ttft', 'throughput'],
    options: (context) => flagOptions(context, '--schedule-conservativeness', [0.3, 0.6, 1.3]),
  },
  {
    ...BATCH_CAP,
    why: 'Below the concurrency it makes requests wait; far above the graph ceiling it lets decode fall to eager.',
    priorGainRatio: 0.03,
    options: (context) => capOptions(context, '--max-running-requests'),
  },
  {
    ...GRAPH_CEILING,
    options: (context) => graphOptions(context, '--cuda-graph-max-bs', [256, 512]),
  },
  {
    ...KV_MEMORY,
    priorGainRatio: 0.02,
    options: (context) =>
      shareOptions(context, '--mem-fraction-static', [0.9, 0.92, 0.88, 0.85, 0.8]),
  },
  {
    ...FP8_KV,
    options: (context) =>
      context.hasFp8 && !hasFlag(context, '--kv-cache-dtype')
        ? ['fp8_e4m3', 'fp8_e5m2'].map((type) => ({
            ...flagOption('--kv-cache-dtype', type),
            weight: kvWeight(context),
          }))
        : [],
  },
  {
    ...NGRAM_SPECULATION,
    refutedBy: 'Accept length stays under 1.6, or throughput falls.',
    options: (context) => (draftsPay(context, SPECULATES) ? [flagOption(SPECULATES, 'NGRAM')] : []),
  },
  {
    id: 'torch-compile',
    idea: 'torch.compile for small decode batches',
    why: 'Tiny batches are bound by kernel launches; compiled kernels launch less.',
    expected: 'TBOT falls at low concurrency.',
    refutedBy: 'TBOT stays within the noise.',
    priorGainRatio: 0.02,
    risk: 'medium',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      context.concurrency <= 8 ? switchOption(context, '--enable-torch-compile') : [],
  },
  {
    id: 'schedule-policy',
    idea: 'longest cached prefix first',
    why: 'Requests that share a prefix are served while it is still in the cache.',
    expected: 'TTFT falls when prompts share prefixes.',
    refutedBy: 'The prefix-cache hit ratio does not rise.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['ttft'],
    options: (context) =>
      context.sharesPrefix ? flagOptions(context, '--schedule-policy', ['lpm']) : [],
  },
  {
    ...ATTENTION_BACKEND,
    options: (context) => flagOptions(context, '--attention-backend', ['flashinfer', 'fa3']),
  },
  {
    ...FRONT_END_PROCESSES,
    id: 'tokenizer-workers',
    options: (context) =>
      context.concurrency >= 64 ? flagOptions(context, '--tokenizer-worker-num', [2, 4]) : [],
  },
  ...SGLANG_HOST_KNOBS,
];
