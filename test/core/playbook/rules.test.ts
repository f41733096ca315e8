import { describe, expect, it } from 'vitest';
import { Cause } from '../../../mcp-server/core/ledger/vocabulary.ts';
import { BOTTLENECKS } from '../../../mcp-server/core/playbook/bottlenecks.ts';
import { diagnose } from '../../../mcp-server/core/playbook/diagnose.ts';
import { RULES } from '../../../mcp-server/core/playbook/rules/index.ts';
import { ENGINES } from '../../../mcp-server/engines/index.ts';
import { usableFlags } from '../../../mcp-server/engines/usable-flags.ts';
import { decodeLines, observation } from './build-observation.ts';
import { describeTries } from './describe-tries.ts';
import { CASES as RULE_CASES } from './rule-cases.ts';
import { SERVICE_CASES } from './service-cases.ts';
import { STEP_CASES } from './step-cases.ts';

const CASES = [...RULE_CASES, ...STEP_CASES, ...SERVICE_CASES];

describe('playbook rules', () => {
  it.each(CASES)('$rule fires on its symptom and cites evidence', ({ rule, fires, tries }) => {
    const { causes } = diagnose(observation(fires));
    const cause = causes.find((one) => one.rule === rule);
    expect(cause, JSON.stringify(causes, null, 1)).toBeDefined();
    expect(Cause.safeParse(cause).success).toBe(true);
    expect(cause?.evidence.length).toBeGreaterThan(0);
    if (tries !== undefined && cause !== undefined) expect(describeTries(cause)).toContain(tries);
  });

  it.each(CASES)('$rule stays quiet without it', ({ rule, quiet }) => {
    const { causes } = diagnose(observation(quiet));
    expect(causes.map((cause) => cause.rule)).not.toContain(rule);
  });

  it('has a case for every rule that is no crash, and unique ids', () => {
    const ids = RULES.map((rule) => rule.id);
    expect(new Set(ids).size).toBe(ids.length);
    const open = ids.filter(
      (id) => !id.startsWith('crash-') && !CASES.some((one) => one.rule === id),
    );
    expect(open).toEqual([]);
    expect(RULES.length).toBeGreaterThanOrEqual(50);
  });

  it('has a rule for each of the fifty bottlenecks, or says why it cannot', () => {
    expect(BOTTLENECKS.map(({ row }) => row)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    const told = new Set(RULES.flatMap((rule) => rule.rows));
    for (const { row, notARule } of BOTTLENECKS)
      expect(told.has(row), `row ${row}`).toBe(notARule === null);
    expect([...told].filter((row) => row > 50)).toEqual([]);
  });

  it('says for every rule what to expect, what confirms it, what refutes it, its risk and its source', () => {
    for (const rule of RULES)
      for (const text of [
        rule.sign,
        rule.expected,
        rule.confirmBy,
        rule.refutedBy,
        rule.risk,
        rule.source,
      ])
        expect(text.length, rule.id).toBeGreaterThan(3);
  });

  it('says nothing about an observation of nothing, but what is missing', () => {
    const { causes, missing } = diagnose(observation());
    expect(causes).toEqual([]);
    expect(missing).toHaveLength(6);
  });

  it('never proposes a flag that this version lacks, that does nothing, or that is in force', () => {
    for (const { fires } of CASES) {
      const o = observation(fires);
      for (const change of diagnose(o).causes.flatMap((cause) => cause.candidates)) {
        expect(change.kind === 'set_flag' || change.kind === 'remove_flag').toBe(true);
        if (change.kind === 'set_flag') {
          expect(o.usableFlags.has(change.flag)).toBe(true);
          expect(o.requested.get(change.flag)).not.toBe(change.value ?? 'none');
        }
        if (change.kind === 'remove_flag') expect(o.requested.has(change.flag)).toBe(true);
      }
    }
  });

  it.each([
    ['sglang', '0.4.6'],
    ['sglang', '0.5.3'],
    ['sglang', '0.5.9'],
    ['vllm', '0.10.0'],
    ['vllm', '0.15.0'],
    ['vllm', '0.32.0'],
  ] as const)('names for %s %s only flags that this version takes', (id, version) => {
    const flags = usableFlags(ENGINES[id], version);
    for (const { fires } of CASES.filter(({ fires: one }) => (one.engine ?? 'sglang') === id)) {
      const o = observation({ ...fires, usableFlags: flags });
      for (const change of diagnose(o).causes.flatMap((cause) => cause.candidates))
        if (change.kind === 'set_flag') expect(flags.has(change.flag), change.flag).toBe(true);
    }
  });

  it('uses the older name of a flag on an older version', () => {
    const flags = new Set(observation().usableFlags);
    flags.delete('--cuda-graph-max-bs-decode');
    const o = observation({
      logText: decodeLines({ running: 60, queue: 0, usage: 0.3, graph: false }),
      usableFlags: flags,
    });
    const [cause] = diagnose(o).causes;
    expect(cause?.candidates).toContainEqual({
      kind: 'set_flag',
      flag: '--cuda-graph-max-bs',
      value: '64',
    });
  });
});
