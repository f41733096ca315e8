import { flagOptions, type Knob, removalKnob, switchOption } from './knob.ts';

/** SGLang's scheduler, cache and front end. Source: docs hyperparameter_tuning and SGLang issues; sizes are starting values of our own. */
export const SGLANG_HOST_KNOBS: readonly Knob[] = [
  removalKnob(
    'take-out-brakes',
    ['--disable-cuda-graph', '--disable-overlap-schedule', '--cpu-offload-gb'],
    {
      idea: 'without a flag that slows the engine down',
      why: 'Eager decode, synchronous scheduling and offloaded weights each cost every decode step.',
      expected: 'TBOT falls.',
      refutedBy: 'TBOT stays within the noise.',
      priorGainRatio: 0.3,
      helps: ['tbot', 'throughput'],
    },
  ),
  removalKnob('radix-cache-back', ['--disable-radix-cache'], {
    idea: 'the prefix cache on again',
    why: 'Prompts that share a prefix are computed once only.',
    expected: 'TTFT falls when prompts share prefixes.',
    refutedBy: 'The hit ratio stays at zero.',
    priorGainRatio: 0.02,
    helps: ['ttft', 'throughput'],
  }),
  {
    id: 'no-radix-cache',
    idea: 'no prefix cache',
    why: 'Where no prompt shares a prefix, keeping and matching them costs a little and brings nothing.',
    expected: 'TBOT and TTFT fall by a percent or two.',
    refutedBy: 'Nothing leaves the noise.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      context.sharesPrefix ? [] : switchOption(context, '--disable-radix-cache'),
  },
  {
    id: 'prefill-budget',
    idea: 'another token budget of a prefill batch',
    why: 'A smaller batch lets decode go on sooner; a larger one takes more waiting prompts at once.',
    expected:
      'Smaller: the TTFT and TBOT tails fall. Larger: throughput rises with many short prompts.',
    refutedBy: 'Neither tail leaves the noise.',
    priorGainRatio: 0.02,
    risk: 'low',
    helps: ['ttft', 'tbot'],
    options: (context) => flagOptions(context, '--max-prefill-tokens', [8192, 32_768, 4096]),
  },
  {
    id: 'stream-interval',
    idea: 'several tokens per streamed chunk',
    why: 'At high concurrency one chunk per token costs the front end a core.',
    expected: 'Throughput rises; chunks become burstier.',
    refutedBy: 'The client saw no more than the engine reported.',
    priorGainRatio: 0.015,
    risk: 'medium',
    helps: ['throughput'],
    options: (context) =>
      context.concurrency >= 32 ? flagOptions(context, '--stream-interval', [4, 8]) : [],
  },
  {
    id: 'recv-interval',
    idea: 'new requests looked for less often',
    why: 'Polling the socket every step costs CPU time between steps.',
    expected: 'TBOT falls a little on small models.',
    refutedBy: 'TTFT rises by the steps it waits.',
    priorGainRatio: 0.01,
    risk: 'medium',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      context.focus.has('ttft') ? [] : flagOptions(context, '--scheduler-recv-interval', [4]),
  },
];
