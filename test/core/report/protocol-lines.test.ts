import { describe, expect, it } from 'vitest';
import { calibrationOf } from '../../../mcp-server/core/judge/calibrate.ts';
import type { NewEvent } from '../../../mcp-server/core/ledger/events.ts';
import { protocolLines } from '../../../mcp-server/core/report/protocol-lines.ts';
import {
  bestMoved,
  intended,
  judged,
  measured,
  opened,
  planned,
  ready,
  started,
  stateOf,
} from '../../fakes/ledger-events.ts';

type Purpose = 'calibrate' | 'trial' | 'anchor' | 'no_profiler';

const deployed = (id: string, purpose: Purpose, values: readonly number[]): NewEvent[] => [
  intended(id, purpose),
  started(id),
  ready(id),
  ...values.map((value, repeat) =>
    measured(`m${id.slice(1, 5)}-${id.slice(6)}${repeat}`, id, { purpose, value, repeat }),
  ),
];

const lines = (events: readonly NewEvent[]): string =>
  protocolLines(
    stateOf([...events, { type: 'calibrated', data: calibrationOf(stateOf(events), 't0000') }]),
  ).join('\n');

const PROFILED = { command: 'graphsignal-run python -m sglang.launch_server' };
const A_A = deployed('d0000-1', 'calibrate', [990, 1000, 1010, 1000, 1000]);
const REDEPLOY = deployed('d0000-2', 'calibrate', [1000, 1010, 1020]);

describe('the lines of a report on how it was measured', () => {
  it('say what of the noise is measured and what is believed', () => {
    expect(lines([opened(), planned('t0000'), ...A_A])).toMatch(
      /runs of one deployment differ by 0\.7 % \(sd of 5 runs on d0000-1\); noise between deployments is a prior of 0\.6 %/,
    );
    expect(lines([opened(), planned('t0000'), ...A_A, ...REDEPLOY])).toMatch(
      /sd of 8 runs on d0000-1 and d0000-2\); noise between deployments is 0\.\d %: 0\.\d % over one redeploy/,
    );
  });

  it('say how far the incumbent drifted from its anchor, and whether that is noise', () => {
    const base = [opened(), planned('t0000'), ...A_A];
    const best = [
      planned('t0001'),
      ...deployed('d0001-1', 'trial', [1200, 1200, 1200]),
      judged('t0001', 'keep'),
      bestMoved('t0001'),
    ];
    const steady = deployed('d0001-2', 'anchor', [1206, 1206, 1206]);
    expect(lines([...base, ...best, ...steady])).toMatch(
      /Anchor: t0001 measured again on d0001-2: outputTokensPerS \+0\.5 % .*within the noise floor/,
    );
  });

  it('say what the profiler costs, with its interval', () => {
    const bare = deployed('d0000-3', 'no_profiler', [1020, 1030, 1040]);
    const text = lines([opened(), planned('t0000', PROFILED), ...A_A, ...REDEPLOY, ...bare]);
    expect(text).toMatch(/Cost of profiling.*outputTokensPerS -\d\.\d % \(95 % -/);
  });

  it('say so where the service has no profiler, or was not run without it', () => {
    const without = [opened(), planned('t0000'), ...A_A];
    expect(lines(without)).toContain('no profiler in the launch command');
    const unmeasured = [opened(), planned('t0000', PROFILED), ...A_A];
    expect(lines(unmeasured)).toContain('Cost of profiling: not measured');
    expect(protocolLines(stateOf([opened(), planned('t0000')]))).toEqual([
      'Noise: the baseline is not calibrated.',
    ]);
  });
});
