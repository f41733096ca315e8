import { describe, expect, it } from 'vitest';
import { byRules, confidenceByRules, type Input, pairsOf, type Row } from './by-rules.ts';

const step = (at: string, text: string): string => `[2026-01-01 ${at} TP0] ${text}`;
const reads = (next: string): string =>
  [
    step('10:00:00', 'Prefill batch. #new-seq: 1, #new-token: 4096, #cached-token: 0'),
    step(next, 'Prefill batch. #new-seq: 1, #new-token: 3000, #cached-token: 0'),
    step('10:00:20', 'Decode batch. #running-req: 1, #token: 7100, #queue-req: 0'),
  ].join('\n');
const SCRATCH =
  'RuntimeError: Buffer overflow when allocating memory for batch_prefill_tmp_v with size 2415919104 and alignment 16, but only 2147483648 bytes available in AlignedAllocator. Increase the workspace buffer size.';
const nova = (why: string): string => `ERROR nova.scheduler: ${why}`;
const served = (statuses: string): string =>
  `turns failed 187, latency of failed ones: 300.0 s; server log: ${statuses}`;
const prompt = (tokens: number, running: number): string =>
  step(
    '10:00:00',
    `Prefill batch, #new-seq: 1, #new-token: ${tokens}, #cached-token: 0, #running-req: ${running}, #queue-req: 0`,
  );
const OOM =
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 214.00 MiB. GPU 1 has a total capacity of 23.56 GiB of which 131.19 MiB is free.';
const SPOT = 'type: service\nspot_policy: spot';
const UNREACHED = 'ssh: connect to host 203.0.113.7 port 40122: Connection refused';
const META = step('09:00:00', 'Init torch distributed begin.');
const SPANS = step(
  '09:00:05',
  'CustomAllreduce is disabled because this process group spans across nodes.',
);
const backend = (rest: string): string => `ValueError: Attention backend 'sage_attn' ${rest}`;
const experts = (flag: string): string => `python -m sglang.launch_server --model-path m ${flag}`;
const SLOW = 'decode is only 29 tok/s, far too slow for such a card';

const ROWS: readonly Row[] = [
  [
    'a prompt that takes seconds while nobody else is served',
    'prefill_bound',
    'sglang',
    { log: reads('10:00:10') },
    { log: reads('10:00:01') },
  ],
  [
    'scratch of attention that is too small',
    'oom_activation_prefill',
    'sglang',
    { log: SCRATCH },
    { log: 'INFO: workspace buffer of 2147483648 bytes' },
  ],
  [
    'a scheduler of machines that finds no host',
    'no_capacity',
    'dstack',
    { log: nova('No valid host was found. There are not enough hosts available.') },
    { log: nova('host was found') },
  ],
  [
    'a client that gives up while all is answered',
    'client_limited',
    'vllm',
    { benchmark: served('40112 x 200 OK') },
    { benchmark: served('no status') },
  ],
  [
    'a machine for which another bid more',
    'spot_interruption',
    'dstack',
    { launch_command: SPOT, log: UNREACHED, symptom: 'the provider says outbid' },
    { launch_command: SPOT, log: UNREACHED, symptom: 'the provider says running' },
  ],
  [
    'the line after which machines wait for each other',
    'nccl_interconnect',
    'sglang',
    { log: `${META}\n${SPANS}`, symptom: 'nothing comes after that for half an hour' },
    {
      log: `${META}\n${SPANS}\n${step('09:00:06', 'Load weight begin. avail mem=70 GB')}`,
      symptom: 'nothing comes after that for half an hour',
    },
  ],
  [
    'a backend that a layer does not take',
    'bad_flag_value',
    'sglang',
    { log: backend('is not supported by this attention layer; supported backends: [fa]') },
    { log: backend('set by user') },
  ],
  [
    'a dense model that is slower than a larger mixture',
    'decode_bandwidth_bound',
    'sglang',
    { benchmark: 'M-27B: 4.15 tok/s\nM-35B-A3B: 9.69 tok/s' },
    { benchmark: 'M-27B: 9.69 tok/s\nM-35B-A3B: 4.15 tok/s' },
  ],
  [
    'memory that ends at a short prompt beside others',
    'oom_under_load',
    'sglang',
    { log: `${prompt(591, 3)}\n${OOM}` },
    { log: `${prompt(8192, 3)}\n${OOM}` },
  ],
  [
    'experts that stay with the processor',
    'layers_on_cpu',
    'sglang',
    { launch_command: experts('--kt-num-gpu-experts 45'), symptom: SLOW },
    { launch_command: experts('--ep 4'), symptom: SLOW },
  ],
];

describe('sizes, hosts and answers that a report tells', () => {
  it.each(pairsOf(ROWS))('$what speaks for $cls first, and not where it is not so', (row) => {
    const first = (input: Input): string | undefined =>
      byRules({ engine: row.engine, input }).causes[0]?.class;
    expect(first(row.fires)).toBe(row.cls);
    expect(first(row.quiet)).not.toBe(row.cls);
  });

  it('doubts eager steps where lines say that a graph is replayed', () => {
    const sure = (state: string): number =>
      confidenceByRules(
        'sglang',
        { symptom: `decode is slow, cuda graph: ${state} in the lines` },
        'decode_eager_no_cuda_graph',
      );
    expect(sure('True')).toBeLessThan(0.5 * sure('False'));
  });
});

const knobsOf = (engine: string, input: Input): readonly string[] =>
  byRules({ engine, input }).causes[0]?.knobs ?? [];

describe('knobs that a size or a name tells', () => {
  it('are the sizes that are no power of two where a kernel asks for one', () => {
    const log = "ValueError: arange's range must be a power of 2";
    const flags = (draft: number): Input => ({
      launch_command: `--tp 8 --speculative-num-draft-tokens ${draft}`,
      log,
    });
    expect(knobsOf('sglang', flags(3))).toContain('--speculative-num-draft-tokens');
    expect(knobsOf('sglang', flags(3))).not.toContain('--tp');
    expect(knobsOf('sglang', flags(4))).not.toContain('--speculative-num-draft-tokens');
  });

  it('are what fixes the scratch of attention, or its variable where nothing does', () => {
    const variable = 'SGLANG_FLASHINFER_WORKSPACE_SIZE';
    const fixed = { launch_command: '--enable-deterministic-inference', log: SCRATCH };
    expect(knobsOf('sglang', fixed)).toContain('--enable-deterministic-inference');
    expect(knobsOf('sglang', fixed)).not.toContain(variable);
    expect(knobsOf('sglang', { log: SCRATCH })).toContain(variable);
  });

  it('never switch on what a refused flag switched off', () => {
    const refused = (flag: string): Input => ({
      log: `vllm: error: unrecognized arguments: ${flag}`,
    });
    expect(knobsOf('vllm', refused('--disable-log-requests'))).not.toContain(
      '--enable-log-requests',
    );
    expect(knobsOf('vllm', refused('--enable-log-request'))).toContain('--enable-log-requests');
  });
});
