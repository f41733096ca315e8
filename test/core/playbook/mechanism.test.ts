import { describe, expect, it } from 'vitest';
import type { Cause } from '../../../mcp-server/core/ledger/vocabulary.ts';
import { confirmingOf } from '../../../mcp-server/core/playbook/confirming.ts';
import {
  addressedCause,
  compareMechanism,
  compareStart,
} from '../../../mcp-server/core/playbook/mechanism.ts';
import type { Observation } from '../../../mcp-server/core/playbook/observation.ts';
import { RULES } from '../../../mcp-server/core/playbook/rules/index.ts';
import { observation } from './build-observation.ts';

const queued = (seconds: number): Observation =>
  observation({ readings: { queueSeconds: seconds, ttftSeconds: 0.5 } });
const compare = (
  before: readonly number[],
  after: readonly number[],
): ReturnType<typeof compareMechanism> =>
  compareMechanism('queue-dominates-ttft', before.map(queued), after.map(queued));

/** Rules that only another host, another node or another client can confirm. */
const BY_HAND: ReadonlySet<string> = new Set(['sick-node', 'node-throttled']);

describe('compareMechanism', () => {
  it('says that the mechanism moved when its metric fell beyond the noise of the runs', () => {
    const check = compare([0.2, 0.21, 0.19], [0.05, 0.06, 0.05]);
    expect(check).toMatchObject({ outcome: 'moved', expected: 'falls', metric: 'queue time (ms)' });
    expect(check.reference).toBeCloseTo(200);
    expect(check.trial).toBeCloseTo(53.3, 1);
    expect(check.evidence).toEqual([
      { evidenceId: 'e000001', name: 'x:queueSeconds', value: '0.19' },
      { evidenceId: 'e000001', name: 'x:queueSeconds', value: '0.05' },
    ]);
  });

  it('says that it did not when the change stays within the noise, or goes the other way', () => {
    expect(compare([0.1, 0.3, 0.2], [0.18, 0.15, 0.2]).outcome).toBe('did_not_move');
    expect(compare([0.2], [0.196]).outcome).toBe('did_not_move');
    expect(compare([0.2, 0.2], [0.4, 0.4]).outcome).toBe('did_not_move');
  });

  it('cannot tell where one side is unknown or nothing was there to fall', () => {
    expect(compare([0], [0]).outcome).toBe('not_measurable');
    const none = compareMechanism('queue-dominates-ttft', [queued(0.2)], [observation()]);
    expect(none).toMatchObject({ outcome: 'not_measurable', reference: null, trial: null });
    expect(none.reason).toContain('the trial');
    expect(compareMechanism('sick-node', [queued(1)], [queued(0)]).reason).toContain('no metric');
  });

  it('counts a start that gets past its crash as moved, and the same crash as not', () => {
    expect(compareStart('weights_do_not_fit', { crashClass: null, served: true }).outcome).toBe(
      'moved',
    );
    const again = { crashClass: 'weights_do_not_fit', served: false };
    expect(compareStart('weights_do_not_fit', again).outcome).toBe('did_not_move');
    const other = { crashClass: 'oom_cuda_graph_capture', served: false };
    expect(compareStart('weights_do_not_fit', other)).toMatchObject({ outcome: 'moved' });
    expect(compareStart('weights_do_not_fit', { crashClass: null, served: false }).outcome).toBe(
      'not_measurable',
    );
  });

  it('has a confirming metric for every rule but those that only another host confirms', () => {
    const open = RULES.map((rule) => rule.id).filter(
      (id) => !id.startsWith('crash-') && !BY_HAND.has(id) && confirmingOf(id).length === 0,
    );
    expect(open).toEqual([]);
  });
});

describe('addressedCause', () => {
  const cause = (id: string, flag: string): Cause => ({
    rule: id,
    cause: id,
    title: id,
    confidence: 0.5,
    evidence: [],
    candidates: [{ kind: 'set_flag', flag, value: '1' }],
    expected: '',
    confirmBy: '',
    refutedBy: '',
  });
  const causes = [cause('a', '--tp-size'), cause('b', '--chunked-prefill-size')];

  it('takes the cause whose flag is turned, by any name, else the surest', () => {
    const canonical = (flag: string): string => (flag === '--tp' ? '--tp-size' : flag);
    const turn = (flag: string) => [{ kind: 'set_flag' as const, flag, value: '2' }];
    expect(addressedCause(causes, turn('--chunked-prefill-size'), canonical)?.cause).toBe('b');
    expect(addressedCause(causes, turn('--tp'), canonical)?.cause).toBe('a');
    expect(addressedCause(causes, turn('--dtype'), canonical)?.cause).toBe('a');
    expect(addressedCause([], [], canonical)).toBeNull();
  });
});
