import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import { renderBrief } from '../../../mcp-server/core/report/brief.ts';
import {
  aContract,
  BASELINE_DONE,
  bestMoved,
  closed,
  confirmed,
  intended,
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

const brief = (events: readonly NewEvent[], laterMs = 60_000): string =>
  renderBrief(stateOf(events), START_MS + laterMs);

const LONG = {
  changes: [
    { kind: 'set_flag' as const, flag: '--json-model-override-args', value: 'ä'.repeat(1900) },
  ],
};

describe('the brief', () => {
  it('tells best, last trials, money, what runs and the next step', () => {
    const events = [
      ...BASELINE_DONE,
      planned('t0001'),
      intended('d0001-1'),
      started('d0001-1'),
      ready('d0001-1'),
      measured('m0001-01', 'd0001-1', { value: 1234.5 }),
      measured('m0001-02', 'd0001-1', { value: 9999, flags: ['CACHE_CONTAMINATED'] }),
      jobStarted('j0001', 'benchmark'),
    ];
    expect(brief(events).split('\n')).toEqual([
      's260322-k3f9qa SIMULATED: maximise outputTokensPerS p50 of meta-llama/Llama-3.1-8B-Instruct on simulated',
      'spent $0.50 of $20.00, 2 of 20 deployments, 0.0 of 10 h, now $2.00/h',
      'best: t0000 (not confirmed), output throughput 1000 tok/s',
      'runs: d0001-1 of t0001 (ready)',
      'job: j0001 benchmark',
      't0000 baseline: closed, output throughput 1000 tok/s, — of limit',
      't0001 --max-running-requests 0001: measured, output throughput 1235 tok/s, — of limit',
      'next: wait_job {"job_id":"j0001","wait_s":45}: benchmark j0001 has not ended.',
    ]);
  });

  it('says whether the best was confirmed, and held', () => {
    const best = [
      ...BASELINE_DONE,
      planned('t0001'),
      judged('t0001', 'keep'),
      bestMoved('t0001'),
      closed('t0001'),
    ];
    expect(brief(best)).toContain('best: t0001 (not confirmed)');
    expect(brief([...best, confirmed('t0001')])).toContain('best: t0001 (confirmed)');
    expect(brief([...best, confirmed('t0001', false)])).toContain(
      'best: t0001 (did not hold when confirmed)',
    );
  });

  it('gives the same bytes for the same state, later too', () => {
    const events = [
      ...BASELINE_DONE,
      planned('t0001'),
      intended('d0001-1'),
      started('d0001-1'),
      ready('d0001-1'),
    ];
    expect(brief(events, 60_000)).toBe(brief(events, 40 * 60_000));
  });

  it('never exceeds 2,048 bytes, however long the configurations are', () => {
    const trials = [1, 2, 3, 4, 5, 6].map((n) => planned(`t000${n}`, LONG));
    const model = { id: 'ü'.repeat(300) };
    const text = brief([opened(aContract({ model })), planned('t0000'), ...trials]);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
    expect(text).toContain('next: deploy');
  });
});
