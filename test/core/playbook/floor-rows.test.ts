import { describe, expect, it } from 'vitest';
import {
  checkLittle,
  describeFloors,
  describeLittle,
  floorRows,
} from '../../../mcp-server/core/playbook/floor-rows.ts';
import { distribution } from '../../fakes/summary.ts';
import { clientView, observation } from './build-observation.ts';

const FLOORS = {
  decodeStepMs: 5,
  prefillMs: 20,
  outputTokensPerS: 3200,
  criticalBatch: 295,
  supportsFp8: true,
  weightsAreHalf: true,
};

describe('floorRows', () => {
  it('tells how far TBOT, TTFT and throughput are from their limits', () => {
    const rows = floorRows(observation({ client: clientView(), floors: FLOORS }));
    expect(rows).toEqual([
      { metric: 'tbotMs.mean', measured: 10, floor: 5, ratio: 2 },
      { metric: 'ttftMs.mean', measured: 100, floor: 20, ratio: 5 },
      { metric: 'outputTokensPerS', measured: 1000, floor: 3200, ratio: 3.2 },
    ]);
    expect(describeFloors(rows)).toBe(
      'TBOT 10 ms is 2 times its limit of 5 ms; TTFT 100 ms is 5 times its limit of 20 ms; output throughput 1000 tok/s is 31.3 % of its limit of 3200 tok/s',
    );
  });

  it('says nothing where GPU or model is unknown', () => {
    expect(floorRows(observation({ client: clientView() }))).toEqual([]);
    expect(describeFloors([])).toBeNull();
  });

  it('lowers the limit of TBOT by what speculation has accepted, and drops it where nobody tells', () => {
    const parts = {
      client: clientView(),
      floors: FLOORS,
      flags: { '--speculative-algorithm': 'NGRAM' },
    };
    expect(floorRows(observation(parts)).map((row) => row.metric)).toEqual(['ttftMs.mean']);
    const counters = {
      'vllm:spec_decode_num_accepted_tokens_total': 100,
      'vllm:spec_decode_num_drafts_total': 100,
    };
    const [tbot] = floorRows(observation({ ...parts, counters }));
    expect(tbot).toMatchObject({ floor: 2.5, ratio: 4 });
  });
});

describe('checkLittle', () => {
  const { summary } = clientView();
  it('agrees where rate times residence is what was counted', () => {
    const check = checkLittle({ ...summary, requestsPerS: 8, ttltMs: distribution(2000) });
    expect(check).toMatchObject({ expected: 16, counted: 16, agrees: true });
    expect(check === null ? '' : describeLittle(check)).toMatch(
      /^Little’s law: 16 in flight by rate x residence, 16 counted; the edges of the window explain up to [\d.]+: agrees$/,
    );
  });

  it('says when they do not, and nothing where one is unknown', () => {
    expect(checkLittle({ ...summary, requestsPerS: 4, ttltMs: distribution(2000) })?.agrees).toBe(
      false,
    );
    expect(checkLittle({ ...summary, requestsPerS: null })).toBeNull();
    expect(checkLittle({ ...summary, ttltMs: distribution(null) })).toBeNull();
  });
});
