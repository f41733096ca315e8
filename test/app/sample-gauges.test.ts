import { describe, expect, it } from 'vitest';
import { createGaugeSampler } from '../../mcp-server/app/sample-gauges.ts';
import type { Clock } from '../../mcp-server/ports/clock.ts';
import type { TelemetryAnswer } from '../../mcp-server/ports/telemetry.ts';

const data = (value: number): TelemetryAnswer => ({
  kind: 'data',
  raw: `# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running ${value}\n`,
  client: 'http',
  notes: [],
});
const NONE: TelemetryAnswer = { kind: 'none', reason: 'gone', raw: null, client: 'http' };

/** A clock that tells how long it was asked to sleep; `whole` resolves after so many sleeps. */
function createClock(whole: number) {
  const slept: number[] = [];
  let nowMs = 0;
  let done = (): void => undefined;
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) => {
      slept.push(ms);
      nowMs += ms;
      if (slept.length < whole) return Promise.resolve();
      done();
      return new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve());
      });
    },
  };
  return { clock, slept, finished, pass: (ms: number) => (nowMs += ms) };
}

describe('createGaugeSampler', () => {
  it('scrapes once a second until it is stopped, and gives the levels', async () => {
    const { clock, slept, finished } = createClock(4);
    let value = 0;
    const sampler = createGaugeSampler(clock, async () => data((value += 2)));
    sampler.start();
    sampler.start();
    await finished;
    const [level] = await sampler.stop();
    expect(slept).toEqual([1000, 1000, 1000, 1000]);
    expect(level).toMatchObject({ min: 2, mean: 5, max: 8, last: 8, n: 4 });
    expect(await sampler.stop()).toHaveLength(1);
  });

  it('gives a slow endpoint twenty times the time that it took', async () => {
    const { clock, slept, finished, pass } = createClock(1);
    const sampler = createGaugeSampler(clock, async () => {
      pass(300);
      return data(1);
    });
    sampler.start();
    await finished;
    await sampler.stop();
    expect(slept[0]).toBeCloseTo(6000);
  });

  it('gives up an endpoint without metrics, and never throws', async () => {
    const { clock, slept } = createClock(100);
    let asked = 0;
    const sampler = createGaugeSampler(clock, async () => {
      asked += 1;
      if (asked === 2) throw new Error('broken');
      return NONE;
    });
    sampler.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await sampler.stop()).toEqual([]);
    expect(asked).toBe(3);
    expect(slept).toHaveLength(3);
  });

  it('sees nothing where it never began', async () => {
    const { clock } = createClock(1);
    expect(await createGaugeSampler(clock, async () => data(1)).stop()).toEqual([]);
  });
});
