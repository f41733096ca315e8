import { describe, expect, it } from 'vitest';
import { gateContext } from '../../../mcp-server/core/gates/gate-context.ts';
import type { GateSide } from '../../../mcp-server/core/gates/gate-run.ts';
import { notOnlyWhenMeasured } from '../../../mcp-server/core/gates/sample-gates.ts';
import { summarise } from '../../../mcp-server/core/metrics/summarise.ts';
import { requestRecord } from '../metrics/records.ts';

interface Speed {
  readonly ttftMs: number;
  readonly tbotMs: number;
}

const requests = ({ ttftMs, tbotMs }: Speed) =>
  Array.from({ length: 20 }, (_, index) =>
    requestRecord({ index, firstTokenAtMs: ttftMs, gapsMs: Array<number>(10).fill(tbotMs) }),
  );

/** A side that is as fast as told in its measurement and in the health sample after it. */
function sideOf(measured: Speed, sample: Speed): GateSide {
  const records = requests(measured);
  const loadPoint = { kind: 'closed', concurrency: 20, requests: 20 } as const;
  const run = {
    summary: summarise(records, { loadPoint, slo: [] }),
    exactOutput: true,
    rttMs: 1,
    eventsPerRead: 1,
    clientLagMs: 1,
    wallMs: 1000,
    engine: null,
    floors: null,
    measurementId: 'm0001',
    deploymentId: 'd0001',
    loadPointIndex: 0,
    seed: 1,
    repeat: 1,
    flags: [],
    ttftSource: 'client',
    sharedPromptRatio: 0,
    records,
  } as const;
  const taken = { deploymentId: 'd0001', measurementId: 'm0001', traps: [], tasks: [] } as const;
  return { runs: [run], samples: [{ ...taken, records: requests(sample), clientLagMs: 1 }] };
}

const found = (trial: GateSide): readonly string[] =>
  notOnlyWhenMeasured(
    gateContext({
      trial,
      baseline: sideOf({ ttftMs: 200, tbotMs: 10 }, { ttftMs: 90, tbotMs: 10 }),
      incumbentTokensPerS: new Map(),
      canAlterOutputs: false,
      isGreedy: true,
    }),
  ).map(({ name }) => name);

describe('the health sample beside the measurement', () => {
  it('speaks against first tokens that come sooner only when they are measured', () => {
    const measured = { ttftMs: 32, tbotMs: 10 };
    expect(found(sideOf(measured, { ttftMs: 90, tbotMs: 10 }))).toEqual([
      'fast_only_when_measured',
    ]);
  });

  it('does not where waves of requests broke up, and the sample gained as well', () => {
    // measured: 200 to 32 ms, since 32 requests of one length no longer wait for one another; sample: 90 to 61 ms
    const measured = { ttftMs: 32, tbotMs: 10 };
    expect(found(sideOf(measured, { ttftMs: 61, tbotMs: 10 }))).toEqual([]);
  });

  it('speaks against a pace of tokens that lasts only while it is measured, whatever the sample gained', () => {
    const measured = { ttftMs: 200, tbotMs: 4 };
    expect(found(sideOf(measured, { ttftMs: 90, tbotMs: 7 }))).toEqual(['fast_only_when_measured']);
    expect(found(sideOf(measured, { ttftMs: 90, tbotMs: 4.5 }))).toEqual([]);
  });
});
