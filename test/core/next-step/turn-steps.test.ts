import { describe, expect, it } from 'vitest';
import type { Budget } from '../../../mcp-server/core/contract/contract.ts';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import type { Room } from '../../../mcp-server/core/ledger/vocabulary.ts';
import {
  aContract,
  BASELINE_DONE,
  checked,
  diagnosed,
  evidence,
  gone,
  intended,
  jobEnded,
  jobStarted,
  judged,
  measured,
  opened,
  planned,
  ready,
  started,
} from '../../fakes/ledger-events.ts';
import { stepAfter } from './step-after.ts';

function readyWith(second: Room | undefined): NewEvent {
  const event = ready('d0001-1');
  if (event.type !== 'deploy_ready') throw new Error('not ready');
  return { ...event, data: { ...event.data, ...(second === undefined ? {} : { second }) } };
}

/** A trial that serves, was judged once, and is to be measured again. */
function retested(second: Room | undefined, budget: Partial<Budget> = {}): NewEvent[] {
  const [, ...baseline] = BASELINE_DONE;
  return [
    opened(aContract({}, { maxUsdPerHour: 100, ...budget })),
    ...baseline,
    planned('t0001'),
    intended('d0001-1'),
    started('d0001-1'),
    readyWith(second),
    ...[1, 2, 3].map((n) => measured(`m0001-0${n}`, 'd0001-1')),
    evidence('e000003', 'engine_log', 'd0001-1'),
    evidence('e000004', 'graphsignal', 'd0001-1'),
    diagnosed('x0002', 't0001'),
    checked('t0001', 'd0001-1'),
    judged('t0001', 'retest'),
  ];
}

const HOLDS: Room = { holds: true, reason: 'each has its own' };
const ALONE = { trial_id: 't0001', purpose: 'trial' };

describe('a retest', () => {
  it('takes turns with the incumbent where the backend holds two and the budget pays for both', () => {
    expect(stepAfter(retested(HOLDS))).toMatchObject({
      tool: 'benchmark',
      args: { ...ALONE, in_turn: true },
      why: expect.stringContaining('takes turns with t0000'),
    });
  });

  it.each([
    ['the backend', { holds: false, reason: 'one GPU' }, {}, 'holds one: one GPU'],
    ['a ledger that does not say', undefined, {}, 'did not say whether two fit'],
    ['the price of both', HOLDS, { maxUsdPerHour: 3 }, 'per hour would run'],
    ['the confirmation', HOLDS, { maxDeployments: 5 }, '3 deployments that are left are kept'],
  ] as const)('is measured alone because of %s, and says so', (...row) => {
    const [, second, budget, reason] = row;
    const step = stepAfter(retested(second, budget));
    expect(step).toMatchObject({ tool: 'benchmark', args: ALONE });
    expect(step.args['in_turn']).toBeUndefined();
    expect(step.why).toContain('not in turn with t0000');
    expect(step.why).toContain(reason);
  });

  it('is measured alone once its turns failed', () => {
    const args = { purpose: 'trial', in_turn: true };
    const tried = (status: 'failed' | 'interrupted'): NewEvent[] => [
      ...retested(HOLDS),
      jobStarted('j0001', 'benchmark', { trialId: 't0001', args }),
      jobEnded('j0001', status),
    ];
    expect(stepAfter(tried('failed')).args).toEqual(ALONE);
    expect(stepAfter(tried('interrupted')).args).toEqual({ ...ALONE, in_turn: true });
  });

  it('first clears away an incumbent that a process left beside the trial', () => {
    const left = [
      ...retested(HOLDS),
      intended('d0000-2', 'anchor'),
      started('d0000-2'),
      ready('d0000-2'),
    ];
    expect(stepAfter(left)).toMatchObject({
      tool: 'stop_deployments',
      args: { deployments: ['d0000-2'] },
    });
    expect(stepAfter([...left, gone('d0000-2')])).toMatchObject({ tool: 'benchmark' });
  });
});

const RATE = 1000;

/** The baseline redeployed, its runs at this rate instead of 1,000 and a run's sd 0.5 %. */
const redeployed = (value: number): NewEvent[] => [
  intended('d0000-2', 'anchor'),
  started('d0000-2'),
  ready('d0000-2'),
  ...[1, 2, 3].map((n) =>
    measured(`m0000-1${n}`, 'd0000-2', { purpose: 'calibrate', value, repeat: n }),
  ),
  {
    type: 'calibrated',
    data: {
      trialId: 't0000',
      measurements: [],
      spreads: {
        'outputTokensPerS@0': { mean: RATE, sd: 5, n: 6, between: { sdRatio: 0.07, df: 1 } },
      },
    },
  },
  gone('d0000-2'),
];

describe('a first look', () => {
  /** One run is still missing, and nothing is judged yet. */
  const firstLook = (redeploy: readonly NewEvent[] = []): NewEvent[] => [
    ...retested(HOLDS).filter(
      ({ type, data }) =>
        type !== 'trial_judged' &&
        !(type === 'measurement_recorded' && data.measurementId === 'm0001-03'),
    ),
    ...redeploy,
  ];

  it('is not in turn by itself', () => {
    expect(stepAfter(firstLook()).args).toEqual(ALONE);
    expect(stepAfter(firstLook(redeployed(RATE * 1.001))).args).toEqual(ALONE);
  });

  it('takes turns where the baseline, deployed again, was not what it had been', () => {
    const step = stepAfter(firstLook(redeployed(RATE * 1.1)));
    expect(step).toMatchObject({ tool: 'benchmark', args: { ...ALONE, in_turn: true } });
    expect(step.why).toContain('a redeploy drifted');
  });
});
