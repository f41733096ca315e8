import { describe, expect, it } from 'vitest';
import { replaceSections } from '../../../scripts/bench/figures-file.ts';
import {
  benchLogNormal,
  benchScale,
  benchSpeed,
  benchTruth,
  sameShape,
} from '../../../scripts/bench/load.ts';

/** The bench itself, small: its own limits are for a quiet machine, these are for one that runs other tests. */
const SMALL = { streams: 20, rounds: 2, outputTokens: 24 } as const;

describe('the load client against what the server itself wrote', { timeout: 60_000 }, () => {
  it('constant delays: every event is there, and time per token is the server’s', async () => {
    const truth = await benchTruth(SMALL);
    expect(truth).toMatchObject({ lost: 0, events: 20 * 2 * 24 });
    expect(truth.eventErrorMs.p50).toBeGreaterThan(-0.1);
    expect(truth.eventErrorMs.p50).toBeLessThan(10);
    expect(Math.abs(truth.tbotErrorRatio)).toBeLessThan(0.1);
  });

  it('log-normal delays: times to the first token have the server’s distribution', async () => {
    const { ttft, lost } = await benchLogNormal(SMALL);
    expect(lost).toBe(0);
    expect(ttft.statistic).toBeLessThanOrEqual(ttft.limit);
  });

  it('one worker loses nothing and tells how busy it was', async () => {
    const speed = await benchSpeed(SMALL);
    expect(speed.lost).toBe(0);
    expect(speed.eventsPerS).toBeGreaterThan(100);
    expect(speed.loopUtilisation).toBeGreaterThan(0);
  });

  it('many streams at once lose nothing and stay within a gigabyte', async () => {
    const scale = await benchScale({ streams: 200, rounds: 1, outputTokens: 8 });
    expect(scale).toMatchObject({ lost: 0, events: 1600 });
    expect(scale.peakRssMb).toBeLessThan(1024);
  });

  it('two samples of different shape are told apart', () => {
    const even = Array.from({ length: 500 }, (_, place) => place);
    const late = even.map((value) => value + 100);
    expect(sameShape(even, even).statistic).toBe(0);
    const told = sameShape(even, late);
    expect(told.statistic).toBeCloseTo(0.2, 2);
    expect(told.statistic).toBeGreaterThan(told.limit);
  });

  it('a figure section that is measured again takes the place of the old one alone', () => {
    const old = '# F\n\n## A\n\n`npm run a`\n\nold\n\n## B\n\n`npm run b`\n\nb\n';
    expect(replaceSections(old, ['## A2\n\n`npm run a`\n\nnew\n'])).toBe(
      '# F\n\n## A2\n\n`npm run a`\n\nnew\n\n## B\n\n`npm run b`\n\nb\n',
    );
  });
});
