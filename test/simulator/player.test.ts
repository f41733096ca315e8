import { describe, expect, it } from 'vitest';
import { launchEngine } from '../../mcp-server/simulator/core/launch.ts';
import { simulateLoad } from '../../mcp-server/simulator/core/simulate-load.ts';
import { createPlayer, type Player } from '../../mcp-server/simulator/http/player.ts';
import { baselineConfig } from './configs.ts';

const TOKENS = 40;

interface Played {
  readonly latenessMs: readonly number[];
  /** Gaps between the tokens of request 0, as played. */
  readonly gapsMs: readonly number[];
}

async function play(streams: number): Promise<Played> {
  const launched = launchEngine(baselineConfig(), { seed: 1, launchSeed: 1 });
  if (launched.kind !== 'ok') throw new Error('does not start');
  const latenessMs: number[] = [];
  const stamps: number[] = [];
  let open = streams;
  await new Promise<void>((resolve) => {
    const player: Player = createPlayer(launched.engine, (event) => {
      if (event.kind !== 'tokens') return;
      latenessMs.push(player.nowMs() - event.atMs);
      if (event.id === 0) stamps.push(player.nowMs());
      if (event.finish !== null) open -= 1;
      if (open === 0) {
        player.stop();
        resolve();
      }
    });
    for (let id = 0; id < streams; id += 1) {
      const prompt = Array.from({ length: 64 }, (_, at) => id * 100 + at);
      const output = new Uint8Array(TOKENS);
      player.submit({ id, prompt, output, maxTokens: TOKENS, finish: 'length', acceptance: 0 });
    }
  });
  return { latenessMs, gapsMs: stamps.slice(1).map((at, index) => at - (stamps[index] ?? 0)) };
}

const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))] ?? 0;

describe('playing the schedule in real time', () => {
  // A machine that is busy with something else can only make it later: the best of a few runs counts.
  it('no token is early and the middle one is late by a few milliseconds at most', {
    retry: 5,
  }, async () => {
    const { latenessMs } = await play(32);
    expect(latenessMs).toHaveLength(32 * TOKENS);
    expect(Math.min(...latenessMs)).toBeGreaterThanOrEqual(0);
    expect(quantile(latenessMs, 0.5)).toBeLessThan(3);
    expect(quantile(latenessMs, 0.95)).toBeLessThan(15);
  });

  it('delays do not add up: the pace is that of virtual time', { retry: 3 }, async () => {
    const requests = Array.from({ length: 8 }, () => ({ inputTokens: 64, outputTokens: TOKENS }));
    const virtual = simulateLoad(
      baselineConfig(),
      { concurrency: 8, requests },
      { seed: 1, launchSeed: 1 },
    );
    const planned = virtual?.records[0]?.tbotMs ?? 0;
    const { gapsMs } = await play(8);
    const played = gapsMs.reduce((sum, one) => sum + one, 0) / gapsMs.length;
    expect(played / planned).toBeGreaterThan(0.9);
    expect(played / planned).toBeLessThan(1.15);
  });
});
