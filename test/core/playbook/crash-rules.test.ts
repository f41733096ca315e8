import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../mcp-server/core/ledger/vocabulary.ts';
import { diagnose } from '../../../mcp-server/core/playbook/diagnose.ts';
import { decodeLines, observation } from './build-observation.ts';
import { describeTries } from './describe-tries.ts';
import { KV_ROOMY } from './rule-cases.ts';

describe('crash rules', () => {
  const CRASHES: readonly (readonly [string, string, string | null])[] = [
    [
      'weights_do_not_fit',
      'RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.',
      '--mem-fraction-static 0.90',
    ],
    [
      'oom_cuda_graph_capture',
      'Capture cuda graph failed: CUDA out of memory.',
      '--mem-fraction-static 0.82',
    ],
    [
      'oom_activation_prefill',
      'Prefill out of memory. Try to lower your batch size.',
      '--chunked-prefill-size 4096',
    ],
    ['bad_flag_unknown', 'launch_server.py: error: unrecognized arguments: --x', null],
    ['disk_full', 'OSError: [Errno 28] No space left on device', null],
  ];

  it.each(CRASHES)('tells %s from the log alone', (cls, line, tries) => {
    const o = observation({ logText: line, crash: { phase: 'running', crashClass: 'exited' } });
    const { causes, missing } = diagnose(o);
    expect(causes[0]).toMatchObject({ cause: cls });
    expect(causes[0]?.confidence).toBeGreaterThan(0.85);
    expect(missing).toEqual([]);
    if (tries !== null && causes[0] !== undefined)
      expect(describeTries(causes[0])).toContain(tries);
  });

  it('proposes the model length that the engine itself names, unless the contract needs more', () => {
    const log =
      "ValueError: To serve at least one request with the model's max seq len (131072), (16.00 GiB KV cache is needed, which is larger than the available KV cache memory (4.00 GiB). Based on the available memory, the estimated maximum model length is 32768.";
    const crash = { phase: 'running', crashClass: 'exited' };
    const named = diagnose(observation({ engine: 'vllm', logText: log, crash }));
    expect(named.causes[0]?.candidates).toContainEqual({
      kind: 'set_flag',
      flag: '--max-model-len',
      value: '32700',
    });
    const needsMore = diagnose(
      observation({ engine: 'vllm', logText: log, crash, minContextTokens: 65_536 }),
    );
    expect(describeTries(needsMore.causes[0] as Cause).join()).not.toContain('--max-model-len');
  });

  it('says of a start that failed for an unknown reason that it is unknown, and names nothing unrelated', () => {
    const parts = {
      engine: 'llamacpp',
      hardware: { gpu: null, gpuCount: 0, cores: 8 },
      flags: { '--threads': '1' },
    } as const;
    const slow = diagnose(observation(parts)).causes[0]?.cause;
    expect(slow).toBe('cpu_threads_low');
    const crash = { phase: 'running', crashClass: 'never_ready' };
    const { causes } = diagnose(observation({ ...parts, client: null, logText: 'bye', crash }));
    expect(causes.map(({ cause, candidates }) => [cause, candidates])).toEqual([
      ['unexplained_failure', []],
    ]);
    expect(causes[0]?.confidence).toBeLessThan(0.5);
    expect(causes[0]?.evidence[0]?.value).toBe('never_ready');
  });

  it('stays quiet about a log without a crash', () => {
    const o = observation({ logText: decodeLines(KV_ROOMY), crash: null });
    expect(diagnose(o).causes.filter((cause) => cause.rule.startsWith('crash-'))).toEqual([]);
  });
});
