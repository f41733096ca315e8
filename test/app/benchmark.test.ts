import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import type { App, Call } from '../../mcp-server/app/app.ts';
import { benchmark } from '../../mcp-server/app/benchmark.ts';
import { computeMetrics } from '../../mcp-server/app/compute-metrics.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { findTrial } from '../../mcp-server/core/ledger/lookup.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import type { LoadGenerator } from '../../mcp-server/ports/load-generator.ts';
import type { TelemetryAnswer } from '../../mcp-server/ports/telemetry.ts';
import { steadyRecords } from '../core/metrics/records.ts';
import {
  type CalibratedConfig,
  type CalibratedServer,
  startCalibratedServer,
} from '../fakes/calibrated-server.ts';
import { createFakeDeploy, type FakeDeploy, READY } from '../fakes/fake-deploy.ts';
import {
  CALL,
  createTestApp,
  openTestSession,
  planTestTrial,
  type TestApp,
} from '../fakes/test-app.ts';

let server: CalibratedServer;
let test: TestApp;
let deploy: FakeDeploy;
let writer: LedgerWriter;
let app: App;
let scrape: (count: number) => TelemetryAnswer;

const noData = (): TelemetryAnswer => ({
  kind: 'none',
  reason: 'no metrics here',
  raw: null,
  client: null,
});

/** A load run as a calm machine would give it, without a network; `cachedTokens` of each prompt. */
function cannedLoad(cachedTokens: number | null): LoadGenerator {
  return {
    run: async ({ loadPoint, repeat }, options) => {
      await options.onMeasureStart?.();
      const records = steadyRecords(4, loadPoint.requests / 4).map((record) => ({
        ...record,
        cachedTokens,
        firstTokenAtMs: record.sentAtMs + 100 + repeat / 8,
      }));
      return {
        records,
        windowStartMs: 1000,
        windowEndMs: 2000,
        cancelled: false,
        rttMs: { p50: 0.5, jitter: 0.1 },
        client: {
          loopUtilisation: 0.2,
          loopLagP99Ms: 1,
          workers: 1,
          sendLagP99Ms: null,
          eventsPerRead: 1,
        },
        sharedPromptRatio: 0.1,
        notes: [],
      };
    },
    complete: () => Promise.reject(new Error('not part of this test')),
  };
}

/** A ready baseline on a calibrated server, under a contract of 8 requests at concurrency 4. */
async function setUp(config: CalibratedConfig = {}): Promise<void> {
  server = await startCalibratedServer({ model: 'tiny', ttftMs: 40, gapMs: 2, ...config });
  const endpoint = { baseUrl: server.url, model: 'tiny', auth: 'none' as const };
  deploy = createFakeDeploy({ statuses: [{ ...READY, endpoint } as typeof READY] });
  test = createTestApp(deploy);
  let scrapes = 0;
  scrape = noData;
  app = {
    ...test.app,
    load: createLoadGenerator(),
    telemetry: {
      ...test.app.telemetry,
      scrapeMetrics: async () => {
        scrapes += 1;
        return scrape(scrapes);
      },
    },
  };
  writer = await openTestSession(test);
  await deployTrial(app, { wait_s: 10 }, CALL);
}

beforeEach(() => setUp());
afterEach(async () => {
  await test.close();
  await server.close();
});

const WORKLOAD = {
  id: 'quick',
  components: [{ inputTokens: 40, outputTokens: 8 }],
};
const run = (args: Partial<Parameters<typeof benchmark>[1]> = {}, call: Call = CALL) =>
  benchmark(app, { wait_s: 50, ...args }, call);
const probe = (args: Partial<Parameters<typeof benchmark>[1]> = {}, call: Call = CALL) =>
  run({ purpose: 'probe', workload: WORKLOAD, ...args }, call);
/** Until the server has been asked so many measured requests: warm-up and start of the workers are over then. */
const measuredRequests = (count: number): Promise<void> =>
  vi.waitFor(
    () => {
      const asked = [...server.stamps.keys()].filter((id) => id.includes('-measure-'));
      expect(asked.length).toBeGreaterThanOrEqual(count);
    },
    { timeout: 15_000, interval: 20 },
  );
const measurements = (trialId = 't0000') =>
  findTrial(writer.state(), trialId).measurements.map(({ data }) => data);

describe('benchmark', () => {
  it('records a probe with its evidence, and never counts it as a measurement of the trial', async () => {
    const answer = await probe();
    expect(answer).toMatchObject({ status: 'done', trialId: 't0000', purpose: 'probe' });
    const [measured] = measurements();
    expect(measured).toMatchObject({
      measurementId: 'm0000-01',
      purpose: 'probe',
      workloadId: 'quick',
      summary: { attempted: 8, completed: 8 },
    });
    expect(measured?.evidence).toHaveLength(2);
    const stored = writer.state().evidence.get(measured?.evidence[0] ?? '');
    expect(stored).toMatchObject({ kind: 'requests', measurementId: 'm0000-01' });
    const lines = (await app.evidence.get(writer.sessionId, stored as never)).trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(8 + 4 + 2);
    expect(findTrial(writer.state(), 't0000').phase).toBe('ready');
  });

  it('scrapes the engine around the measured requests and keeps the difference', async () => {
    scrape = (count) => ({
      kind: 'data',
      client: 'http',
      notes: [],
      raw: [
        '# TYPE sglang:prompt_tokens_total counter',
        `sglang:prompt_tokens_total ${count * 320}`,
        '# TYPE sglang:time_to_first_token_seconds histogram',
        `sglang:time_to_first_token_seconds_sum ${count * 0.4}`,
        `sglang:time_to_first_token_seconds_count ${count * 8}`,
        '',
      ].join('\n'),
    });
    await probe();
    const [measured] = measurements();
    // 0.4 s over 8 requests
    expect(measured?.engineTtftMeanMs).toBeCloseTo(50, 6);
    const kinds = measured?.evidence.map((id) => writer.state().evidence.get(id)?.kind);
    expect(kinds).toEqual([
      'requests',
      'metrics_before',
      'metrics_after',
      'metrics_delta',
      'client',
    ]);
  });

  it('says why the engine told nothing', async () => {
    await probe();
    expect(measurements()[0]?.notes.join()).toContain('no metrics here');
  });

  it('marks what the prefix cache gave and nothing shares', async () => {
    app = { ...app, load: cannedLoad(30) };
    await probe();
    expect(measurements()[0]?.flags).toEqual(['CACHE_CONTAMINATED']);
    expect(measurements()[0]?.notes.join()).toContain('60.0 % of the prompt tokens');
  });

  it('never sends a prompt twice to one deployment', async () => {
    await probe({ repeats: 2 });
    await probe();
    const prompts = server.bodies.map((body) => JSON.stringify(body['messages']));
    expect(new Set(prompts).size).toBe(prompts.length);
    expect(measurements().map((one) => one.repeat)).toEqual([0, 1, 2]);
  });

  it('judges the first token by the engine where the path is long', async () => {
    await test.close();
    await server.close();
    await setUp({ modelsDelayMs: 30 });
    await probe();
    expect(measurements()[0]).toMatchObject({ ttftSource: 'client' });
    expect(measurements()[0]?.notes.join()).toContain('tells no TTFT');
    scrape = (count) => ({
      kind: 'data',
      client: 'http',
      notes: [],
      raw: `# TYPE sglang:time_to_first_token_seconds histogram\nsglang:time_to_first_token_seconds_sum ${count}\nsglang:time_to_first_token_seconds_count ${count * 10}\n`,
    });
    await probe();
    expect(measurements()[1]).toMatchObject({ ttftSource: 'engine' });
  });

  it('keeps what it has when it is stopped, and stops within a second', async () => {
    const stop = new AbortController();
    const slow = { id: 'slow', components: [{ inputTokens: 40, outputTokens: 400 }] };
    const many = [{ kind: 'closed' as const, concurrency: 4, requests: 400 }];
    const started = await probe({ workload: slow, load_points: many, wait_s: 0 });
    expect(started.status).toBe('running');
    await measuredRequests(4);
    const stoppedAt = performance.now();
    const ended = await app.jobs.cancel(writer, started.jobId);
    expect(performance.now() - stoppedAt).toBeLessThan(1000);
    expect(ended.status).toBe('cancelled');
    expect(measurements()[0]?.flags).toContain('INTERRUPTED');
    stop.abort();
  });

  it('writes down that the service died under load, and keeps what was measured', async () => {
    const many = [{ kind: 'closed' as const, concurrency: 2, requests: 300 }];
    const started = await probe({ load_points: many, wait_s: 0 });
    await measuredRequests(4);
    await server.close();
    deploy.alive.clear();
    const ended = await app.jobs.wait(writer, { jobId: started.jobId, waitS: 30 } as never, CALL);
    expect(ended).toMatchObject({ status: 'failed' });
    expect(ended.summary).toContain('E_SERVICE_DIED');
    expect(measurements()[0]?.flags).toContain('INTERRUPTED');
    expect(findTrial(writer.state(), 't0000').deployments[0]?.failed).not.toBeNull();
  });
});

describe('benchmark refuses', () => {
  it('a workload or load that differs from the contract, unless it is a probe', async () => {
    const load_points = [{ kind: 'closed' as const, concurrency: 1, requests: 2 }];
    await expect(run({ purpose: 'trial', workload: WORKLOAD })).rejects.toMatchObject({
      code: 'E_CONTRACT_MISMATCH',
      message: expect.stringContaining('workload differs'),
    });
    await expect(run({ purpose: 'calibrate', load_points })).rejects.toMatchObject({
      code: 'E_CONTRACT_MISMATCH',
    });
    expect((await probe({ load_points })).status).toBe('done');
    expect(measurements()[0]?.loadPointIndex).toBeNull();
  });

  it('a trial that is not deployed', async () => {
    await planTestTrial(test, writer, { trialId: 't0001', parentId: 't0000' });
    await expect(run({ trial_id: 't0001' })).rejects.toMatchObject({ code: 'E_NOT_READY' });
  });

  it('an unknown preset and a malformed workload', async () => {
    await expect(probe({ workload: 'chatt' })).rejects.toMatchObject({
      code: 'E_WORKLOAD',
      fix: expect.stringContaining('chat-small'),
    });
    await expect(probe({ workload: { id: 'x', parts: [] } })).rejects.toMatchObject({
      code: 'E_WORKLOAD',
    });
  });

  it('a prompt longer than the context, before any completion is asked for', async () => {
    await test.close();
    await server.close();
    await setUp({ maxModelLen: 30 });
    await expect(probe()).rejects.toMatchObject({ code: 'E_CONTEXT' });
    expect(server.bodies).toEqual([]);
    expect(measurements()).toEqual([]);
  });

  it('a service that is gone', async () => {
    deploy.alive.clear();
    await expect(probe()).rejects.toMatchObject({ code: 'E_SERVICE_DIED' });
    await expect(probe()).rejects.toMatchObject({ code: 'E_NOT_READY' });
  });
});

describe('calibration', () => {
  it('measures the contract five times and writes down its spread', async () => {
    app = { ...app, load: cannedLoad(null) };
    const answer = await run();
    expect(answer).toMatchObject({ status: 'done', purpose: 'calibrate' });
    const spreads = writer.state().calibration?.spreads ?? {};
    expect(spreads['ttftMs.p95@0']).toMatchObject({ n: 5 });
    expect(Object.keys(spreads)).toEqual(
      expect.arrayContaining([
        'ttftMs.p50@0',
        'tbotMs.p95@0',
        'ttltMs.p50@0',
        'outputTokensPerS@0',
      ]),
    );
    expect(measurements().map((one) => [one.repeat, one.seed, one.loadPointIndex])).toEqual([
      [0, 1, 0],
      [1, 1, 0],
      [2, 1, 0],
      [3, 1, 0],
      [4, 1, 0],
    ]);
    expect(answer.summary).toContain('TTFT p50');
    const table = await computeMetrics(app, {});
    const row = table.rows.find((one) => one.metric === 'ttftMs.p50');
    expect(row?.trial).toMatchObject({ n: 5 });
    expect(row?.engine).toBeNull();
    expect(table.summary.split('\n').length).toBeLessThanOrEqual(15);
    expect(table.measurements).toHaveLength(5);
  });

  it('does not take runs that may not be judged', async () => {
    app = { ...app, load: cannedLoad(30) };
    await expect(run()).rejects.toMatchObject({
      code: 'E_NOT_CALIBRATED',
      message: expect.stringContaining('CACHE_CONTAMINATED'),
    });
    expect(writer.state().calibration).toBeNull();
    expect(measurements()).toHaveLength(5);
  });

  it('searches the most load under the contract’s service level, every run a recorded probe', async () => {
    const levels: number[] = [];
    app = {
      ...app,
      load: {
        ...cannedLoad(null),
        run: async (request, options) => {
          const { loadPoint } = request;
          const level = loadPoint.kind === 'closed' ? loadPoint.concurrency : 0;
          levels.push(level);
          const ran = await cannedLoad(null).run(request, options);
          const rounds = Math.ceil(loadPoint.requests / level);
          const slow = steadyRecords(level, rounds).map((record) => ({
            ...record,
            firstTokenAtMs: record.sentAtMs + 20 * level,
          }));
          return { ...ran, records: slow };
        },
      },
    };
    const { contract } = writer.state();
    contract.terms.slo.push({ metric: 'ttftMs', quantile: 'p50', max: 250 });
    const answer = await probe({ find: 'max_concurrency' });
    expect(answer.status).toBe('done');
    expect(answer.summary).toContain('max_concurrency 12');
    expect(answer.result).toMatchObject({ reason: 'found', highestPassing: 12, lowestFailing: 13 });
    expect(levels.slice(0, 3)).toEqual([4, 8, 16]);
    expect(measurements().map(({ purpose }) => purpose)).toEqual(levels.map(() => 'probe'));
  });

  it('refuses a search where the contract has no service level, before any request', async () => {
    const { slo } = writer.state().contract.terms;
    slo.splice(0, slo.length);
    await expect(probe({ find: 'max_rate' })).rejects.toMatchObject({ code: 'E_NO_SLO' });
    expect(measurements()).toEqual([]);
    expect(server.bodies).toEqual([]);
  });
});
