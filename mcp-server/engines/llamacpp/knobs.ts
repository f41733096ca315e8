import {
  flagOption,
  flagOptions,
  hasFlag,
  type Knob,
  type KnobOption,
  numberOf,
  powerOfTwoAtLeast,
  removalKnob,
  type SearchContext,
  switchOption,
} from '../../core/search/knob.ts';

/** Slots share the context, so each more needs its share of `--ctx-size`. Source: llama-server README. */
function parallelOptions(context: SearchContext): readonly KnobOption[] {
  const slots = numberOf(context, '--parallel') ?? 1;
  const size = numberOf(context, '--ctx-size');
  const wanted = [powerOfTwoAtLeast(context.concurrency), 2 * slots, Math.max(1, slots / 2)];
  return wanted
    .filter((count, index) => count !== slots && wanted.indexOf(count) === index)
    .map((count) => {
      const needed =
        count * Math.max(context.minContextTokens, context.inputTokens + context.outputTokens + 64);
      const slotsOption = flagOption('--parallel', count);
      if (size === null || size >= needed) return slotsOption;
      const larger = flagOption('--ctx-size', needed);
      return {
        label: `${slotsOption.label} ${larger.label}`,
        changes: [...slotsOption.changes, ...larger.changes],
      };
    });
}

function threadOptions(context: SearchContext): readonly number[] {
  const cores = context.cpuCount;
  return cores === null ? [2, 4, 8] : [cores, Math.max(1, Math.floor(cores / 2))];
}

/**
 * llama.cpp on a CPU or a small GPU. Priors: the server's README for direction; sizes are starting values of our own
 * that measured outcomes replace.
 */
export const LLAMACPP_KNOBS: readonly Knob[] = [
  {
    id: 'parallel-slots',
    idea: 'as many slots as requests in flight',
    why: 'With fewer slots than requests the rest waits in the queue; slots decode together in one batch.',
    expected: 'TTFT falls and throughput rises while requests were deferred.',
    refutedBy: 'Nothing was deferred.',
    priorGainRatio: 0.4,
    risk: 'low',
    helps: ['ttft', 'throughput'],
    options: parallelOptions,
  },
  {
    id: 'threads',
    idea: 'as many decode threads as cores',
    why: 'Decode on a CPU is shared over threads until memory bandwidth is used up.',
    expected: 'TBOT falls.',
    refutedBy: 'TBOT rises: the cores are taken by something else.',
    priorGainRatio: 0.3,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) => flagOptions(context, '--threads', threadOptions(context)),
  },
  {
    id: 'batch-threads',
    idea: 'as many prefill threads as cores',
    why: 'Prefill is bound by compute and scales with cores.',
    expected: 'TTFT falls.',
    refutedBy: 'TTFT stays within the noise.',
    priorGainRatio: 0.15,
    risk: 'low',
    helps: ['ttft', 'throughput'],
    options: (context) => flagOptions(context, '--threads-batch', threadOptions(context)),
  },
  {
    id: 'ubatch',
    idea: 'a larger physical batch',
    why: 'A small one cuts every prompt into many passes over the weights.',
    expected: 'TTFT falls.',
    refutedBy: 'TTFT stays within the noise.',
    priorGainRatio: 0.12,
    risk: 'low',
    helps: ['ttft', 'throughput'],
    options: (context) => {
      const batch = numberOf(context, '--batch-size');
      return flagOptions(context, '--ubatch-size', [512, 256]).map((option, index) => {
        const size = index === 0 ? 512 : 256;
        if (batch === null || batch >= size) return option;
        const larger = flagOption('--batch-size', 2048);
        return {
          label: `${option.label} ${larger.label}`,
          changes: [...option.changes, ...larger.changes],
        };
      });
    },
  },
  {
    id: 'batch',
    idea: 'a larger logical batch',
    why: 'It bounds how many prompt tokens one step may take.',
    expected: 'TTFT falls with long prompts.',
    refutedBy: 'TTFT stays within the noise.',
    priorGainRatio: 0.05,
    risk: 'low',
    helps: ['ttft', 'throughput'],
    options: (context) => flagOptions(context, '--batch-size', [2048, 512]),
  },
  {
    id: 'flash-attention',
    idea: 'flash attention',
    why: 'It reads the KV cache once per step and allows a quantised one.',
    expected: 'TBOT falls at long contexts.',
    refutedBy: 'TBOT stays within the noise.',
    priorGainRatio: 0.03,
    risk: 'medium',
    helps: ['tbot', 'throughput'],
    options: (context) => flagOptions(context, '--flash-attn', ['on', 'off']),
  },
  {
    id: 'kv-type-k',
    idea: '8-bit keys in the KV cache',
    why: 'Half the bytes of keys per decode step.',
    expected: 'TBOT falls at long contexts.',
    refutedBy: 'TBOT rises (conversion), or a canary fails.',
    priorGainRatio: 0.02,
    risk: 'medium',
    helps: ['tbot', 'throughput'],
    options: (context) => flagOptions(context, '--cache-type-k', ['q8_0']),
  },
  {
    id: 'kv-type-both',
    idea: '8-bit keys and values in the KV cache',
    why: 'Half the KV bytes; values need flash attention.',
    expected: 'TBOT falls at long contexts.',
    refutedBy: 'TBOT rises (conversion), or a canary fails.',
    priorGainRatio: 0.015,
    risk: 'medium',
    helps: ['tbot', 'throughput'],
    options: (context) =>
      hasFlag(context, '--cache-type-v')
        ? []
        : [
            {
              label: '--flash-attn on --cache-type-k q8_0 --cache-type-v q8_0',
              changes: [
                { kind: 'set_flag', flag: '--flash-attn', value: 'on' },
                { kind: 'set_flag', flag: '--cache-type-k', value: 'q8_0' },
                { kind: 'set_flag', flag: '--cache-type-v', value: 'q8_0' },
              ],
            },
          ],
  },
  removalKnob('continuous-batching', ['--no-cont-batching'], {
    idea: 'continuous batching on again',
    why: 'Without it a new request waits until all slots are done.',
    expected: 'TTFT falls and throughput rises with more than one slot.',
    refutedBy: 'Nothing leaves the noise.',
    priorGainRatio: 0.2,
    helps: ['ttft', 'throughput'],
  }),
  {
    id: 'http-threads',
    idea: 'more HTTP threads',
    why: 'Each stream holds a thread of the front end.',
    expected: 'TTFT falls at high concurrency.',
    refutedBy: 'TTFT stays within the noise.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['ttft'],
    options: (context) => flagOptions(context, '--threads-http', [2 * context.concurrency]),
  },
  {
    id: 'unified-kv',
    idea: 'one KV buffer for all slots',
    why: 'Slots share the context instead of each holding its own part.',
    expected: 'Longer requests fit; decode reads one buffer.',
    refutedBy: 'TBOT rises.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['throughput'],
    options: (context) => switchOption(context, '--kv-unified'),
  },
  {
    id: 'cache-reuse',
    idea: 'reuse of shifted prompt chunks',
    why: 'Chunks of a prompt seen before need no second prefill.',
    expected: 'TTFT falls when prompts repeat in parts.',
    refutedBy: 'Prompt tokens computed stay the same.',
    priorGainRatio: 0.02,
    risk: 'medium',
    helps: ['ttft'],
    options: (context) =>
      context.sharesPrefix ? flagOptions(context, '--cache-reuse', [256]) : [],
  },
  {
    id: 'polling',
    idea: 'threads that spin while they wait',
    why: 'Waking a sleeping thread costs more than a short step on a small model.',
    expected: 'TBOT falls on small models.',
    refutedBy: 'TBOT rises: the cores are shared.',
    priorGainRatio: 0.02,
    risk: 'low',
    helps: ['tbot', 'throughput'],
    options: (context) => flagOptions(context, '--poll', [100, 0]),
  },
  {
    id: 'priority',
    idea: 'a higher scheduling priority',
    why: 'Other processes on the machine interrupt the decode threads.',
    expected: 'The TBOT tail falls.',
    refutedBy: 'TBOT p95 stays within the noise.',
    priorGainRatio: 0.01,
    risk: 'low',
    helps: ['tbot'],
    options: (context) => flagOptions(context, '--prio', [1]),
  },
];
