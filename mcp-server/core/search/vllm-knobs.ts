import { capOptions, graphOptions } from './batch-options.ts';
import {
  flagOption,
  flagOptions,
  hasFlag,
  type Knob,
  kvWeight,
  numberInForce,
  removalKnob,
  switchOption,
  weighed,
} from './knob.ts';
import {
  ATTENTION_BACKEND,
  FP8_KV,
  FP8_WEIGHTS,
  PREFIX_CACHE_BACK,
  STREAM_INTERVAL,
  WITHOUT_BRAKES,
} from './shared-knobs.ts';

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
    id: 'batch-cap',
    idea: 'another cap on requests decoded together',
    why: 'Below the concurrency it makes requests wait; above what KV holds it causes preemption.',
    expected: 'Throughput rises when the cap was binding; the TBOT tail falls when it preempted.',
    refutedBy: 'Running requests never touched the cap and nothing was preempted.',
    priorGainRatio: 0.04,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) => capOptions(context, '--max-num-seqs'),
  },
  {
    id: 'kv-memory',
    idea: 'another share of GPU memory',
    why: 'More KV blocks admit more requests; too much leaves nothing for activations.',
    expected: 'Waiting and preemptions fall when KV was full.',
    refutedBy: 'KV usage never came near 1.',
    priorGainRatio: 0.03,
    risk: 'medium',
    helps: ['throughput', 'ttft'],
    options: (context) =>
      weighed(flagOptions(context, '--gpu-memory-utilization', [0.95, 0.94, 0.9, 0.85]), (value) =>
        value > (numberInForce(context, '--gpu-memory-utilization') ?? 0) ? kvWeight(context) : 0.3,
      ),
  },
  {
    id: 'graph-ceiling',
    idea: 'CUDA graphs up to the batch that really runs',
    why: 'A decode batch above the largest captured graph runs eager.',
    expected: 'TBOT falls when the batch was above the ceiling.',
    refutedBy: 'The batch never exceeded the captured sizes.',
    priorGainRatio: 0.03,
    risk: 'medium',
    helps: ['tbot', 'throughput'],
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
    id: 'ngram-speculation',
    idea: 'n-gram speculation',
    why: 'At low concurrency decode is bound by weight bytes, so accepted drafts are nearly free.',
    expected: 'TBOT falls on text that repeats itself.',
    refutedBy: 'Acceptance stays under 40 %, or throughput falls.',
    priorGainRatio: 0.03,
    risk: 'high',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      context.isNatural && context.concurrency <= 16 && !hasFlag(context, '--speculative-config')
        ? [
            flagOption(
              '--speculative-config',
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
    id: 'api-servers',
    idea: 'two front-end processes',
    why: 'One front end can be the bottleneck at high request rates.',
    expected: 'TTFT falls when one process used a whole core.',
    refutedBy: 'Client and engine TTFT are equally far apart as before.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['ttft'],
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
      hasFlag(context, '--speculative-config') ? [] : switchOption(context, '--async-scheduling'),
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
