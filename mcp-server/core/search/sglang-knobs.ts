import { capOptions, graphOptions } from './batch-options.ts';
import {
  flagOption,
  flagOptions,
  hasFlag,
  type Knob,
  kvWeight,
  numberInForce,
  type SearchContext,
  switchOption,
  weighed,
} from './knob.ts';
import { SGLANG_HOST_KNOBS } from './sglang-host-knobs.ts';
import { ATTENTION_BACKEND, FP8_KV, FP8_WEIGHTS } from './shared-knobs.ts';

const SPECULATES = '--speculative-algorithm';

/** A draft from n-grams pays only while decode is bandwidth-bound. Source: SGLang #6949, vLLM #16258: above 16 to 32 it loses. */
const SPECULATION_MAX_CONCURRENCY = 16;

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
    id: 'batch-cap',
    idea: 'another cap on requests decoded together',
    why: 'Below the concurrency it makes requests wait; far above the graph ceiling it lets decode fall to eager.',
    expected: 'Throughput rises when the cap was binding; TBOT falls when the batch was too large.',
    refutedBy: 'Running requests never touched the cap.',
    priorGainRatio: 0.03,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) => capOptions(context, '--max-running-requests'),
  },
  {
    id: 'graph-ceiling',
    idea: 'CUDA graphs up to the batch that really runs',
    why: 'A decode batch above the largest captured graph runs eager, which is two to four times slower on small models.',
    expected: 'TBOT falls where decode lines said cuda graph: False.',
    refutedBy: 'Every decode step replayed a graph already.',
    priorGainRatio: 0.03,
    risk: 'medium',
    helps: ['tbot', 'throughput'],
    options: (context) => graphOptions(context, '--cuda-graph-max-bs', [256, 512]),
  },
  {
    id: 'kv-memory',
    idea: 'another share of memory for weights and KV',
    why: 'More KV tokens admit more requests; too much leaves nothing for activations and graphs.',
    expected: 'Queueing falls when KV was full.',
    refutedBy: 'Token usage never came near 1.',
    priorGainRatio: 0.02,
    risk: 'medium',
    helps: ['throughput', 'ttft'],
    options: (context) =>
      weighed(
        flagOptions(context, '--mem-fraction-static', [0.9, 0.92, 0.88, 0.85, 0.8]),
        (value) =>
          value > (numberInForce(context, '--mem-fraction-static') ?? 0) ? kvWeight(context) : 0.3,
      ),
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
    id: 'ngram-speculation',
    idea: 'n-gram speculation',
    why: 'At low concurrency decode is bound by weight bytes, so several tokens per step are nearly free when drafts are accepted.',
    expected: 'TBOT falls on text that repeats itself.',
    refutedBy: 'Accept length stays under 1.6, or throughput falls.',
    priorGainRatio: 0.03,
    risk: 'high',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      context.isNatural &&
      context.concurrency <= SPECULATION_MAX_CONCURRENCY &&
      !hasFlag(context, SPECULATES)
        ? [flagOption(SPECULATES, 'NGRAM')]
        : [],
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
    id: 'tokenizer-workers',
    idea: 'two tokenizer processes',
    why: 'One tokenizer process can be the bottleneck with many or long prompts.',
    expected: 'TTFT falls when one process used a whole core.',
    refutedBy: 'Client and engine TTFT are equally far apart as before.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['ttft'],
    options: (context) =>
      context.concurrency >= 64 ? flagOptions(context, '--tokenizer-worker-num', [2, 4]) : [],
  },
  ...SGLANG_HOST_KNOBS,
];
