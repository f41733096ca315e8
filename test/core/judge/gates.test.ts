import { describe, expect, it } from 'vitest';
import type { GateFinding } from '../../../mcp-server/core/gates/gate-run.ts';
import { judge } from '../../../mcp-server/core/judge/judge.ts';
import { inputOf, rates, sideOf } from './builders.ts';

const FASTER = sideOf(1, rates(1200, 1210, 1220));
const found = (weight: GateFinding['weight']) => ({
  findings: [{ name: 'too_good', size: 3, detail: 'told', weight }],
  notes: ['no physical floor: GPU or model is unknown'],
});

describe('gates beside the numbers of a trial', () => {
  it('make a finding that nobody can believe invalid', () => {
    const verdict = judge(inputOf(FASTER, { gates: found('invalid') }));
    expect(verdict).toMatchObject({ verdict: 'invalid', gate: 'plausibility' });
    expect(verdict.reasons[0]).toBe('too_good: told');
  });

  it('ask for checked answers where the numbers alone are too good', () => {
    const gates = found('quality');
    const asked = judge(inputOf(FASTER, { gates }));
    expect(asked).toMatchObject({ verdict: 'discard', gate: 'quality' });
    const result = { armed: true, passed: true, comparable: 20, reasons: [] };
    const checked = judge(inputOf(FASTER, { gates, quality: { required: false, result } }));
    expect(checked.verdict).toBe('keep');
    const failed = { ...result, passed: false };
    const bad = judge(inputOf(FASTER, { gates, quality: { required: false, result: failed } }));
    expect(bad.gate).toBe('quality');
  });

  it('say what could not be looked at', () => {
    const { reasons } = judge(inputOf(FASTER, { gates: { ...found('quality'), findings: [] } }));
    expect(reasons.join('\n')).toContain('no physical floor');
  });
});
