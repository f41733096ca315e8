import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import { applyEvent, applyEvents, foldEvents } from '../../../mcp-server/core/ledger/fold.ts';
import {
  activeDeployment,
  findTrial,
  heldDeployments,
  nextDeploymentId,
  nextDiagnosisId,
  nextEvidenceId,
  nextJobId,
  nextMeasurementId,
  nextTrialId,
} from '../../../mcp-server/core/ledger/lookup.ts';
import type { SessionState } from '../../../mcp-server/core/ledger/state.ts';
import {
  aContract,
  BASELINE_DONE,
  bestMoved,
  calibrated,
  closed,
  confirmed,
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
  stamped,
  started,
  stateOf,
} from '../../fakes/ledger-events.ts';
import { refusal } from '../../fakes/refusal.ts';

const A_WHOLE_SESSION: readonly NewEvent[] = [
  ...BASELINE_DONE,
  jobStarted('j0001', 'deploy'),
  planned('t0001'),
  intended('d0001-1'),
  started('d0001-1'),
  ready('d0001-1'),
  jobEnded('j0001'),
  measured('m0001-01', 'd0001-1', { value: 1200 }),
  judged('t0001', 'keep'),
  bestMoved('t0001'),
  gone('d0001-1'),
  closed('t0001'),
  planned('t0002'),
  intended('d0002-1'),
  started('d0002-1'),
  failed('d0002-1'),
  gone('d0002-1'),
  judged('t0002', 'discard', 'start'),
  closed('t0002', 'crashed'),
  confirmed('t0001'),
];

/** Maps compare as their entries. */
const comparable = (state: SessionState): unknown => ({
  ...state,
  evidence: [...state.evidence.entries()],
});

describe('the fold of a ledger', () => {
  it('gives the same state whether events come at once, one by one, or in any two parts', () => {
    const events = stamped(A_WHOLE_SESSION);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: events.length }), (cut) => {
        const whole = foldEvents(events);
        const inTwo = applyEvents(foldEvents(events.slice(0, cut)), events.slice(cut));
        let oneByOne: SessionState | null = null;
        for (const event of events) oneByOne = applyEvent(oneByOne, event);
        expect(comparable(inTwo)).toEqual(comparable(whole));
        expect(oneByOne === null ? null : comparable(oneByOne)).toEqual(comparable(whole));
      }),
    );
  });

  it('has a state after every prefix, and leaves earlier states as they were', () => {
    const events = stamped(A_WHOLE_SESSION);
    let state = foldEvents(events.slice(0, 1));
    for (let length = 2; length <= events.length; length += 1) {
      const before = JSON.stringify(comparable(state));
      const next = applyEvents(state, events.slice(length - 1, length));
      expect(JSON.stringify(comparable(state))).toBe(before);
      expect(next.lastSeq).toBe(length);
      state = next;
    }
  });

  it('moves a trial through its phases', () => {
    const phases: string[] = [];
    const events = stamped(A_WHOLE_SESSION);
    for (let length = 1; length <= events.length; length += 1) {
      const trial = foldEvents(events.slice(0, length)).trials.find(
        (one) => one.trialId === 't0001',
      );
      if (trial !== undefined && phases.at(-1) !== trial.phase) phases.push(trial.phase);
    }
    expect(phases).toEqual(['planned', 'deploying', 'ready', 'measured', 'judged', 'closed']);
    expect(findTrial(stateOf(A_WHOLE_SESSION), 't0002').phase).toBe('crashed');
  });

  it('makes the calibrated baseline the first best', () => {
    const state = stateOf([opened(), planned('t0000'), calibrated()]);
    expect(state.bestId).toBe('t0000');
    expect(stateOf([opened(), planned('t0000')]).bestId).toBeNull();
  });

  it('forgets a confirmation once another trial is best', () => {
    const state = stateOf([...A_WHOLE_SESSION, planned('t0003'), bestMoved('t0003')]);
    expect(stateOf(A_WHOLE_SESSION).confirmed?.trialId).toBe('t0001');
    expect(state.confirmed).toBeNull();
  });

  it('leaves the phase of a closed trial alone when it is deployed again to be confirmed', () => {
    const state = stateOf([...A_WHOLE_SESSION, intended('d0001-2', 'confirm'), ready('d0001-2')]);
    expect(findTrial(state, 't0001').phase).toBe('closed');
    expect(activeDeployment(state)?.deploymentId).toBe('d0001-2');
  });

  it('keeps a session going that a cap had ended once a person raises the budget', () => {
    const contract = aContract();
    const capped: NewEvent[] = [
      opened(contract),
      { type: 'session_stopped', data: { reason: 'cap', detail: 'money' } },
    ];
    const budget = { ...contract.budget, maxTotalUsd: 40 };
    const raised: NewEvent = { type: 'budget_amended', data: { budget, was: contract.budget } };
    expect(stateOf(capped).stopped?.data.reason).toBe('cap');
    expect(stateOf([...capped, raised]).stopped).toBeNull();
    expect(stateOf([...capped, raised]).budget.maxTotalUsd).toBe(40);
    expect(stateOf([...capped, raised]).contract.budget.maxTotalUsd).toBe(20);
  });

  it('counts an event of a type it does not know and goes on', () => {
    const events = stamped([opened(), planned('t0000')]);
    const state = foldEvents([
      ...events,
      { seq: 3, at: '2026-03-22T15:00:09.000Z', unknownType: 'moon_landed' },
    ]);
    expect(state.unknownEvents).toEqual({ moon_landed: 1 });
    expect(state.lastSeq).toBe(3);
    expect(state.trials).toHaveLength(1);
  });

  it('refuses a ledger that does not begin with session_opened, or names what it never introduced', () => {
    const order = (message: string): unknown => refusal('E_LEDGER_ORDER', message);
    expect(() => foldEvents(stamped([planned('t0000')]))).toThrow(order('has trial_planned'));
    expect(() => foldEvents([])).toThrow(order('no state'));
    expect(() => stateOf([opened(), opened()])).toThrow(order('the same session twice'));
    expect(() => stateOf([opened(), started('d0000-1')])).toThrow(order('t0000 before planning'));
    expect(() => stateOf([opened(), planned('t0000'), started('d0000-1')])).toThrow(
      order('d0000-1 before intending'),
    );
    expect(() => stateOf([opened(), jobEnded('j0001')])).toThrow(order('j0001 before starting'));
  });
});

describe('looking things up', () => {
  it('counts ids on from what the ledger holds', () => {
    const state = stateOf(A_WHOLE_SESSION);
    const trial = findTrial(state, 't0001');
    expect(nextTrialId(state)).toBe('t0003');
    expect(nextDeploymentId(trial)).toBe('d0001-2');
    expect(nextMeasurementId(trial)).toBe('m0001-02');
    expect(nextEvidenceId(state)).toBe('e000003');
    expect(nextJobId(state)).toBe('j0002');
    expect(nextDiagnosisId(state)).toBe('x0002');
    expect(nextTrialId(stateOf([opened()]))).toBe('t0000');
  });

  it('counts a failed deployment as held until it is gone, but not as active', () => {
    const state = stateOf([opened(), planned('t0000'), intended('d0000-1'), failed('d0000-1')]);
    expect(heldDeployments(state)).toHaveLength(1);
    expect(activeDeployment(state)).toBeNull();
    expect(heldDeployments(stateOf(A_WHOLE_SESSION))).toHaveLength(0);
  });

  it('names the trials that exist when one does not', () => {
    expect(() => findTrial(stateOf(A_WHOLE_SESSION), 't0042')).toThrow(/no trial t0042/);
  });
});
