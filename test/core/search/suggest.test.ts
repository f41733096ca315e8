import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../mcp-server/core/ledger/vocabulary.ts';
import type { TriedTrial } from '../../../mcp-server/core/search/history.ts';
import type { SearchContext } from '../../../mcp-server/core/search/knob.ts';
import {
  type Proposal,
  type SearchQuestion,
  suggestTrials,
} from '../../../mcp-server/core/search/suggest.ts';
import type { Change } from '../../../mcp-server/core/service/change.ts';
import { ENGINES } from '../../../mcp-server/engines/index.ts';

const context = (over: Partial<SearchContext> = {}): SearchContext => ({
  flags: new Map(),
  canonicalFlag: (flag) => ENGINES.sglang.canonicalFlag(flag),
  concurrency: 32,
  inputTokens: 512,
  outputTokens: 128,
  hasFp8: true,
  cpuCount: 4,
  minContextTokens: 4096,
  defaultOf: (flag) =>
    ({ '--chunked-prefill-size': 8192, '--cuda-graph-max-bs-decode': 256 })[
      ENGINES.sglang.canonicalFlag(flag)
    ] ?? null,
  kvTokens: 400_000,
  focus: new Set(['throughput']),
  sharesPrefix: false,
  isNatural: true,
  ...over,
});

const question = (over: Partial<SearchQuestion> = {}): SearchQuestion => ({
  knobs: ENGINES.sglang.knobs,
  context: context(),
  causes: [],
  diagnosisId: null,
  tried: [],
  refused: [],
  isFeasible: () => true,
  ...over,
});

const set = (flag: string, value: string | null = null): Change => ({
  kind: 'set_flag',
  flag,
  value,
});
const tried = (
  change: Change & { flag: string },
  outcome: TriedTrial['outcome'],
  more: Partial<TriedTrial> & { from?: number; to?: number } = {},
): TriedTrial => ({
  trialId: 't0001',
  changes: [change],
  moves: [{ flag: change.flag, from: more.from ?? null, to: more.to ?? null }],
  outcome,
  gainRatio: null,
  mechanism: null,
  ...more,
});
const values = (proposals: readonly Proposal[], flag: string): readonly (string | null)[] =>
  proposals.flatMap((one) =>
    one.changes.flatMap((change) =>
      change.kind === 'set_flag' && change.flag === flag ? [change.value] : [],
    ),
  );
const rankOf = (proposals: readonly Proposal[], flag: string): number =>
  proposals.findIndex((one) =>
    one.changes.some((change) => 'flag' in change && change.flag === flag),
  );

describe('suggestTrials', () => {
  it.each(Object.values(ENGINES))('knows at least ten knobs of $title', ({ knobs }) => {
    expect(knobs.length).toBeGreaterThanOrEqual(10);
    const ids = knobs.map((knob) => knob.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(Object.values(ENGINES))('names only flags that $title has', (known) => {
    const names = new Set(
      known.flags.flatMap((fact) => [fact.flag, ...fact.aliases, ...fact.deprecatedAliases]),
    );
    for (const concurrency of [4, 256])
      for (const sharesPrefix of [true, false]) {
        const open = context({ concurrency, sharesPrefix, kvTokens: 1000, inputTokens: 8192 });
        const flags = known.knobs
          .flatMap((knob) => knob.options(open))
          .flatMap((option) =>
            option.changes.flatMap((change) => ('flag' in change ? [change.flag] : [])),
          );
        for (const flag of flags)
          expect(names, flag).toContain(flag.replace(/^--no-(?=enable)/, '--'));
      }
  });

  it('gives the same list for the same question', () => {
    expect(suggestTrials(question())).toEqual(suggestTrials(question()));
  });

  it('ends with an empty list when everything was tried, and never repeats itself', () => {
    const seen = new Set<string>();
    let done: readonly TriedTrial[] = [];
    for (let round = 0; round < 200; round += 1) {
      const next = suggestTrials(question({ tried: done }))[0];
      if (next === undefined) break;
      const key = JSON.stringify(next.changes);
      expect(seen).not.toContain(key);
      seen.add(key);
      const moves = next.changes.map((change) => ({
        flag: 'flag' in change ? change.flag : '',
        from: null,
        to: null,
      }));
      done = [
        ...done,
        {
          trialId: `t${round}`,
          changes: next.changes,
          moves,
          outcome: 'no_gain',
          gainRatio: -0.01,
          mechanism: null,
        },
      ];
    }
    expect(suggestTrials(question({ tried: done }))).toEqual([]);
    expect(seen.size).toBeGreaterThan(15);
  });

  it('leaves out what plan_trial would refuse or has refused', () => {
    const isFeasible = (changes: readonly Change[]): boolean =>
      !changes.some((change) => change.kind === 'set_flag' && change.flag === '--quantization');
    expect(rankOf(suggestTrials(question({ isFeasible })), '--quantization')).toBe(-1);
    const refused = [[set('--quantization', 'fp8')]];
    expect(rankOf(suggestTrials(question({ refused })), '--quantization')).toBe(-1);
  });

  it('proposes no value that is the default already', () => {
    expect(values(suggestTrials(question()), '--chunked-prefill-size')).not.toContain('8192');
    expect(values(suggestTrials(question()), '--cuda-graph-max-bs')).not.toContain('256');
  });

  it('goes on in a direction that was kept and stops in one that failed', () => {
    const up = tried(set('--chunked-prefill-size', '4096') as Change & { flag: string }, 'kept', {
      from: 8192,
      to: 4096,
    });
    const flags = new Map([['--chunked-prefill-size', '4096']]);
    const goOn = suggestTrials(question({ context: context({ flags }), tried: [up] }));
    const chunks = values(goOn, '--chunked-prefill-size');
    expect(chunks[0]).toBe('2048');
    const failed = tried(
      set('--chunked-prefill-size', '4096') as Change & { flag: string },
      'no_gain',
      { from: 8192, to: 4096 },
    );
    const other = values(suggestTrials(question({ tried: [failed] })), '--chunked-prefill-size');
    expect(other).toEqual(['16384']);
  });

  it('still tries a smaller step the same way after a crash', () => {
    const crashed = tried(
      set('--mem-fraction-static', '0.92') as Change & { flag: string },
      'crashed',
      { from: 0.87, to: 0.92 },
    );
    const open = context({
      defaultOf: (flag) => (flag === '--mem-fraction-static' ? 0.87 : null),
      kvTokens: 20_000,
    });
    const left = values(
      suggestTrials(question({ context: open, tried: [crashed] })),
      '--mem-fraction-static',
    );
    expect(left).toContain('0.9');
    expect(left).not.toContain('0.92');
  });

  it('raises the KV share first when KV is short, and hardly when it is plentiful', () => {
    const short = suggestTrials(question({ context: context({ kvTokens: 10_000 }) }));
    const plenty = suggestTrials(question());
    expect(rankOf(short, '--mem-fraction-static')).toBeLessThan(
      rankOf(plenty, '--mem-fraction-static'),
    );
  });

  it('raises the graph ceiling first when the load is above it', () => {
    const above = suggestTrials(question({ context: context({ concurrency: 400 }) }));
    expect(rankOf(above, '--cuda-graph-max-bs')).toBeLessThan(3);
    expect(values(above, '--cuda-graph-max-bs')[0]).toBe('1024');
    expect(rankOf(suggestTrials(question()), '--cuda-graph-max-bs')).toBeGreaterThan(5);
  });

  it('puts first what a diagnosis asks for, and cites its evidence', () => {
    const cause = {
      rule: 'r8',
      cause: 'admission',
      title: 'Requests wait while KV is free',
      confidence: 0.9,
      evidence: [{ evidenceId: 'e000007', name: 'sglang:num_queue_reqs', value: '14' }],
      candidates: [set('--schedule-conservativeness', '0.3')],
      expected: 'TTFT falls',
      confirmBy: 'queue',
      refutedBy: 'no queue',
    };
    const before = rankOf(suggestTrials(question()), '--schedule-conservativeness');
    const after = suggestTrials(question({ causes: [cause] }));
    const rank = rankOf(after, '--schedule-conservativeness');
    expect(rank).toBeLessThan(before);
    expect(after[rank]?.hypothesis.evidence).toEqual(['e000007']);
  });

  it('prefers what helps the objective', () => {
    const ttft = suggestTrials(question({ context: context({ focus: new Set(['ttft']) }) }));
    const tbot = suggestTrials(question({ context: context({ focus: new Set(['tbot']) }) }));
    expect(rankOf(ttft, '--schedule-conservativeness')).toBeLessThan(
      rankOf(ttft, '--enable-mixed-chunk'),
    );
    expect(rankOf(tbot, '--enable-mixed-chunk')).toBeLessThan(
      rankOf(tbot, '--schedule-conservativeness'),
    );
  });

  it('combines near misses of different flags', () => {
    const misses = [
      tried(set('--enable-mixed-chunk') as Change & { flag: string }, 'near_miss', {
        gainRatio: 0.012,
        trialId: 't0001',
      }),
      tried(set('--disable-radix-cache') as Change & { flag: string }, 'near_miss', {
        gainRatio: 0.011,
        trialId: 't0002',
      }),
    ];
    const combined = suggestTrials(question({ tried: misses })).find(
      (one) => one.changes.length === 2,
    );
    expect(combined?.changes).toEqual([set('--enable-mixed-chunk'), set('--disable-radix-cache')]);
    expect(combined?.expectedGainRatio[1]).toBeCloseTo(0.023, 3);
  });

  it('takes out a flag that slows the engine down before anything else', () => {
    const flags = new Map([['--disable-cuda-graph', null]]);
    const first = suggestTrials(question({ context: context({ flags }) }))[0];
    expect(first?.changes).toEqual([{ kind: 'remove_flag', flag: '--disable-cuda-graph' }]);
  });

  it('proposes speculation only on natural text at low concurrency', () => {
    const at = (over: Partial<SearchContext>): number =>
      rankOf(suggestTrials(question({ context: context(over) })), '--speculative-algorithm');
    expect(at({ concurrency: 4 })).toBeGreaterThanOrEqual(0);
    expect(at({ concurrency: 4, isNatural: false })).toBe(-1);
    expect(at({ concurrency: 64 })).toBe(-1);
  });

  it('starts a poor CPU service with slots and threads', () => {
    const flags = new Map([
      ['--threads', '1'],
      ['--parallel', '1'],
      ['--batch-size', '64'],
      ['--ubatch-size', '32'],
      ['--ctx-size', '4096'],
    ]);
    const cpu = context({
      flags,
      canonicalFlag: (flag) => ENGINES.llamacpp.canonicalFlag(flag),
      concurrency: 4,
      cpuCount: 2,
      minContextTokens: 256,
      defaultOf: () => null,
      kvTokens: null,
    });
    const first = suggestTrials(question({ knobs: ENGINES.llamacpp.knobs, context: cpu })).slice(
      0,
      4,
    );
    const flagsTried = first.flatMap((one) =>
      one.changes.map((change) => ('flag' in change ? change.flag : '')),
    );
    expect(flagsTried).toContain('--parallel');
    expect(flagsTried).toContain('--threads');
  });

  const queueing: Cause = {
    rule: 'queue-dominates-ttft',
    cause: 'queueing',
    title: 'Requests wait',
    confidence: 0.8,
    evidence: [],
    candidates: [set('--max-running-requests', '128')],
    expected: 'TTFT falls',
    confirmBy: 'queue time falls',
    refutedBy: 'it stays',
  };
  const scoreOf = (over: Partial<SearchQuestion>): number =>
    suggestTrials(question({ causes: [queueing], diagnosisId: 'x0001', ...over })).find((one) =>
      one.changes.some((change) => 'flag' in change && change.flag === '--max-running-requests'),
    )?.expectedGainRatio[1] ?? 0;

  it('names the diagnosis that a proposal acts on', () => {
    const list = suggestTrials(question({ causes: [queueing], diagnosisId: 'x0001' }));
    const asked = list.find((one) =>
      one.changes.some((change) => 'flag' in change && change.flag === '--max-running-requests'),
    );
    expect(asked?.diagnosisId).toBe('x0001');
    expect(list.some((one) => one.diagnosisId === null)).toBe(true);
  });

  it('trusts a cause less once it was relieved and the objective stayed', () => {
    const other = set('--schedule-conservativeness', '0.5') as Change & { flag: string };
    const inVain = tried(other, 'no_gain', { mechanism: { cause: 'queueing', moved: true } });
    const unreached = tried(other, 'no_gain', { mechanism: { cause: 'queueing', moved: false } });
    expect(scoreOf({ tried: [inVain] })).toBeLessThan(scoreOf({ tried: [] }));
    expect(scoreOf({ tried: [unreached] })).toBe(scoreOf({ tried: [] }));
  });

  it('turns a flag further with less hope when it did not move what it was to move', () => {
    const flag = set('--max-running-requests', '64') as Change & { flag: string };
    const near = (moved: boolean): TriedTrial =>
      tried(flag, 'near_miss', { from: 32, to: 64, mechanism: { cause: 'queueing', moved } });
    expect(scoreOf({ tried: [near(false)] })).toBeLessThan(scoreOf({ tried: [near(true)] }));
  });
});
