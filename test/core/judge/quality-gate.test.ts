import { describe, expect, it } from 'vitest';
import {
  canAlterOutputs,
  differsInOutputs,
  ownChecks,
} from '../../../mcp-server/core/judge/from-state.ts';
import { confirmedQuality, qualityGate } from '../../../mcp-server/core/judge/quality-gate.ts';
import type { EventData } from '../../../mcp-server/core/ledger/events.ts';
import { findTrial } from '../../../mcp-server/core/ledger/lookup.ts';
import { checked, intended, judged, opened, planned, stateOf } from '../../fakes/ledger-events.ts';
import { inputOf, rates, sideOf } from './builders.ts';

type Check = EventData<'quality_checked'>;

const check = (change: Partial<Check>): Check => ({
  trialId: 't0001',
  deploymentId: 'd0001-1',
  armed: true,
  passed: true,
  canaries: [],
  comparable: 20,
  reasons: [],
  evidenceId: 'e000001',
  ...change,
});

describe('what lies between a trial and the baseline', () => {
  const state = stateOf([
    opened(),
    planned('t0000'),
    planned('t0001', { touchesQuality: true }),
    judged('t0001', 'keep'),
    planned('t0002', { parentId: 't0001' }),
    planned('t0003', { parentId: 't0000' }),
  ]);
  const ask = (id: string) => {
    const trial = findTrial(state, id);
    return [canAlterOutputs(state, trial), differsInOutputs(state, trial)];
  };

  it('asks a kept change of outputs for no further proof, and still lets answers differ from the baseline', () => {
    expect(ask('t0001')).toEqual([true, true]);
    expect(ask('t0002')).toEqual([false, true]);
    expect(ask('t0003')).toEqual([false, false]);
    expect(ask('t0000')).toEqual([false, false]);
  });

  it('knows the checks of a trial’s own deployments from those of a redeploy or a confirmation', () => {
    const both = stateOf([
      opened(),
      planned('t0000'),
      planned('t0001'),
      intended('d0001-1'),
      checked('t0001', 'd0001-1'),
      intended('d0001-2', 'confirm'),
      checked('t0001', 'd0001-2'),
    ]);
    const own = ownChecks(findTrial(both, 't0001'));
    expect(own.map((one) => one.deploymentId)).toEqual(['d0001-1']);
  });
});

describe('the quality that a confirmation goes by', () => {
  const searched = check({});
  const fresh = (change: Partial<Check>): Check => check({ deploymentId: 'd0001-2', ...change });

  it('is that of the fresh deployment, a failure included', () => {
    const failed = fresh({ passed: false });
    expect(confirmedQuality({ fresh: failed, searched, required: true }).result).toBe(failed);
  });

  it('is the search’s, and says so, for a leader that was not asked again', () => {
    const { result, note } = confirmedQuality({ fresh: null, searched, required: true });
    expect(result).toBe(searched);
    expect(note).toContain('not checked again; the pass on d0001-1 stands');
    const never = confirmedQuality({ fresh: null, searched: null, required: true });
    expect(qualityGate(inputOf(sideOf(1, rates(1100)), { quality: never }))?.gate).toBe('quality');
  });

  it('is the pass of the search where the fresh one leaves the loss open', () => {
    const open = fresh({ passed: null });
    const { result, note } = confirmedQuality({ fresh: open, searched, required: true });
    expect(result).toBe(searched);
    expect(note).toContain('not settled on d0001-2; the pass on d0001-1 stands');
    const unarmed = fresh({ passed: null, armed: false });
    expect(confirmedQuality({ fresh: unarmed, searched, required: true }).result).toBe(unarmed);
  });

  it('is the search’s own where no change can have altered outputs', () => {
    expect(confirmedQuality({ fresh: null, searched, required: false }).result).toBe(searched);
  });
});

describe('a quality gate that is not armed', () => {
  it('discards with the number of canaries that passed and what its owner can do', () => {
    const result = check({
      armed: false,
      passed: null,
      comparable: 9,
      reasons: ['E_QUALITY_UNARMED: the baseline passes only 9 canaries'],
    });
    const ruling = qualityGate(
      inputOf(sideOf(1, rates(1100)), { quality: { required: true, result } }),
    );
    expect(ruling).toMatchObject({ verdict: 'discard', gate: 'quality' });
    const said = ruling?.reasons.join('\n');
    expect(said).toContain('the baseline (9 canaries passed)');
    expect(said).toContain('quality.minCanaries of at most 9');
  });
});
