import { flagOptions, type Knob, removalKnob, switchOption } from '../../core/search/knob.ts';
import { PREFIX_CACHE_BACK, STREAM_INTERVAL, WITHOUT_BRAKES } from '../shared-knobs.ts';

/** SGLang's scheduler, cache and front end. Source: docs hyperparameter_tuning and SGLang issues; sizes are starting values of our own. */
export const SGLANG_HOST_KNOBS: readonly Knob[] = [
  removalKnob(
    'take-out-brakes',
    ['--disable-cuda-graph', '--disable-overlap-schedule', '--cpu-offload-gb'],
    {
      ...WITHOUT_BRAKES,
      why: 'Eager decode, synchronous scheduling and offloaded weights each cost every decode step.',
    },
  ),
  removalKnob('radix-cache-back', ['--disable-radix-cache'], PREFIX_CACHE_BACK),
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
    ...STREAM_INTERVAL,
    priorGainRatio: 0.015,
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
