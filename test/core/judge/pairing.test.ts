import { describe, expect, it } from 'vitest';
import { compareAt } from '../../../mcp-server/core/judge/compare.ts';
import { judge } from '../../../mcp-server/core/judge/judge.ts';
import { pairValues, weighedMean, weighRuns } from '../../../mcp-server/core/judge/pairing.ts';
import type { JudgedRun } from '../../../mcp-server/core/judge/sides.ts';
import { MeasurementRecorded } from '../../../mcp-server/core/ledger/measurement.ts';
import { bootstrapPairs } from '../../../mcp-server/core/stats/bootstrap.ts';
import { inputOf, runOf } from './builders.ts';

const METRIC = { id: 'outputTokensPerS', quantile: 'mean' } as const;

/** Runs of one deployment by repeat index. */
const runsOf = (
  trial: number,
  ordinal: number,
  byRepeat: Readonly<Record<number, number>>,
): JudgedRun[] =>
  Object.entries(byRepeat).map(([repeat, tokensPerS], index) =>
    runOf(trial, ordinal * 10 + index, {
      tokensPerS,
      measurement: { deploymentId: `d000${trial}-${ordinal}`, repeat: Number(repeat) },
    }),
  );

const sideOfRuns = (trial: number, runs: readonly JudgedRun[]) => ({
  trialId: `t000${trial}`,
  runs,
});

describe('runs with the same prompts, seeds and arrivals', () => {
  it('are paired by repeat index, so that what the prompts weigh falls out', () => {
    const heavy = { 0: 1000, 1: 900, 2: 800, 3: 700, 4: 600 };
    const trial = sideOfRuns(1, runsOf(1, 1, { 0: 1050, 1: 945, 2: 840 }));
    const reference = sideOfRuns(0, runsOf(0, 1, heavy));
    const { delta } = compareAt(inputOf(trial, { reference }), METRIC, 0);
    expect(delta.deltaRatio).toBeCloseTo(0.05, 10);
    expect(delta.reference).toBeCloseTo(900, 10);
  });

  it('weigh each repeat alike, however many deployments ran it', () => {
    const reference = [...runsOf(0, 1, { 0: 1000, 1: 800 }), ...runsOf(0, 2, { 0: 1100 })];
    const sides = { trial: runsOf(1, 1, { 0: 1000, 1: 1000 }), reference };
    const weighed = weighRuns(sides, METRIC);
    expect(weighed.pairs).toHaveLength(2);
    expect(weighedMean(weighed.reference)).toBeCloseTo((1050 + 800) / 2, 10);
    expect(pairValues(weighed, weighed.pairs ?? [])).toEqual([
      { trial: [1000], reference: [1000, 1100] },
      { trial: [1000], reference: [800] },
    ]);
  });

  it('are not paired where other prompts were sent at the same repeat, and the verdict says so', () => {
    const sent = (runs: readonly JudgedRun[], sizing: string, letter: string): JudgedRun[] =>
      runs.map((run) => ({
        ...run,
        measurement: MeasurementRecorded.parse({
          ...run.measurement,
          prompts: { sizing, count: 64, lengths: null, sha256: letter.repeat(64) },
        }),
      }));
    const values = { 0: 1000, 1: 900, 2: 800 };
    const trial = sent(runsOf(1, 1, values), 'server_tokenizer', 'a');
    const equal = sent(runsOf(0, 1, values), 'server_tokenizer', 'a');
    const other = sent(runsOf(0, 1, values), 'calibrated_words', 'b');
    expect(weighRuns({ trial, reference: equal }, METRIC).pairs).toHaveLength(3);
    expect(weighRuns({ trial, reference: other }, METRIC).pairs).toBeNull();
    // an older record tells nothing of what was sent
    expect(weighRuns({ trial, reference: runsOf(0, 1, values) }, METRIC).pairs).toHaveLength(3);
    const reasons = (reference: readonly JudgedRun[]): string =>
      judge(inputOf(sideOfRuns(1, trial), { reference: sideOfRuns(0, reference) })).reasons.join();
    expect(reasons(other)).toContain(
      'runs were not paired by repeat: m0001-10 (server_tokenizer) and m0000-10 (calibrated_words)',
    );
    expect(reasons(equal)).not.toContain('not paired');
  });

  it('are not paired where the reference lacks a repeat, or the seed is another', () => {
    const trial = runsOf(1, 1, { 0: 1000, 1: 1000, 2: 1000 });
    const short = { trial, reference: runsOf(0, 1, { 0: 900, 1: 900 }) };
    expect(weighRuns(short, METRIC).pairs).toBeNull();
    const reference = runsOf(0, 1, { 0: 900, 1: 900, 2: 900 }).map((run) => ({
      ...run,
      measurement: { ...run.measurement, seed: 2 },
    }));
    expect(weighRuns({ trial, reference }, METRIC).pairs).toBeNull();
  });

  it('are not trusted as pairs where all runs together point the other way', () => {
    const trial = runsOf(1, 1, { 0: 1000, 1: 1000 });
    const reference = runsOf(0, 1, { 0: 990, 1: 990, 2: 5000 });
    expect(weighRuns({ trial, reference }, METRIC).pairs).toBeNull();
  });
});

describe('from five pairs of runs on', () => {
  const pairs = [0, 1, 2, 3, 4].map((repeat) => ({
    trial: [1000 + 200 * repeat],
    reference: [(1000 + 200 * repeat) * (1 + 0.002 * (repeat % 2))],
  }));

  it('the bootstrap draws pairs, so that prompts which differ do not widen it', () => {
    const se = bootstrapPairs(pairs, { seed: 1 });
    expect(se).toBeGreaterThan(0);
    expect(se).toBeLessThan(0.001);
    expect(bootstrapPairs(pairs, { seed: 1 })).toBe(se);
    expect(bootstrapPairs(pairs.slice(0, 1), { seed: 1 })).toBeNull();
  });

  it('speaks in the verdict instead of the calibrated sd', () => {
    const byRepeat = (at: (repeat: number) => number) =>
      Object.fromEntries([0, 1, 2, 3, 4].map((repeat) => [repeat, at(repeat)]));
    const reference = sideOfRuns(
      0,
      runsOf(
        0,
        1,
        byRepeat((n) => 1000 + 200 * n),
      ),
    );
    const trial = sideOfRuns(
      1,
      runsOf(
        1,
        1,
        byRepeat((n) => (1000 + 200 * n) * 1.03),
      ),
    );
    const five = compareAt(inputOf(trial, { reference }), METRIC, 0);
    const four = compareAt(
      inputOf({ ...trial, runs: trial.runs.slice(0, 4) }, { reference }),
      METRIC,
      0,
    );
    expect(five.error?.se).toBeLessThan(0.02);
    expect(four.error?.se).toBeGreaterThan(0.1);
  });
});
