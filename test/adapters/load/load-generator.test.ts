import { afterEach, describe, expect, it } from 'vitest';
import { createLoadGenerator } from '../../../mcp-server/adapters/load/load-generator.ts';
import { type CalibratedServer, startCalibratedServer } from '../../fakes/calibrated-server.ts';
import { loadRequest } from './support.ts';

let server: CalibratedServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});
const signal = new AbortController().signal;

describe('the load generator', () => {
  it('measures in a worker thread, after the caller has had its turn', async () => {
    server = await startCalibratedServer();
    const order: string[] = [];
    const run = await createLoadGenerator().run(loadRequest(server.url, { warmup: true }), {
      signal,
      onProgress: ({ phase }) => order.push(phase),
      onMeasureStart: async () => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        order.push('scraped');
      },
    });
    expect(run.records.filter((record) => record.phase === 'measure')).toHaveLength(6);
    expect(order.indexOf('scraped')).toBeLessThan(order.indexOf('measure'));
    expect(run.client.workers).toBe(1);
  });

  it('learns an endpoint’s tokens once', async () => {
    server = await startCalibratedServer();
    const generator = createLoadGenerator();
    await generator.run(loadRequest(server.url), { signal });
    const asked = server.bodies.filter((body) => body['stream'] !== true).length;
    await generator.run(loadRequest(server.url, { repeat: 1 }), { signal });
    expect(asked).toBe(2);
    expect(server.bodies.filter((body) => body['stream'] !== true)).toHaveLength(2);
  });

  it('hands over errors with their code', async () => {
    server = await startCalibratedServer({ maxModelLen: 20 });
    const generator = createLoadGenerator();
    const run = generator.run(loadRequest(server.url), { signal });
    await expect(run).rejects.toMatchObject({ code: 'E_CONTEXT', fault: 'agent' });
    const unreachable = generator.run(loadRequest('http://127.0.0.1:1'), { signal });
    await expect(unreachable).rejects.toMatchObject({ code: 'E_ENDPOINT', retryable: true });
  });

  it('ends the run with the caller’s own error when the caller fails before the measurement', async () => {
    server = await startCalibratedServer();
    const run = createLoadGenerator().run(loadRequest(server.url), {
      signal,
      onMeasureStart: () => Promise.reject(new Error('scrape broke')),
    });
    await expect(run).rejects.toThrow('scrape broke');
  });

  it('stops within a second when told to', async () => {
    server = await startCalibratedServer({ gapMs: 100 });
    const stop = new AbortController();
    const loadPoint = { kind: 'closed', concurrency: 4, requests: 400 } as const;
    let measuring: () => void = () => undefined;
    const measured = new Promise<void>((resolve) => {
      measuring = resolve;
    });
    const done = createLoadGenerator().run(loadRequest(server.url, { loadPoint }), {
      signal: stop.signal,
      onMeasureStart: async () => measuring(),
    });
    await measured;
    await new Promise((resolve) => setTimeout(resolve, 200));
    const stoppedAt = performance.now();
    stop.abort();
    const run = await done;
    expect(performance.now() - stoppedAt).toBeLessThan(1000);
    expect(run.cancelled).toBe(true);
  });

  it('completes one chat without streaming', async () => {
    server = await startCalibratedServer();
    const answer = await createLoadGenerator().complete(
      {
        baseUrl: server.url,
        model: 'fake',
        headers: {},
        body: { messages: [{ role: 'user', content: 'hello' }], max_tokens: 1 },
        timeoutMs: 5000,
      },
      signal,
    );
    expect(answer).toMatchObject({ status: 200, text: 'ok' });
  });

  it('names a service that does not answer a chat', async () => {
    const answer = createLoadGenerator().complete(
      { baseUrl: 'http://127.0.0.1:1', model: 'fake', headers: {}, body: {}, timeoutMs: 2000 },
      signal,
    );
    await expect(answer).rejects.toMatchObject({ code: 'E_ENDPOINT' });
  });
});
