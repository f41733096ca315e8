import { describe, expect, it } from 'vitest';
import { driftStatistics } from '../../../mcp-server/core/quality/drift.ts';
import { agreements } from '../../../mcp-server/core/quality/greedy.ts';
import { tierPolicy } from '../../../mcp-server/core/quality/loss-kinds.ts';
import type { TierAnswers, TierRun } from '../../../mcp-server/core/quality/quality-run.ts';
import { buildTasks, gradeTask, planSuite } from '../../../mcp-server/core/quality/task-suite.ts';
import { ruleOnTasks } from '../../../mcp-server/core/quality/task-tier.ts';
import { compareTiers, noiseFloors } from '../../../mcp-server/core/quality/tiers.ts';
import { SCORE_PROTOCOLS } from '../../../mcp-server/core/quality/token-scores.ts';
import type { Change } from '../../../mcp-server/core/service/change.ts';

describe('the task suite', () => {
  const plan = { seed: 7, items: 140, recallTokens: 1000 };
  const answer = (text: string, toolCalls: { name: string; arguments: string }[] = []) => ({
    text,
    finishReason: 'stop',
    toolCalls,
  });

  it('is the same for a seed, another for another, and a longer one begins with it', () => {
    const texts = (change: Partial<typeof plan>): string[] =>
      buildTasks({ ...plan, ...change }).map((task) => task.prompt);
    expect(texts({})).toEqual(texts({}));
    expect(texts({ items: 420 }).slice(0, 140)).toEqual(texts({}));
    expect(texts({ seed: 8 })[0]).not.toBe(texts({})[0]);
    expect(new Set(texts({})).size).toBeGreaterThan(120);
  });

  it('asks for values at 25, 50 and 90 % of its table', () => {
    const recalls = buildTasks(plan).filter((task) => task.kind === 'recall');
    const depths = recalls.slice(0, 3).map(({ prompt, expected }) => {
      const lines = prompt.split('\n').filter((line) => line.includes(' = '));
      return lines.findIndex((line) => line.endsWith(` = ${expected}`)) / lines.length;
    });
    expect(depths.map((depth) => Math.round(depth * 100))).toEqual([25, 50, 90]);
  });

  it('tells a wrong answer from one without the asked form', () => {
    const byKind = new Map(buildTasks(plan).map((task) => [task.kind, task]));
    const [sum, json, tool] = (['arithmetic', 'json', 'tool'] as const).map((kind) =>
      byKind.get(kind),
    );
    if (sum === undefined || json === undefined || tool === undefined) throw new Error('missing');
    expect(gradeTask(sum, answer(`It is ${sum.expected}.`))).toBe('right');
    expect(gradeTask(sum, answer('17000000'))).toBe('wrong');
    expect(gradeTask(sum, answer('no idea'))).toBe('unparsed');
    expect(gradeTask(json, answer('{"name": "Nobody"}'))).toBe('wrong');
    expect(gradeTask(json, answer('{"name": '))).toBe('unparsed');
    expect(gradeTask(tool, answer('It is sunny.'))).toBe('unparsed');
    expect(gradeTask(tool, null)).toBe('unparsed');
  });

  it('keeps its table inside a short context', () => {
    expect(planSuite('deep', 1, 4096).recallTokens).toBeLessThan(4096 * 0.9);
    expect(planSuite('quick', 1, 131_072).recallTokens).toBe(1000);
  });

  it('fails a rise of answers that are cut, though none of them is wrong', () => {
    const tasks = (cut: number) =>
      Array.from({ length: 140 }, (_, index) => ({
        id: `t${index}`,
        result: 'right' as const,
        isCut: index < cut,
      }));
    const terms = { margin: 0.03, isLast: false };
    expect(ruleOnTasks(tasks(0), tasks(0), terms)).toBe('pass');
    expect(ruleOnTasks(tasks(0), tasks(9), terms)).toBe('fail');
  });
});

describe('reading scores of given texts', () => {
  const read = (id: string, body: unknown) =>
    SCORE_PROTOCOLS.find((one) => one.id === id)?.read(body) ?? null;

  it('takes the own token and the likeliest one from SGLang’s lists', () => {
    const meta_info = {
      input_token_logprobs: [
        [null, 1, null],
        [-0.5, 22, null],
        [-3.25, 9, null],
      ],
      input_top_logprobs: [null, [[-0.5, 22, null]], [[-0.1, 4, null]]],
    };
    expect(read('generate', { text: '', meta_info })).toEqual({
      logprobs: [-0.5, -3.25],
      isTop: [true, false],
    });
  });

  it('takes the token that is not the likeliest from vLLM’s objects, whatever their order', () => {
    const prompt_logprobs = [
      null,
      { 22: { logprob: -0.5, rank: 1, decoded_token: 'a' } },
      {
        4: { logprob: -0.1, rank: 1, decoded_token: 'b' },
        9: { logprob: -3.25, rank: 17, decoded_token: 'c' },
      },
    ];
    expect(read('prompt-logprobs', { choices: [{ prompt_logprobs }] })).toEqual({
      logprobs: [-0.5, -3.25],
      isTop: [true, false],
    });
  });

  it.each([null, {}, { choices: [] }, { choices: [{ prompt_logprobs: null }] }, { meta_info: {} }])(
    'finds none in %j',
    (body) => {
      for (const { id } of SCORE_PROTOCOLS) expect(read(id, body)).toBeNull();
    },
  );
});

describe('comparing answers and scores', () => {
  const token = (text: string, logprob = -0.1, gap: number | null = 3) => ({ text, logprob, gap });

  it('finds the first token that differs and how sure the reference was there', () => {
    const before = { id: 'a', text: '', tokens: [token('x'), token('y', -0.2, 2.5), token('z')] };
    const after = { id: 'a', text: '', tokens: [token('x', -0.3), token('q')] };
    const [found] = agreements([before], [after]);
    expect(found).toMatchObject({ divergesAt: 1, gap: 2.5 });
    expect(found?.share).toBeCloseTo(1 / 3, 9);
    expect(found?.deltas[0]).toBeCloseTo(-0.2, 9);
  });

  it('compares words where a side tells no tokens', () => {
    const [found] = agreements(
      [{ id: 'a', text: 'one two three', tokens: null }],
      [{ id: 'a', text: 'one two four', tokens: [token('one')] }],
    );
    expect(found).toMatchObject({ divergesAt: 2, gap: null, deltas: [] });
  });

  it('gives the mean loss, the 99th percentile and the changed top tokens', () => {
    const deltas = [...Array.from({ length: 98 }, () => -0.01), -0.5, 0.2];
    const found = driftStatistics([{ id: 'a', deltas, flips: 3 }]);
    expect(found?.meanLoss).toBeCloseTo(0.0128, 6);
    expect(found).toMatchObject({ tokens: 100, p99: 0.5, flipRatio: 0.03 });
    expect(driftStatistics([])).toBeNull();
  });
});

describe('the noise of the reference against itself', () => {
  const policy = { margin: 0.03, isLossAccepted: false, minRightRatio: 0.6 };
  /** Answers of which so many part from a sure token in the middle. */
  const greedy = (damaged: number) =>
    Array.from({ length: 24 }, (_, index) => ({
      id: `g${index}`,
      text: '',
      tokens: ['a', index < damaged ? 'z' : 'b', 'c'].map((text) => ({
        text,
        logprob: -0.1,
        gap: 3,
      })),
    }));
  const tasks = (wrong: number) =>
    Array.from({ length: 140 }, (_, index) => ({
      id: `t${index}`,
      result: index < wrong ? ('wrong' as const) : ('right' as const),
      isCut: false,
    }));
  const answers = (damaged: number, wrong = 0): TierAnswers => ({
    greedy: greedy(damaged),
    scores: [],
    tasks: tasks(wrong),
  });
  const run = (change: Partial<TierRun> = {}): TierRun => ({
    size: 'quick',
    plan: { seed: 1, items: 140, recallTokens: 200 },
    concurrency: 32,
    scoreRoute: null,
    answers: answers(0),
    again: answers(0),
    alone: null,
    redeployed: null,
    ...change,
  });
  const greedyOf = (reference: TierRun): string | undefined =>
    compareTiers(reference, run({ answers: answers(10), again: null }), policy).find(
      ({ tier }) => tier === 'greedy',
    )?.state;

  it.each(['again', 'alone', 'redeployed'] as const)('counts by its largest: %s', (way) => {
    expect(greedyOf(run({ [way]: answers(10) }))).toBe('pass');
    expect(greedyOf(run())).toBe('fail');
  });

  it('stands in one floor for each way in which the reference was asked again', () => {
    const whole = run({ alone: answers(1, 2), redeployed: answers(3) });
    const floors = noiseFloors(whole, policy).filter(({ tier }) => tier === 'greedy');
    expect(floors.map(({ at, text }) => `${at}: ${text}`)).toEqual([
      expect.stringContaining('load: greedy noise (concurrency 32): 100.0 % of 24 answers equal'),
      expect.stringContaining('alone: greedy noise (concurrency 1): 95.8 % of 24 answers equal'),
      expect.stringContaining('redeploy: greedy noise (redeployed): 87.5 % of 24 answers equal'),
    ]);
    const [, alone] = noiseFloors(whole, policy).filter(({ tier }) => tier === 'tasks');
    expect(alone?.values).toMatchObject({ asked: 140, lost: 2, won: 0 });
  });

  it.each([
    ['quick', 'a larger size, on the baseline too'],
    ['deep', 'no larger size is there'],
  ] as const)('says what settles an open loss of a %s suite', (size, way) => {
    const open = run({ answers: answers(0, 2), again: null });
    const found = compareTiers(run({ size }), open, policy).find(({ tier }) => tier === 'tasks');
    expect(found).toMatchObject({ state: 'inconclusive', text: expect.stringContaining(way) });
  });

  it('says which share of right answers arms it', () => {
    const weak = run({ answers: answers(0, 100) });
    const [found] = noiseFloors(weak, policy).filter(({ tier }) => tier === 'tasks');
    expect(found?.state).toBe('unarmed');
    expect(found?.text).toContain('28.6 % of 140 rightly');
    expect(found?.text).toContain('60.0 % are needed (quality.minCanaries of the contract, of 20)');
  });
});

describe('what a contract allows a trial', () => {
  type Accepted = ('fp8-weights' | 'int4-weights' | 'fp8-kv' | 'speculation')[];
  const BASELINE = 'python -m sglang.launch_server --model-path base/model';
  const flag = (name: string, value: string | null): Change => ({
    kind: 'set_flag',
    flag: name,
    value,
  });
  const policyOf = (
    changes: readonly Change[],
    acceptedLosses: Accepted,
    commands: { readonly command?: string; readonly baselineCommand?: string } = {},
  ) =>
    tierPolicy(
      {
        quality: { minCanaries: 10, marginPoints: 3, acceptedLosses },
        model: {
          id: 'base/model',
          variants: [{ model: 'base/model-awq', acceptedLossPoints: 5 }],
        },
      },
      { changes, command: BASELINE, baselineCommand: BASELINE, ...commands },
    );

  it.each([
    ['fp8-weights', '--quantization', 'fp8'],
    ['fp8-weights', '--quantization', 'w8a8_int8'],
    ['int4-weights', '--quantization', 'awq_marlin'],
    ['int4-weights', '--quantization', 'bitsandbytes'],
    ['fp8-kv', '--kv-cache-dtype', 'fp8_e5m2'],
    ['fp8-kv', '--cache-type-k', 'q8_0'],
    ['speculation', '--speculative-algorithm', 'EAGLE3'],
    ['speculation', '--spec-draft-model', 'draft.gguf'],
  ] as const)(
    'widens tolerances for %s (%s %s) only where the owner accepts it',
    (kind, name, value) => {
      expect(policyOf([flag(name, value)], [kind]).isLossAccepted).toBe(true);
      expect(policyOf([flag(name, value)], []).isLossAccepted).toBe(false);
    },
  );

  it('needs every kind of loss to be accepted', () => {
    const both = [flag('--quantization', 'fp8'), flag('--kv-cache-dtype', 'fp8_e4m3')];
    expect(policyOf(both, ['fp8-weights']).isLossAccepted).toBe(false);
    expect(policyOf(both, ['fp8-weights', 'fp8-kv']).isLossAccepted).toBe(true);
  });

  it.each([
    ['--kv-cache-dtype', 'nvfp4'],
    ['--cache-type-v', 'q4_0'],
    ['--quantization', 'quark'],
  ])('never accepts %s %s, whose kind of loss no contract names', (name, value) => {
    const all: Accepted = ['fp8-weights', 'int4-weights', 'fp8-kv', 'speculation'];
    const changes = [flag('--speculative-algorithm', 'EAGLE'), flag(name, value)];
    expect(policyOf(changes, all).isLossAccepted).toBe(false);
  });

  it('takes no loss from a change that a later trial took back or set anew', () => {
    const changes = [
      flag('--quantization', 'awq'),
      flag('--kv-cache-dtype', 'fp8_e5m2'),
      flag('--quantization', 'fp8'),
      { kind: 'remove_flag', flag: '--kv-cache-dtype' },
    ] satisfies Change[];
    expect(policyOf(changes, ['fp8-weights']).isLossAccepted).toBe(true);
    expect(policyOf([flag('--kv-cache-dtype', 'auto')], ['fp8-kv']).isLossAccepted).toBe(false);
  });

  it('reads the margin from the contract, and a wider one from a variant that is served', () => {
    expect(policyOf([], [])).toEqual({ margin: 0.03, isLossAccepted: false, minRightRatio: 0.5 });
    const command = 'vllm serve base/model-awq --port 1';
    expect(policyOf([], [], { command })).toMatchObject({ margin: 0.05, isLossAccepted: true });
  });

  it('accepts by a variant the loss of weights alone, and none where the baseline serves it too', () => {
    const command = `${BASELINE}-awq`;
    const awq = flag('--quantization', 'awq');
    const kv = flag('--kv-cache-dtype', 'fp8_e4m3');
    expect(policyOf([awq], [], { command }).isLossAccepted).toBe(true);
    expect(policyOf([awq, kv], [], { command }).isLossAccepted).toBe(false);
    const same = policyOf([], [], { command, baselineCommand: command });
    expect(same).toMatchObject({ margin: 0.03, isLossAccepted: false });
  });
});
