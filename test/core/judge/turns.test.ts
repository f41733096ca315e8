import { describe, expect, it } from 'vitest';
import { type Group, spreadsAcross } from '../../../mcp-server/core/judge/calibrate.ts';
import { compareAt } from '../../../mcp-server/core/judge/compare.ts';
import { judge } from '../../../mcp-server/core/judge/judge.ts';
import { weighedMean, weighRuns } from '../../../mcp-server/core/judge/pairing.ts';
import type { JudgedRun } from '../../../mcp-server/core/judge/sides.ts';
import { inputOf, runOf } from './builders.ts';

const METRIC = { id: 'outputTokensPerS', quantile: 'mean' } as const;

interface Facts {
  readonly repeat: number;
  readonly rate: number;
  readonly block?: string;
  readonly deploymentId?: string;
  readonly isFlagged?: boolean;
}

const runs = (trial: number, facts: readonly Facts[]): JudgedRun[] =>
  facts.map(({ repeat, rate, block, deploymentId, isFlagged }, index) =>
    runOf(trial, index + 1, {
      tokensPerS: rate,
      measurement: {
        repeat,
        ...(deploymentId === undefined ? {} : { deploymentId }),
        ...(block === undefined ? {} : { turn: { block, place: 1 } }),
        ...(isFlagged === true ? { flags: ['CLIENT_LIMITED' as const] } : {}),
      },
    }),
  );

const block = (ordinal: number): string => `b0001-0${ordinal}`;
const side = (trial: number, facts: readonly Facts[]) => ({
  trialId: `t000${trial}`,
  runs: runs(trial, facts),
});

/** What the incumbent did before: five repeats of 1,000 in one deployment. */
const BEFORE: readonly Facts[] = [0, 1, 2, 3, 4].map((repeat) => ({ repeat, rate: 1000 }));
/** A machine that falls to a half while blocks run; the trial is 5 % faster than the incumbent in each. */
const FALLING = [1000, 800, 500].map((rate, index) => ({ rate, at: index + 1 }));
const anchors: readonly Facts[] = FALLING.map(({ rate, at }) => ({
  repeat: at,
  rate,
  block: block(at),
  deploymentId: 'd0000-2',
}));
const turns: readonly Facts[] = FALLING.map(({ rate, at }) => ({
  repeat: at,
  rate: rate * 1.05,
  block: block(at),
}));

describe('runs that took turns', () => {
  it('are compared block by block and with nothing else where every run of the trial did', () => {
    const reference = side(0, [...BEFORE, ...anchors]);
    const { delta } = compareAt(inputOf(side(1, turns), { reference }), METRIC, 0);
    expect(delta.deltaRatio).toBeCloseTo(0.05, 10);
  });

  it('weigh a block as a repeat beside those that did not, with the same weight on both sides', () => {
    const trial = runs(1, [{ repeat: 0, rate: 1050 }, ...turns]);
    const weighed = weighRuns({ trial, reference: runs(0, [...BEFORE, ...anchors]) }, METRIC);
    // One repeat and three blocks: a quarter each.
    expect(weighed.trial.map(({ weight }) => weight)).toEqual([0.25, 0.25, 0.25, 0.25]);
    const inTurn = weighed.reference.filter(({ deploymentId }) => deploymentId === 'd0000-2');
    expect(inTurn.map(({ weight }) => weight)).toEqual([0.25, 0.25, 0.25]);
    expect(weighed.reference.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 10);
    const ratio = (weighedMean(weighed.trial) ?? 0) / (weighedMean(weighed.reference) ?? 1);
    expect(ratio).toBeCloseTo(1.05, 10);
  });

  it('count as any other run where the other half of their block cannot be used', () => {
    const [first, ...others] = anchors;
    const spoiled = [{ ...(first ?? { repeat: 1, rate: 1 }), isFlagged: true }, ...others];
    const input = inputOf(side(1, turns), { reference: side(0, [...BEFORE, ...spoiled]) });
    const { reasons } = judge(input);
    expect(reasons.join('\n')).toContain('2 of 3 repeats ran in turn with t0000');
  });

  it('are another trial’s anchors where the blocks are not its own', () => {
    const reference = runs(0, [...BEFORE, ...anchors]);
    const own = weighRuns({ trial: runs(1, BEFORE), reference }, METRIC);
    expect(own.blocks).toEqual([]);
    expect(own.pairs).toHaveLength(5);
  });
});

describe('the noise of runs that took turns', () => {
  /** Calibrated on five runs of about 1,000. */
  const steady = BEFORE.map((one, index) => ({ ...one, rate: 1000 + index }));
  const { ruler } = inputOf(side(1, turns), { reference: side(0, steady) });
  const seOf = (trial: readonly Facts[], reference: readonly Facts[]): number => {
    const sides = { trial: side(1, trial), reference: side(0, reference) };
    return compareAt({ ruler, ...sides }, METRIC, 0).error?.se ?? Number.NaN;
  };

  it('is that of the differences inside blocks, so that a falling machine does not widen it', () => {
    const alone = turns.map(({ repeat, rate }) => ({ repeat, rate }));
    expect(seOf(turns, [...BEFORE, ...anchors])).toBeLessThan(0.02);
    expect(seOf(alone, BEFORE)).toBeGreaterThan(0.1);
  });

  it('is wide where blocks disagree', () => {
    const unlike = turns.map((run, index) => ({ ...run, rate: run.rate * (1 + 0.1 * index) }));
    expect(seOf(unlike, [...BEFORE, ...anchors])).toBeGreaterThan(0.02);
  });

  it('is no part of what runs of one deployment differ by, and their deployment still tells of the sd between', () => {
    const group = (deploymentId: string, facts: readonly Facts[]): Group => ({
      deploymentId,
      gpu: null,
      runs: runs(
        0,
        facts.map((one) => ({ ...one, deploymentId })),
      ),
    });
    const base = [group('d0000-1', steady), group('d0000-2', anchors)];
    const spread = spreadsAcross({ base, families: [base], loadPointCount: 1 });
    const found = spread['outputTokensPerS@0'] ?? Object.values(spread)[0];
    expect(found?.n).toBe(5);
    expect(found?.sd).toBeLessThan(2);
    expect(found?.between?.sdRatio).toBeGreaterThan(0.05);
  });
});
