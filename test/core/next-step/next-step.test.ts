import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import { nextStep } from '../../../mcp-server/core/next-step/next-step.ts';
import {
  aContract,
  BASELINE_DONE,
  bestMoved,
  calibrated,
  checked,
  closed,
  confirmed,
  diagnosed,
  evidence,
  failed,
  gone,
  intended,
  jobEnded,
  jobStarted,
  judged,
  measured,
  opened,
  planned,
  ready,
  START_MS,
  started,
  stateOf,
} from '../../fakes/ledger-events.ts';
import { stepAfter } from './step-after.ts';

const HOUR_MS = 3_600_000;

/** A trial that ran to its verdict and is closed. */
function doneTrial(number: number, verdict: 'keep' | 'discard' | 'tie' = 'discard'): NewEvent[] {
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

/** A benchmark that deployed the incumbent afresh, measured it and stopped it. */
const anchorOf = (trialId: string): NewEvent[] => [
  jobStarted('j0090', 'benchmark', { trialId, args: { purpose: 'anchor', fresh: true } }),
  jobEnded('j0090'),
];

describe('the next step of a whole session', () => {
  it('walks baseline, trial, crash, confirmation and report, one callable step at a time', () => {
    const contract = aContract({}, { maxTrials: 2 });
    const log: NewEvent[] = [opened(contract), planned('t0000')];
    let seconds = 0;
    const walked: string[] = [];
    /** What each tool leaves in the ledger; `start` names whether a trial's engine starts. */
    const effects: Record<string, (args: Record<string, unknown>) => NewEvent[]> = {
      plan_trial: () => [
        planned(
          walked.includes('confirm_best')
            ? 't0009'
            : log.some((e) => e.type === 'trial_closed' && e.data.trialId === 't0001')
              ? 't0002'
              : 't0001',
        ),
      ],
      deploy: (args) => {
        const id = `d${String(args['trial_id']).slice(1)}-1`;
        const begin = [intended(id, id === 'd0000-1' ? 'calibrate' : 'trial'), started(id)];
        return id === 'd0002-1' ? [...begin, failed(id), gone(id)] : [...begin, ready(id)];
      },
      benchmark: (args) =>
        args['purpose'] === 'calibrate'
          ? [1, 2, 3]
              .map((n) => measured(`m0000-0${n}`, 'd0000-1', { purpose: 'calibrate' }))
              .concat(calibrated())
          : [1, 2, 3].map((n) => measured(`m0001-0${n}`, 'd0001-1', { value: 1200 })),
      fetch_logs: (args) => [
        evidence(nextId(), 'engine_log', `d${String(args['trial_id']).slice(1)}-1`),
      ],
      fetch_telemetry: (args) => [
        evidence(nextId(), 'graphsignal', `d${String(args['trial_id']).slice(1)}-1`),
      ],
      diagnose: (args) => [diagnosed(`x000${walked.length % 10}`, String(args['trial_id']))],
      check_quality: (args) => [
        checked(String(args['trial_id']), `d${String(args['trial_id']).slice(1)}-1`),
      ],
      judge_trial: (args) =>
        args['trial_id'] === 't0001'
          ? [judged('t0001', 'keep'), bestMoved('t0001')]
          : [judged('t0002', 'discard', 'start')],
      stop_deployments: (args) => [
        jobStarted(`j00${10 + walked.length}`, 'stop_deployments', { args }),
        ...heldIds(log).map((id) => gone(id)),
        jobEnded(`j00${10 + walked.length}`),
      ],
      write_session: (args) => [
        closed(String(args['trial_id']), args['trial_id'] === 't0002' ? 'crashed' : 'closed'),
      ],
      confirm_best: () => [confirmed('t0001')],
      export_report: () => [{ type: 'report_exported', data: { files: ['report.html'] } }],
    };
    let evidenceCount = 0;
    const nextId = (): string => {
      evidenceCount += 1;
      return `e${String(evidenceCount).padStart(6, '0')}`;
    };
    for (;;) {
      seconds += 60;
      const step = nextStep(stateOf(log), START_MS + seconds * 1000);
      if (step.tool === null) break;
      walked.push(step.tool);
      const effect = effects[step.tool];
      if (effect === undefined || walked.length > 60) throw new Error(`stuck at ${step.tool}`);
      log.push(...effect(step.args));
    }
    expect(walked.join(' ')).toBe(
      [
        'deploy benchmark fetch_logs fetch_telemetry diagnose check_quality stop_deployments write_session',
        'plan_trial deploy benchmark fetch_logs fetch_telemetry diagnose check_quality judge_trial stop_deployments write_session',
        'plan_trial deploy fetch_logs judge_trial write_session',
        'confirm_best stop_deployments export_report',
      ].join(' '),
    );
    expect(nextStep(stateOf(log), START_MS + seconds * 1000).why).toMatch(
      /^Ended \(cap\): 2 of 2 trials/,
    );
  });
});

const heldIds = (events: readonly NewEvent[]): string[] =>
  events
    .filter((event) => event.type === 'deploy_intended')
    .map((event) => event.data.deploymentId)
    .filter(
      (id) => !events.some((e) => e.type === 'deployment_gone' && e.data.deploymentId === id),
    );

describe('the next step at single moments', () => {
  it('waits for a job that has not ended, before anything else', () => {
    const step = stepAfter([opened(), planned('t0000'), jobStarted('j0001', 'deploy')]);
    expect(step).toMatchObject({ tool: 'wait_job', args: { job_id: 'j0001', wait_s: 45 } });
  });

  it('clears a start that was interrupted away before it deploys again', () => {
    const events = [
      opened(),
      planned('t0000'),
      intended('d0000-1', 'calibrate'),
      started('d0000-1'),
    ];
    expect(stepAfter(events).tool).toBe('stop_deployments');
    expect(stepAfter([...events, gone('d0000-1')])).toMatchObject({
      tool: 'deploy',
      args: { trial_id: 't0000' },
    });
  });

  it('asks for another round of measurements after a retest, and no more', () => {
    const events = [
      ...BASELINE_DONE,
      planned('t0001'),
      intended('d0001-1'),
      started('d0001-1'),
      ready('d0001-1'),
      ...[1, 2, 3].map((n) => measured(`m0001-0${n}`, 'd0001-1')),
      evidence('e000003', 'engine_log', 'd0001-1'),
      evidence('e000004', 'graphsignal', 'd0001-1'),
      diagnosed('x0002', 't0001'),
      checked('t0001', 'd0001-1'),
      judged('t0001', 'retest'),
    ];
    expect(stepAfter(events).tool).toBe('benchmark');
    const again = [4, 5, 6].map((n) => measured(`m0001-0${n}`, 'd0001-1'));
    expect(stepAfter([...events, ...again]).tool).toBe('judge_trial');
  });

  it('does not count measurements that were cut off', () => {
    const events = [
      ...BASELINE_DONE,
      planned('t0001'),
      intended('d0001-1'),
      started('d0001-1'),
      ready('d0001-1'),
      measured('m0001-01', 'd0001-1', { flags: ['INTERRUPTED'] }),
      ...[2, 3].map((n) => measured(`m0001-0${n}`, 'd0001-1')),
    ];
    expect(stepAfter(events)).toMatchObject({
      tool: 'benchmark',
      why: 't0001 has 2 of 3 measurements.',
    });
  });

  it('goes on without a benchmark that keeps failing, so that the trial is judged', () => {
    const events = [
      ...BASELINE_DONE,
      planned('t0001'),
      intended('d0001-1'),
      started('d0001-1'),
      ready('d0001-1'),
      evidence('e000003', 'engine_log', 'd0001-1'),
      checked('t0001', 'd0001-1'),
      ...['j0001', 'j0002'].flatMap((id) => [
        jobStarted(id, 'benchmark', { trialId: 't0001' }),
        jobEnded(id, 'failed'),
      ]),
    ];
    expect(stepAfter(events).tool).toBe('judge_trial');
  });

  it('deploys again what the place failed, twice, and ends the session when the place keeps failing', () => {
    const lost = (n: number): NewEvent[] => [
      intended(`d0000-${n}`, 'calibrate'),
      started(`d0000-${n}`),
      failed(`d0000-${n}`, 'no_capacity'),
      gone(`d0000-${n}`, 0),
      evidence(`e00000${n}`, 'engine_log', `d0000-${n}`),
    ];
    const once = [opened(), planned('t0000'), ...lost(1)];
    expect(stepAfter(once).tool).toBe('deploy');
    const thrice = [...once, ...lost(2), ...lost(3)];
    expect(stepAfter(thrice).why).toMatch(/ending: infrastructure/);
  });

  it('stops what runs as soon as the verdict stands', () => {
    const events = doneTrial(1).slice(0, -2);
    expect(stepAfter([...BASELINE_DONE, ...events]).tool).toBe('stop_deployments');
  });

  it('ends an infeasible session when the baseline itself does not start', () => {
    const events = [
      opened(),
      planned('t0000'),
      intended('d0000-1', 'calibrate'),
      started('d0000-1'),
      failed('d0000-1'),
      gone('d0000-1'),
      evidence('e000001', 'engine_log', 'd0000-1'),
    ];
    expect(stepAfter(events)).toMatchObject({ tool: 'write_session', args: { trial_id: 't0000' } });
    expect(stepAfter([...events, closed('t0000', 'crashed')]).why).toMatch(/ending: infeasible/);
  });
});

describe('how a session ends', () => {
  const released = [
    jobStarted('j0001', 'stop_deployments', { args: { final: true } }),
    jobEnded('j0001'),
  ];

  it('explores on at a plateau by default, and confirms and ends there when the contract says stop', () => {
    const flat = [1, 2, 3, 4, 5, 6, 7].flatMap((n) => doneTrial(n, n === 1 ? 'keep' : 'tie'));
    const anchored = [...BASELINE_DONE, ...flat, ...anchorOf('t0001')];
    expect(stepAfter(anchored)).toMatchObject({ tool: 'plan_trial' });
    expect(stepAfter(anchored).why).toMatch(/bolder/);
    const stopping = [opened(aContract({ onPlateau: 'stop' })), ...BASELINE_DONE.slice(1), ...flat];
    expect(stepAfter(stopping).tool).toBe('confirm_best');
    expect(stepAfter([...stopping, confirmed('t0001')]).why).toMatch(/ending: plateau/);
  });

  it('confirms the best when the goal is met, and ends only once it holds', () => {
    const contract = aContract({
      objective: { metric: 'outputTokensPerS', direction: 'maximise', goal: 900 },
    });
    const events = [opened(contract), ...BASELINE_DONE.slice(1), ...doneTrial(1, 'keep')];
    expect(stepAfter(events).tool).toBe('confirm_best');
    expect(stepAfter([...events, confirmed('t0001', true)]).why).toMatch(/ending: goal/);
    expect(stepAfter([...events, confirmed('t0001', false)]).tool).toBe('plan_trial');
  });

  it('ends by the clock even in the middle of a trial, and still judges what is measured', () => {
    const events = [
      ...BASELINE_DONE,
      ...doneTrial(1).slice(0, -3), // measured, not judged, still running
    ];
    const late = 11 * HOUR_MS;
    expect(stepAfter(events, late)).toMatchObject({ tool: 'stop_deployments' });
    expect(stepAfter([...events, gone('d0001-1')], late).tool).toBe('judge_trial');
    const judgedToo = [...events, gone('d0001-1'), judged('t0001', 'discard')];
    expect(stepAfter(judgedToo, late).tool).toBe('write_session');
  });

  it('closes an undecided trial as abandoned', () => {
    const step = stepAfter([...BASELINE_DONE, planned('t0001')], 11 * HOUR_MS);
    expect(step).toMatchObject({
      tool: 'write_session',
      args: { trial_id: 't0001', abandon: true },
    });
  });

  it('keeps deployments back for the confirmation', () => {
    const contract = aContract({}, { maxDeployments: 4 });
    const events = [opened(contract), ...BASELINE_DONE.slice(1), ...doneTrial(1, 'keep')];
    // 2 used, 2 kept back for the best and its reference.
    expect(stepAfter(events).tool).toBe('confirm_best');
  });

  it('lets a person stop it: confirm (unless now), release, report, nothing more', () => {
    const stop = (detail: string): NewEvent => ({
      type: 'session_stopped',
      data: { reason: 'person', detail },
    });
    const events = [...BASELINE_DONE, ...doneTrial(1, 'keep')];
    expect(stepAfter([...events, stop('A person asked to stop.')]).tool).toBe('confirm_best');
    const now = [...events, stop('A person asked to stop (now).')];
    expect(stepAfter(now)).toMatchObject({ tool: 'stop_deployments', args: { final: true } });
    expect(stepAfter([...now, ...released]).tool).toBe('export_report');
    const reported: NewEvent = { type: 'report_exported', data: { files: ['r.html'] } };
    expect(stepAfter([...now, ...released, reported])).toMatchObject({ tool: null });
  });

  it('gives up confirming after two failures instead of asking for ever', () => {
    const contract = aContract({}, { maxTrials: 1 });
    const tries = ['j0005', 'j0006'].flatMap((id) => [
      jobStarted(id, 'confirm_best'),
      jobEnded(id, 'failed'),
    ]);
    const events = [opened(contract), ...BASELINE_DONE.slice(1), ...doneTrial(1, 'keep'), ...tries];
    expect(stepAfter([...events, ...released]).tool).toBe('export_report');
  });
});
