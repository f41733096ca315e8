import { describe, expect, it } from 'vitest';
import { RuledOut } from '../../../mcp-server/core/ledger/vocabulary.ts';
import { diagnose } from '../../../mcp-server/core/playbook/diagnose.ts';
import { distribution } from '../../fakes/summary.ts';
import { clientView, decodeLines, FLOORS, observation } from './build-observation.ts';

const QUIET = {
  client: clientView({
    summary: { ttftMs: distribution(100), iclMs: distribution(10, { p99: 14 }) },
  }),
  readings: { ttftSeconds: 0.098, preemptions: 0, cachedTokens: 300, promptTokens: 1000 },
  counters: {
    'sglang:cuda_graph_passes_total{mode=decode_none}': 0,
    'sglang:cuda_graph_passes_total{mode=decode_cuda_graph}': 900,
  },
  workload: { inputTokens: 512, sharedRatio: 0.3 },
  flags: { '--max-running-requests': '256' },
  logText: decodeLines({ running: 16, queue: 0, usage: 0.4 }),
};

const whats = (parts: Parameters<typeof observation>[0]): readonly string[] =>
  diagnose(observation(parts)).ruledOut.map(({ what }) => what.split(':')[0] ?? '');

describe('what it is not', () => {
  it('is told for each regime that the evidence speaks against, with the number', () => {
    const { ruledOut } = diagnose(observation(QUIET));
    expect(ruledOut.map(({ what }) => what.split(':')[0])).toEqual([
      'the client',
      'the path',
      'waiting',
      'the batch cap',
      'KV memory',
      'thrashing',
      'eager decoding',
      'the prefix cache',
      'prefills between tokens',
    ]);
    for (const one of ruledOut) expect(RuledOut.safeParse(one).success).toBe(true);
  });

  it.each([
    ['the path', { readings: { ...QUIET.readings, ttftSeconds: 0.02 } }],
    ['waiting', { logText: decodeLines({ running: 16, queue: 5, usage: 0.4 }) }],
    ['the batch cap', { flags: { '--max-running-requests': '16' } }],
    ['KV memory', { logText: decodeLines({ running: 16, queue: 0, usage: 0.95 }) }],
    ['thrashing', { readings: { ...QUIET.readings, preemptions: 9 } }],
    ['the prefix cache', { workload: { inputTokens: 512, sharedRatio: 0.9 } }],
    [
      'prefills between tokens',
      { client: clientView({ summary: { iclMs: distribution(10, { p99: 99 }) } }) },
    ],
    ['the client', { client: clientView({ flags: ['CLIENT_LIMITED'] }) }],
  ])('leaves out %s when it may be that', (what, change) => {
    expect(whats({ ...QUIET, ...change })).not.toContain(what);
  });

  it('rules out nothing that was not looked at', () => {
    expect(whats({})).toEqual([]);
    expect(whats({ floors: FLOORS })).toEqual([]);
  });
});

describe('what is missing', () => {
  it('names each part that was not there, what it would tell, and how many rules need it', () => {
    const { missing } = diagnose(observation({ client: clientView() }));
    expect(missing).toHaveLength(5);
    expect(missing.find((text) => text.startsWith('no profiler data'))).toMatch(
      /what fills a step is unknown \(\d+ rules need it\)$/,
    );
    expect(missing.every((text) => text.length <= 200)).toBe(true);
  });

  it('asks of a crash for its log alone', () => {
    const crash = { phase: 'running', crashClass: 'weights_do_not_fit' };
    const { missing, ruledOut } = diagnose(observation({ crash }));
    expect(missing).toHaveLength(1);
    expect(missing[0]).toContain('no engine log');
    expect(ruledOut).toEqual([]);
  });
});
