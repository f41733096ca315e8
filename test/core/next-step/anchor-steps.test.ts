import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import {
  aContract,
  BASELINE_DONE,
  bestMoved,
  calibrated,
  checked,
  closed,
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

/** The calibration of these deployments. */
function calibratedOn(...deployments: string[]): NewEvent {
  const event = calibrated();
  if (event.type !== 'calibrated') throw new Error('not a calibration');
  return { ...event, data: { ...event.data, deployments } };
}

/** A baseline that is measured, read, checked and stopped, and not closed. */
const baseline = (command: string): NewEvent[] => [
  opened(aContract()),
  planned('t0000', { command }),
  intended('d0000-1', 'calibrate'),
  started('d0000-1'),
  ready('d0000-1'),
  ...[1, 2, 3, 4, 5].map((n) => measured(`m0000-0${n}`, 'd0000-1', { purpose: 'calibrate' })),
  calibratedOn('d0000-1'),
  evidence('e000001', 'engine_log', 'd0000-1'),
  evidence('e000002', 'graphsignal', 'd0000-1'),
  diagnosed('x0001', 't0000'),
  checked('t0000', 'd0000-1'),
  gone('d0000-1'),
];

let jobs = 0;
/** A job that deployed a trial afresh for a purpose, and how it ended. */
function fresh(trialId: string, purpose: string, status: 'done' | 'failed' = 'done'): NewEvent[] {
  jobs += 1;
  const id = `j${String(100 + jobs).padStart(4, '0')}`;
  const args = { purpose, fresh: true };
  return [jobStarted(id, 'benchmark', { trialId, args }), jobEnded(id, status)];
}

/** A deployment with runs for a purpose, gone again. */
const deployed = (id: string, purpose: 'anchor' | 'no_profiler', instance = 'i-1'): NewEvent[] => [
  intended(id, purpose),
  started(id),
  readyOn(id, instance),
  measured(`m${id.slice(1, 5)}-9${id.slice(6)}`, id, { purpose }),
  gone(id),
];

function readyOn(deploymentId: string, instance: string): NewEvent {
  const event = ready(deploymentId);
  if (event.type !== 'deploy_ready') throw new Error('not ready');
  const place = { ...event.data.instance, id: instance };
  return { ...event, data: { ...event.data, instance: place, landedElsewhere: true } };
}

const BARE = 'python -m sglang.launch_server';
const PROFILED = `graphsignal-run ${BARE}`;

describe('the calibration', () => {
  it('ends with a redeploy of the baseline before that is closed', () => {
    expect(stepAfter(baseline(BARE))).toMatchObject({
      tool: 'benchmark',
      args: { trial_id: 't0000', purpose: 'calibrate' },
    });
    const whole = [
      ...baseline(BARE),
      ...fresh('t0000', 'calibrate'),
      ...deployed('d0000-2', 'anchor'),
      calibratedOn('d0000-1', 'd0000-2'),
    ];
    expect(stepAfter(whole)).toMatchObject({ tool: 'write_session', args: { trial_id: 't0000' } });
  });

  it('runs the baseline once without its profiler where the launch has one', () => {
    const whole = [...baseline(PROFILED), calibratedOn('d0000-1', 'd0000-2')];
    expect(stepAfter(whole)).toMatchObject({
      tool: 'benchmark',
      args: { trial_id: 't0000', purpose: 'no_profiler' },
    });
    const bare = [...whole, ...deployed('d0000-3', 'no_profiler')];
    expect(stepAfter(bare).tool).toBe('write_session');
  });

  it('goes on without what failed twice', () => {
    const once = [...baseline(PROFILED), ...fresh('t0000', 'calibrate', 'failed')];
    expect(stepAfter(once).args).toEqual({ trial_id: 't0000', purpose: 'calibrate' });
    const twice = [...once, ...fresh('t0000', 'calibrate', 'failed')];
    expect(stepAfter(twice).args).toEqual({ trial_id: 't0000', purpose: 'no_profiler' });
    const neither = [
      ...twice,
      ...fresh('t0000', 'no_profiler', 'failed'),
      ...fresh('t0000', 'no_profiler', 'failed'),
    ];
    expect(stepAfter(neither).tool).toBe('write_session');
  });

  it('takes no deployment that the budget forbids', () => {
    const [, ...rest] = baseline(PROFILED);
    const events = [opened(aContract({}, { maxDeployments: 1 })), ...rest];
    expect(stepAfter(events).tool).toBe('write_session');
  });
});

/** A trial that ran to its verdict and is closed. */
function doneTrial(number: number, verdict: 'keep' | 'tie' = 'tie'): NewEvent[] {
  const id = String(number).padStart(4, '0');
  return [
    planned(`t${id}`),
    intended(`d${id}-1`),
    started(`d${id}-1`),
    ready(`d${id}-1`),
    ...[1, 2, 3].map((n) => measured(`m${id}-0${n}`, `d${id}-1`)),
    judged(`t${id}`, verdict),
    ...(verdict === 'keep' ? [bestMoved(`t${id}`)] : []),
    gone(`d${id}-1`),
    closed(`t${id}`),
  ];
}

describe('the anchor', () => {
  it('measures the incumbent again five trials after it last was', () => {
    const four = [...BASELINE_DONE, ...[1, 2, 3, 4].flatMap((n) => doneTrial(n))];
    expect(stepAfter(four).tool).toBe('plan_trial');
    const five = [...four, ...doneTrial(5)];
    expect(stepAfter(five)).toMatchObject({
      tool: 'benchmark',
      args: { trial_id: 't0000', purpose: 'anchor' },
    });
    const anchored = [...five, ...fresh('t0000', 'anchor'), ...deployed('d0000-2', 'anchor')];
    expect(stepAfter(anchored).tool).toBe('plan_trial');
    const failed = [...five, ...fresh('t0000', 'anchor', 'failed')];
    expect(stepAfter(failed).tool).toBe('plan_trial');
  });

  it('counts from the runs that made the incumbent', () => {
    const moved = [1, 2, 3, 4, 5].flatMap((n) => doneTrial(n, n === 4 ? 'keep' : 'tie'));
    expect(stepAfter([...BASELINE_DONE, ...moved]).tool).toBe('plan_trial');
    const later = [6, 7, 8, 9].flatMap((n) => doneTrial(n));
    expect(stepAfter([...BASELINE_DONE, ...moved, ...later])).toMatchObject({
      args: { trial_id: 't0004', purpose: 'anchor' },
    });
  });

  it('goes to the instance that a trial landed on, before the two are compared', () => {
    const atHome = BASELINE_DONE.map((event) =>
      event.type === 'deploy_ready' ? readyOn('d0000-1', 'i-1') : event,
    );
    const landed = (instance: string): NewEvent[] => [
      ...atHome,
      planned('t0001'),
      intended('d0001-1'),
      started('d0001-1'),
      readyOn('d0001-1', instance),
      ...[1, 2, 3].map((n) => measured(`m0001-0${n}`, 'd0001-1')),
      evidence('e000003', 'engine_log', 'd0001-1'),
      evidence('e000004', 'graphsignal', 'd0001-1'),
      diagnosed('x0002', 't0001'),
      checked('t0001', 'd0001-1'),
    ];
    expect(stepAfter(landed('i-1')).tool).toBe('judge_trial');
    const moved = landed('i-2');
    expect(stepAfter(moved)).toMatchObject({ tool: 'stop_deployments' });
    const free = [...moved, gone('d0001-1')];
    expect(stepAfter(free)).toMatchObject({
      tool: 'benchmark',
      args: { trial_id: 't0000', purpose: 'anchor' },
    });
    const anchored = [
      ...free,
      ...fresh('t0000', 'anchor'),
      ...deployed('d0000-2', 'anchor', 'i-2'),
    ];
    expect(stepAfter(anchored)).toMatchObject({ tool: 'judge_trial', args: { trial_id: 't0001' } });
    const inVain = [...free, ...fresh('t0000', 'anchor', 'failed')];
    expect(stepAfter(inVain).tool).toBe('judge_trial');
  });
});
