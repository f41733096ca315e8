import {
  flagOption,
  flagOptions,
  hasFlag,
  type Knob,
  kvWeight,
  removalKnob,
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
  PREFIX_CACHE_BACK,
  STREAM_INTERVAL,
  WITHOUT_BRAKES,
} from '../shared-knobs.ts';

const SPECULATES = '--speculative-config';

/**
 * vLLM. Priors: docs `configuration/optimization` and `conserving_memory` for direction; sizes are starting values of our
 * own that measured outcomes replace.
 */
export const VLLM_KNOBS: readonly Knob[] = [
  FP8_WEIGHTS,
  {
    id: 'token-budget',
    idea: 'another token budget per step',
    why: 'A larger budget needs fewer prefill steps; a smaller one keeps decode steps short.',
    expected: 'Larger: TTFT falls and throughput rises. Smaller: the TBOT tail falls.',
    refutedBy: 'Neither TTFT nor TBOT leaves the noise.',
    priorGainRatio: 0.05,
    risk: 'low',
    helps: ['ttft', 'tbot', 'throughput'],
    options: (context) =>
      flagOptions(context, '--max-num-batched-tokens', [16384, 4096, 2048, 8192]),
  },
  {
    ...BATCH_CAP,
    why: 'Below the concurrency it makes requests wait; above what KV holds it causes preemption.',
    priorGainRatio: 0.04,
    options: (context) => capOptions(context, '--max-num-seqs'),
  },
  {
    ...KV_MEMORY,
    priorGainRatio: 0.03,
    options: (context) =>
      shareOptions(context, '--gpu-memory-utilization', [0.95, 0.94, 0.9, 0.85]),
  },
  {
    ...GRAPH_CEILING,
    options: (context) => graphOptions(context, '--max-cudagraph-capture-size', [512, 1024]),
  },
  {
    ...FP8_KV,
    options: (context) =>
      context.hasFp8 && !hasFlag(context, '--kv-cache-dtype')
        ? [{ ...flagOption('--kv-cache-dtype', 'fp8'), weight: kvWeight(context) }]
        : [],
  },
  {
    ...NGRAM_SPECULATION,
    refutedBy: 'Acceptance stays under 40 %, or throughput falls.',
    options: (context) =>
      draftsPay(context, SPECULATES)
        ? [
            flagOption(
              SPECULATES,
              '{"method":"ngram","num_speculative_tokens":3,"prompt_lookup_max":4}',
            ),
          ]
        : [],
  },
  {
    id: 'performance-mode',
    idea: 'the engine’s own throughput mode',
    why: 'It raises several limits together.',
    expected: 'Throughput rises.',
    refutedBy: 'Throughput stays within the noise.',
    priorGainRatio: 0.02,
    risk: 'medium',
    helps: ['throughput'],
    options: (context) => flagOptions(context, '--performance-mode', ['throughput']),
  },
  {
    id: 'long-prefill-threshold',
    idea: 'long prompts in smaller pieces',
    why: 'A long prompt takes the whole budget of a step from everybody else.',
    expected: 'The TBOT tail falls when prompts are long.',
    refutedBy: 'TBOT p95 stays within the noise.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['tbot'],
    options: (context) =>
      context.inputTokens >= 2048
        ? flagOptions(context, '--long-prefill-token-threshold', [1024])
        : [],
  },
  {
    ...FRONT_END_PROCESSES,
    id: 'api-servers',
    options: (context) =>
      context.concurrency >= 64 ? flagOptions(context, '--api-server-count', [2]) : [],
  },
  {
    id: 'no-prefix-cache',
    idea: 'no prefix cache',
    why: 'Where no prompt shares a prefix, hashing and keeping blocks costs a little and brings nothing.',
    expected: 'TBOT falls by a percent or two.',
    refutedBy: 'Nothing leaves the noise.',
    priorGainRatio: 0.005,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      context.sharesPrefix ? [] : switchOption(context, '--no-enable-prefix-caching'),
  },
  {
    ...ATTENTION_BACKEND,
    options: (context) => flagOptions(context, '--attention-backend', ['FLASHINFER', 'FLASH_ATTN']),
  },
  {
    id: 'async-scheduling',
    idea: 'CPU scheduling beside the GPU step',
    why: 'Where the version does not do it by itself, the GPU waits for the scheduler between steps.',
    expected: 'TBOT falls, most on small models.',
    refutedBy: 'The log said already that asynchronous scheduling is on.',
    priorGainRatio: 0.03,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      hasFlag(context, SPECULATES) ? [] : switchOption(context, '--async-scheduling'),
  },
  {
    ...STREAM_INTERVAL,
    priorGainRatio: 0.01,
    options: (context) =>
      context.concurrency >= 64 ? flagOptions(context, '--stream-interval', [4, 8]) : [],
  },
  removalKnob('take-out-brakes', ['--enforce-eager', '--no-async-scheduling', '--cpu-offload-gb'], {
    ...WITHOUT_BRAKES,
    why: 'Eager mode, synchronous scheduling and offloaded weights each cost every decode step.',
  }),
  removalKnob('prefix-cache-back', ['--no-enable-prefix-caching'], PREFIX_CACHE_BACK),
];
