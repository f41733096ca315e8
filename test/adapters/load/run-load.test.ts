import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runLoad } from '../../../mcp-server/adapters/load/run-load.ts';
import { summarise } from '../../../mcp-server/core/metrics/summarise.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';
import {
  type CalibratedConfig,
  type CalibratedServer,
  startCalibratedServer,
} from '../../fakes/calibrated-server.ts';
import { loadRequest, runOptions } from './support.ts';

let server: CalibratedServer;
const start = async (config: CalibratedConfig = {}): Promise<CalibratedServer> => {
  server = await startCalibratedServer(config);
  return server;
};

afterEach(() => server.close());

const promptsOf = (bodies: readonly Record<string, unknown>[]): string[] =>
  bodies
    .filter((body) => body['stream'] === true)
    .map((body) => (body['messages'] as { content: string }[])[0]?.content ?? '');

describe('a load run', () => {
  it('makes prompts of exactly the length asked for, template included', async () => {
    const { url } = await start({ overheadTokens: 17 });
    const run = await runLoad(loadRequest(url), runOptions());
    expect(run.calibration).toEqual({ tokensPerWord: 1, overheadTokens: 17 });
    expect(run.records.map((record) => record.inputTokens)).toEqual(Array(6).fill(40));
    expect(run.notes).toEqual([]);
  });

  it('says that lengths are assumed when the server tells no counts', async () => {
    const { url } = await start({ ignoresUsageOfCalibration: true, overheadTokens: 17 });
    const run = await runLoad(loadRequest(url), runOptions());
    expect(run.notes.join(' ')).toContain('assumption');
    expect(run.notes.join(' ')).toContain('6 of 6 prompts differ');
  });

  it('never sends a warm-up prompt again, and no prompt of one repeat in another', async () => {
    const { url, bodies } = await start();
    await runLoad(loadRequest(url, { warmup: true }), runOptions());
    await runLoad(loadRequest(url, { warmup: true, repeat: 1 }), runOptions());
    const prompts = promptsOf(bodies);
    expect(prompts.length).toBeGreaterThanOrEqual(2 * (2 + 2 + 6));
    expect(new Set(prompts.map((prompt) => prompt.split(' ').slice(0, 6).join(' '))).size).toBe(
      prompts.length,
    );
  });

  it('sends the same prompts again for the same seed and repeat', async () => {
    const first = await start();
    await runLoad(loadRequest(first.url), runOptions());
    const prompts = promptsOf(first.bodies).toSorted();
    await first.close();
    const second = await start();
    await runLoad(loadRequest(second.url), runOptions());
    expect(promptsOf(second.bodies).toSorted()).toEqual(prompts);
  });

  it('warms up with a burst of the concurrency and single probes before it measures', async () => {
    const { url } = await start();
    const phases: string[] = [];
    const run = await runLoad(
      loadRequest(url, { warmup: true }),
      runOptions({
        onMeasureStart: () => {
          phases.push('measure start');
          return Promise.resolve(null);
        },
        onProgress: ({ phase }) => phases.push(phase),
      }),
    );
    const count = (phase: string): number =>
      run.records.filter((record) => record.phase === phase).length;
    expect(count('warmup')).toBe(2);
    expect(count('probe')).toBeGreaterThanOrEqual(2);
    expect(phases.lastIndexOf('warmup')).toBeLessThan(phases.indexOf('measure start'));
    expect(phases.indexOf('measure start')).toBeLessThan(phases.indexOf('measure'));
  });

  it('measures delays that it is given', async () => {
    const { url } = await start({ ttftMs: 60, gapMs: 10 });
    const loadPoint = { kind: 'closed', concurrency: 4, requests: 24 } as const;
    const run = await runLoad(loadRequest(url, { loadPoint }), runOptions());
    const summary = summarise(run.records, { loadPoint, slo: [] });
    expect(summary.ttftMs.p50).toBeGreaterThan(57);
    expect(summary.ttftMs.p50).toBeLessThan(75);
    expect(summary.tbotMs.p50).toBeGreaterThan(9.5);
    expect(summary.tbotMs.p50).toBeLessThan(12);
    expect(summary.concurrencyMean).toBeGreaterThan(3.5);
  });

  it('sends an open loop at its rate and tells the send lag', async () => {
    const { url } = await start();
    const loadPoint = { kind: 'open', requestRatePerS: 50, requests: 50, burstiness: 1 } as const;
    const run = await runLoad(loadRequest(url, { loadPoint }), runOptions());
    const sent = run.records.map((record) => record.sentAtMs);
    const intended = run.records.map((record) => record.intendedAtMs ?? 0);
    expect(run.client.sendLagP99Ms).not.toBeNull();
    expect(
      Math.min(...run.records.map((one) => one.sentAtMs - (one.intendedAtMs ?? 0))),
    ).toBeGreaterThanOrEqual(0);
    // the last arrival is exactly 50 / 50 per s = 1,000 ms after the start
    expect(Math.max(...intended) - Math.min(...sent)).toBeLessThanOrEqual(1000);
    expect(Math.max(...intended) - Math.min(...sent)).toBeGreaterThan(850);
  });

  it('caps requests in flight of an open loop where asked to', async () => {
    const { url } = await start({ ttftMs: 100 });
    const loadPoint = {
      kind: 'open',
      requestRatePerS: 200,
      requests: 20,
      burstiness: 1,
      maxConcurrency: 3,
    } as const;
    const run = await runLoad(loadRequest(url, { loadPoint }), runOptions());
    const { concurrencyMean } = summarise(run.records, { loadPoint, slo: [] });
    expect(concurrencyMean).toBeLessThanOrEqual(3.01);
  });

  it('asks for usage and exact lengths, and keeps the caller from changing model or stream', async () => {
    const { url, bodies } = await start();
    const extraBody = { stream: false, model: 'x', chat_template_kwargs: { thinking: false } };
    await runLoad(loadRequest(url, { extraBody }), runOptions());
    expect(bodies.at(-1)).toMatchObject({
      model: 'fake',
      stream: true,
      stream_options: { include_usage: true },
      ignore_eos: true,
      max_tokens: 12,
      temperature: 0,
      chat_template_kwargs: { thinking: false },
    });
  });

  it('tells what part of the prompts the workload shares', async () => {
    const { url } = await start({ overheadTokens: 0 });
    const workload = WorkloadSpec.parse({
      id: 'again',
      components: [{ inputTokens: 40, outputTokens: 2, repeatsOfEachPrompt: 2 }],
    });
    const run = await runLoad(loadRequest(url, { workload }), runOptions());
    // every second prompt is the one before it
    expect(run.sharedPromptRatio).toBeCloseTo(0.5, 5);
  });
});

describe('a load run that cannot go on', () => {
  it('refuses a prompt that is longer than the context before any completion is asked for', async () => {
    const { url, bodies } = await start({ maxModelLen: 50 });
    const run = runLoad(loadRequest(url), runOptions());
    await expect(run).rejects.toMatchObject({ code: 'E_CONTEXT' });
    expect(bodies).toEqual([]);
  });

  it('names an endpoint that cannot be reached', async () => {
    await start();
    const port = await freePort();
    const run = runLoad(loadRequest(`http://127.0.0.1:${port}`), runOptions());
    await expect(run).rejects.toMatchObject({ code: 'E_ENDPOINT' });
  });

  it('works where the service has no list of models', async () => {
    const { url } = await start({ noModels: true });
    const run = await runLoad(loadRequest(url), runOptions());
    expect(run.records.every((record) => record.failure === null)).toBe(true);
  });

  it('stops within a second when told to, and says what was cut', async () => {
    const { url } = await start({ ttftMs: 5, gapMs: 100 });
    const stop = new AbortController();
    const loadPoint = { kind: 'closed', concurrency: 4, requests: 400 } as const;
    const done = runLoad(loadRequest(url, { loadPoint }), runOptions({ signal: stop.signal }));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const stoppedAt = performance.now();
    stop.abort();
    const run = await done;
    expect(performance.now() - stoppedAt).toBeLessThan(1000);
    expect(run.cancelled).toBe(true);
    const failures = new Set(run.records.map((record) => record.failure));
    expect([...failures]).toEqual(['cancelled']);
  });

  it('stops at its deadline, and counts what was in flight as timed out', async () => {
    const { url } = await start({ ttftMs: 5, gapMs: 200 });
    const run = await runLoad(loadRequest(url, { deadlineMs: 700 }), runOptions());
    expect(run.records.map((record) => record.failure)).toEqual(['timed_out', 'timed_out']);
    expect(run.notes.join()).toContain('deadline');
    expect(run.cancelled).toBe(false);
  });
});

async function freePort(): Promise<number> {
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
