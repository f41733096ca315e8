import { describe, expect, it } from 'vitest';
import { referenceSideOf } from '../../../mcp-server/core/judge/from-state.ts';
import { chooseConfirmed, chooseLeaders, gainOf } from '../../../mcp-server/core/judge/leaders.ts';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import { intended, measured, opened, planned, ready, stateOf } from '../../fakes/ledger-events.ts';
import { inputOf, rates, sideOf } from './builders.ts';

const leader = (trialId: string, lower: number) => ({ trialId, gain: { ratio: lower, lower } });

describe('the leaders of a search', () => {
  it('are the best and the next two by the lower bound of their gain', () => {
    const all = [
      leader('t0001', 0.02),
      leader('t0002', 0.08),
      leader('t0003', 0.05),
      leader('t0004', 0.03),
    ];
    expect(chooseLeaders(all, 't0003').map((one) => one.trialId)).toEqual([
      't0003',
      't0002',
      't0004',
    ]);
  });

  it('hold none that is not proven better than the baseline, but the best', () => {
    const all = [leader('t0001', -0.01), leader('t0002', Number.NEGATIVE_INFINITY)];
    expect(chooseLeaders(all, 't0001').map((one) => one.trialId)).toEqual(['t0001']);
  });

  it('are ranked by gains whose sign is that of the objective', () => {
    const faster = sideOf(1, rates(1100, 1110, 1120));
    const { ruler } = inputOf(faster);
    const sides = { trial: faster, reference: sideOf(0, rates(990, 1000, 1010)) };
    const up = gainOf(ruler, sides);
    expect(up.ratio).toBeCloseTo(0.11, 10);
    expect(up.lower).toBeGreaterThan(0);
    const objective = { ...ruler.objective, direction: 'minimise' as const };
    expect(gainOf({ ...ruler, objective }, sides).lower).toBeLessThan(0);
  });
});

describe('the trial that is confirmed', () => {
  const { ruler } = inputOf(sideOf(1, []));
  const fresh = (number: number, mean: number, holds = true) => ({
    trialId: `t000${number}`,
    holds,
    side: sideOf(number, rates(mean - 5, mean, mean + 5)),
  });

  it('is the best of the search where it holds, though luck favours another on the fresh runs', () => {
    expect(chooseConfirmed(ruler, [fresh(1, 1100), fresh(2, 1110)])).toBe('t0001');
  });

  it('is another that holds where the best does not, or is beaten by it beyond noise', () => {
    expect(chooseConfirmed(ruler, [fresh(1, 1000, false), fresh(2, 1100)])).toBe('t0002');
    expect(chooseConfirmed(ruler, [fresh(1, 1100), fresh(2, 1300)])).toBe('t0002');
  });

  it('is none where none holds', () => {
    expect(chooseConfirmed(ruler, [fresh(1, 1000, false)])).toBeNull();
  });
});

describe('the reference of a trial on another instance', () => {
  const readyOn = (deploymentId: string, id: string): NewEvent => {
    const event = ready(deploymentId);
    if (event.type !== 'deploy_ready') throw new Error('not ready');
    return { ...event, data: { ...event.data, instance: { ...event.data.instance, id } } };
  };
  const events = [
    opened(),
    planned('t0000'),
    intended('d0000-1', 'calibrate'),
    readyOn('d0000-1', 'i-1'),
    measured('m0000-01', 'd0000-1', { purpose: 'calibrate' }),
    intended('d0000-2', 'anchor'),
    readyOn('d0000-2', 'i-2'),
    measured('m0000-02', 'd0000-2', { purpose: 'anchor' }),
    planned('t0001'),
    intended('d0001-1'),
  ];
  const idsFor = (instance: string): readonly string[] => {
    const state = stateOf([...events, readyOn('d0001-1', instance)]);
    const [baseline, trial] = state.trials;
    if (baseline === undefined) throw new Error('no baseline');
    const side = referenceSideOf(baseline, trial?.deployments[0] ?? null);
    return side.runs.map((run) => run.measurement.measurementId);
  };

  it('is what the incumbent did on that instance alone', () => {
    expect(idsFor('i-2')).toEqual(['m0000-02']);
    expect(idsFor('i-1')).toEqual(['m0000-01']);
  });

  it('is everything that it did where it never ran there', () => {
    expect(idsFor('i-3')).toEqual(['m0000-01', 'm0000-02']);
  });
});
