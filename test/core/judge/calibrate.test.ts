import { describe, expect, it } from 'vitest';
import { calibrationOf } from '../../../mcp-server/core/judge/calibrate.ts';
import { noiseFloorRatio } from '../../../mcp-server/core/judge/compare.ts';
import { deploymentNoise, deploymentSdRatio } from '../../../mcp-server/core/judge/noise.ts';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import {
  bestMoved,
  intended,
  judged,
  measured,
  opened,
  planned,
  ready,
  started,
  stateOf,
} from '../../fakes/ledger-events.ts';

const METRIC = { id: 'outputTokensPerS', quantile: 'mean' } as const;
const KEY = 'outputTokensPerS@0';

/** A deployment and its runs of these throughputs. */
function deployed(
  deploymentId: string,
  purpose: 'calibrate' | 'trial' | 'anchor',
  runs: readonly number[] | { readonly gpu: string; readonly values: readonly number[] },
): NewEvent[] {
  const { gpu, values } = 'gpu' in runs ? runs : { gpu: 'H100', values: runs };
  const trial = deploymentId.slice(1, 5);
  const ordinal = deploymentId.slice(6);
  const at = ready(deploymentId);
  if (at.type !== 'deploy_ready') throw new Error('not ready');
  return [
    intended(deploymentId, purpose),
    started(deploymentId),
    { ...at, data: { ...at.data, instance: { ...at.data.instance, gpu } } },
    ...values.map((value, repeat) =>
      measured(`m${trial}-${ordinal}${repeat}`, deploymentId, { purpose, value, repeat }),
    ),
  ];
}

const A_A = [990, 1000, 1010, 1000, 1000];

describe('the noise of a session', () => {
  it('of one deployment is the sd of its runs, and nothing is said of deployments', () => {
    const state = stateOf([opened(), planned('t0000'), ...deployed('d0000-1', 'calibrate', A_A)]);
    const { spreads, deployments, measurements } = calibrationOf(state, 't0000');
    expect(deployments).toEqual(['d0000-1']);
    expect(measurements).toHaveLength(5);
    expect(spreads[KEY]).toMatchObject({ mean: 1000, n: 5, df: 4 });
    expect(spreads[KEY]?.sd).toBeCloseTo(Math.sqrt(200 / 4), 10);
    expect(spreads[KEY]?.between).toBeUndefined();
  });

  it('of a redeploy parts what runs differ by from what deployments differ by', () => {
    const state = stateOf([
      opened(),
      planned('t0000'),
      ...deployed('d0000-1', 'calibrate', A_A),
      ...deployed('d0000-2', 'calibrate', [1090, 1100, 1110]),
    ]);
    const { spreads, deployments } = calibrationOf(state, 't0000');
    const spread = spreads[KEY];
    expect(deployments).toEqual(['d0000-1', 'd0000-2']);
    expect(spread).toMatchObject({ n: 8, df: 6 });
    expect(spread?.sd).toBeCloseTo(Math.sqrt(400 / 6), 10);
    // Two means 10 % apart: sd of their logs 6.7 %, of which the runs explain next to nothing.
    expect(spread?.between?.df).toBe(1);
    expect(spread?.between?.sdRatio).toBeCloseTo(Math.log(1.1) / Math.SQRT2, 2);
  });

  it('of deployments that agree is 0 and never negative', () => {
    const state = stateOf([
      opened(),
      planned('t0000'),
      ...deployed('d0000-1', 'calibrate', A_A),
      ...deployed('d0000-2', 'calibrate', [990, 1000, 1010]),
    ]);
    expect(calibrationOf(state, 't0000').spreads[KEY]?.between).toEqual({ sdRatio: 0, df: 1 });
  });

  it('takes in how far the incumbent drifts from its anchor', () => {
    const events = [
      opened(),
      planned('t0000'),
      ...deployed('d0000-1', 'calibrate', A_A),
      ...deployed('d0000-2', 'calibrate', [990, 1000, 1010]),
      planned('t0001'),
      ...deployed('d0001-1', 'trial', [1200, 1200, 1200]),
      judged('t0001', 'keep'),
      bestMoved('t0001'),
    ];
    const before = calibrationOf(stateOf(events), 't0000').spreads[KEY];
    const drifted = [...events, ...deployed('d0001-2', 'anchor', [1080, 1080, 1080])];
    const after = calibrationOf(stateOf(drifted), 't0000').spreads[KEY];
    expect(after?.between?.df).toBe(2);
    expect(after?.between?.sdRatio).toBeGreaterThan(0.05);
    expect(noiseFloorRatio(after ?? null, METRIC)).toBeGreaterThan(
      2 * (noiseFloorRatio(before ?? null, METRIC) ?? 0),
    );
    const elsewhere = [
      ...events,
      ...deployed('d0001-2', 'anchor', { gpu: 'A100', values: [600, 600, 600] }),
    ];
    expect(calibrationOf(stateOf(elsewhere), 't0000').spreads[KEY]?.between?.df).toBe(1);
  });
});

describe('what is believed of deployments', () => {
  it('is the stated prior until one configuration was deployed twice', () => {
    const { variance, df } = deploymentNoise(METRIC, undefined);
    expect(variance).toBeCloseTo(deploymentSdRatio(METRIC) ** 2, 12);
    expect(df).toBe(Number.POSITIVE_INFINITY);
  });

  it('is then drawn to what was measured, the more the oftener it was', () => {
    const once = deploymentNoise(METRIC, { sdRatio: 0.03, df: 1 });
    const often = deploymentNoise(METRIC, { sdRatio: 0.03, df: 8 });
    expect(Math.sqrt(once.variance)).toBeGreaterThan(deploymentSdRatio(METRIC));
    expect(often.variance).toBeGreaterThan(once.variance);
    expect(Math.sqrt(often.variance)).toBeLessThan(0.03);
    expect([once.df, often.df]).toEqual([5, 12]);
  });
});
