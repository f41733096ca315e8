import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createConnection } from '../../../mcp-server/adapters/load/connection.ts';
import { createLoadGenerator } from '../../../mcp-server/adapters/load/load-generator.ts';
import { runLoad } from '../../../mcp-server/adapters/load/run-load.ts';
import { quantile } from '../../../mcp-server/core/stats/quantile.ts';
import { arrivalTimesMs } from '../../../mcp-server/core/workload/arrivals.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';
import { type CalibratedServer, startCalibratedServer } from '../../fakes/calibrated-server.ts';
import { loadRequest, runOptions } from './support.ts';

let server: CalibratedServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});
const signal = new AbortController().signal;

describe('several load workers', () => {
  it('send every request of a closed loop once, and hand the records over in order on one clock', async () => {
    server = await startCalibratedServer({ ttftMs: 20, gapMs: 2 });
    const progress: string[] = [];
    const run = await createLoadGenerator({ workers: 3 }).run(
      loadRequest(server.url, {
        loadPoint: { kind: 'closed', concurrency: 4, requests: 25 },
        warmup: true,
      }),
      {
        signal,
        onProgress: ({ phase, completed, total }) =>
          progress.push(`${phase} ${completed}/${total}`),
      },
    );
    const measured = run.records.filter((record) => record.phase === 'measure');
    expect(measured.map((record) => record.index)).toEqual([...Array(25).keys()]);
    expect(measured.every((record) => record.failure === null)).toBe(true);
    expect(run.client.workers).toBe(3);
    expect(progress).toContain('measure 25/25');
    // Against the server's own write stamps, on the machine's clock: a worker on a clock of its own would be off throughout.
    const firsts = [...server.stamps].filter(([id]) => id.includes('-measure-'));
    expect(firsts).toHaveLength(25);
    const lags = measured.map((record) => {
      const written = firsts.find(([id]) => id.endsWith(`-measure-${record.index}`))?.[1][0] ?? 0;
      return run.originMonotonicMs + (record.firstTokenAtMs ?? 0) - written;
    });
    for (const worker of [0, 1, 2]) {
      const median = quantile(
        lags.filter((_, index) => index % 3 === worker),
        0.5,
      );
      expect(median).toBeGreaterThan(-0.5);
      expect(median).toBeLessThan(30);
    }
  });

  it('slice one arrival table, whose times they all keep from one origin', async () => {
    server = await startCalibratedServer({ ttftMs: 5, gapMs: 1 });
    const loadPoint = { kind: 'open', requestRatePerS: 60, requests: 30, burstiness: 1 } as const;
    const run = await createLoadGenerator({ workers: 2 }).run(
      loadRequest(server.url, { loadPoint, seed: 3 }),
      { signal },
    );
    const table = arrivalTimesMs({ count: 30, ratePerS: 60, burstiness: 1, seed: 3, repeat: 0 });
    const intended = run.records.map((record) => record.intendedAtMs ?? Number.NaN);
    const origin = (intended[0] ?? 0) - (table[0] ?? 0);
    for (const [index, time] of table.entries()) {
      expect((intended[index] ?? 0) - origin - time).toBeCloseTo(0, 0);
    }
  });

  it('never outnumber the lanes', async () => {
    server = await startCalibratedServer();
    const run = await createLoadGenerator({ workers: 4 }).run(
      loadRequest(server.url, { loadPoint: { kind: 'closed', concurrency: 1, requests: 3 } }),
      { signal },
    );
    expect(run.client.workers).toBe(1);
    expect(run.records).toHaveLength(3);
  });

  it('all stop within a second and keep what they have', async () => {
    server = await startCalibratedServer({ ttftMs: 10, gapMs: 20 });
    const stop = new AbortController();
    let stoppedMs = 0;
    const run = await createLoadGenerator({ workers: 2 }).run(
      loadRequest(server.url, { loadPoint: { kind: 'closed', concurrency: 4, requests: 2000 } }),
      {
        signal: stop.signal,
        onProgress: ({ completed }) => {
          if (completed < 4 || stop.signal.aborted) return;
          stoppedMs = performance.now();
          stop.abort();
        },
      },
    );
    expect(performance.now() - stoppedMs).toBeLessThan(1000);
    expect(run.cancelled).toBe(true);
    expect(run.records.length).toBeGreaterThanOrEqual(4);
    expect(run.records.length).toBeLessThan(2000);
  });
});

describe('connections', () => {
  it('that are refused while they are opened beforehand are left for later', async () => {
    const connection = createConnection('http://127.0.0.1:1', {});
    await expect(connection.open(3)).resolves.toBeUndefined();
    await connection.destroy();
  });

  it('are opened before they are needed, and used then', async () => {
    let opened = 0;
    const listener = createServer((_request, response) => response.end('{}'));
    listener.on('connection', () => {
      opened += 1;
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const connection = createConnection(`http://127.0.0.1:${port}`, {});
    await connection.open(20);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(opened).toBe(20);
    const get = async (): Promise<void> => {
      const answer = await connection.agent.request({
        origin: connection.origin,
        path: '/',
        method: 'GET',
      });
      await answer.body.dump();
    };
    await Promise.all(Array.from({ length: 20 }, get));
    expect(opened).toBe(20);
    await connection.destroy();
    await new Promise((resolve) => listener.close(resolve));
  });
});

describe('conversations', () => {
  const workload = WorkloadSpec.parse({
    id: 'talk',
    components: [{ inputTokens: 30, outputTokens: 5, turns: 3, thinkTimeMs: 30 }],
  });

  it('send each turn after the one before it, with the history that was recorded', async () => {
    server = await startCalibratedServer({ ttftMs: 5, gapMs: 1 });
    const run = await runLoad(
      loadRequest(server.url, {
        workload,
        loadPoint: { kind: 'closed', concurrency: 2, requests: 6 },
      }),
      runOptions(),
    );
    const byIndex = run.records.toSorted((a, b) => a.index - b.index);
    for (const later of [1, 2, 4, 5]) {
      const ended = byIndex[later - 1]?.lastTokenAtMs ?? 0;
      expect((byIndex[later]?.sentAtMs ?? 0) - ended).toBeGreaterThanOrEqual(28);
    }
    const histories = server.bodies
      .filter((body) => body['stream'] === true)
      .map((body) => (body['messages'] as { role: string }[]).map(({ role }) => role).join(' '));
    expect(histories.filter((roles) => roles === 'user')).toHaveLength(2);
    expect(
      histories.filter((roles) => roles === 'user assistant user assistant user'),
    ).toHaveLength(2);
    expect((byIndex[2]?.inputTokens ?? 0) - (byIndex[1]?.inputTokens ?? 0)).toBeGreaterThan(20);
  });

  it('wait for the turn before them in an open loop too', async () => {
    server = await startCalibratedServer({ ttftMs: 40, gapMs: 1 });
    const run = await runLoad(
      loadRequest(server.url, {
        workload,
        loadPoint: { kind: 'open', requestRatePerS: 100, requests: 6, burstiness: 1 },
      }),
      runOptions(),
    );
    const byIndex = run.records.toSorted((a, b) => a.index - b.index);
    for (const later of [1, 2, 4, 5]) {
      const record = byIndex[later];
      const ended = byIndex[later - 1]?.lastTokenAtMs ?? 0;
      expect((record?.intendedAtMs ?? 0) - ended).toBeGreaterThanOrEqual(28);
    }
  });
});
