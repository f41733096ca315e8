import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTelemetry } from '../../../mcp-server/adapters/telemetry/create-telemetry.ts';
import type { RunRequest, RunResult } from '../../../mcp-server/ports/process-runner.ts';
import type { Telemetry } from '../../../mcp-server/ports/telemetry.ts';
import {
  contextAt,
  type GraphsignalServer,
  silent,
  startGraphsignalServer,
  withContext,
  withStatus,
  withText,
} from '../../fakes/graphsignal-server.ts';
import { createFastClock } from '../../fakes/test-app.ts';

const KEY = 'gs-secret-key-0123456789';
const NEVER = new AbortController().signal;
const DONE: RunResult = {
  exitCode: 0,
  stdout: '',
  stderr: '',
  timedOut: false,
  notFound: false,
  durationMs: 1,
};

let server: GraphsignalServer;
let home: string;
let runs: RunRequest[];
let waits: string[];

beforeEach(async () => {
  server = await startGraphsignalServer(withContext(''));
  home = mkdtempSync(join(tmpdir(), 'ad-telemetry-'));
  runs = [];
  waits = [];
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

function telemetry(
  command: (request: RunRequest) => Partial<RunResult> = () => ({ notFound: true, exitCode: null }),
  env: Record<string, string> = { GRAPHSIGNAL_API_KEY: KEY },
): Telemetry {
  return createTelemetry({
    runner: {
      run: async (request) => {
        runs.push(request);
        return { ...DONE, ...command(request) };
      },
    },
    clock: createFastClock(),
    env: {
      PATH: '/usr/bin',
      GRAPHSIGNAL_API_BASE: server.baseUrl,
      OTHER_SECRET: 'x',
      HOME: home,
      ...env,
    },
    homeDir: home,
    httpTimeoutMs: 500,
  });
}

const ask = (source: Telemetry, endMs = Date.now()) =>
  source.profilerContext(
    { startMs: endMs - 60_000, endMs, tags: { autodebug_deployment: 'd0001-1', host: 'a;b' } },
    { simulatedBaseUrl: null, signal: NEVER, onWait: (text) => waits.push(text) },
  );

describe('profilerContext', () => {
  it('asks the newest command first, in whole seconds around the window, with tags', async () => {
    const endMs = Date.parse('2026-03-22T15:01:00.500Z');
    const answer = await ask(
      telemetry(() => ({ stdout: JSON.stringify(contextAt(endMs - 1000)) })),
      endMs,
    );
    expect(answer).toMatchObject({ kind: 'data', client: 'graphsignal-context signals' });
    expect(runs[0]?.args).toEqual([
      'signals',
      '--start',
      '2026-03-22T14:59:55Z',
      '--end',
      '2026-03-22T15:01:16Z',
      '--tags',
      'autodebug_deployment:d0001-1;host:a_b',
    ]);
  });

  it('goes on to older commands when one does not exist, then to the HTTP API', async () => {
    const endMs = Date.now() - 600_000;
    server.answer = withContext(contextAt(endMs));
    const answer = await ask(
      telemetry((request) =>
        request.args[0] === 'signals'
          ? { exitCode: 2, stderr: "Error: No such command 'signals'." }
          : { notFound: true, exitCode: null },
      ),
      endMs,
    );
    expect(runs.map((run) => `${run.command} ${run.args[0]}`)).toEqual([
      'graphsignal-context signals',
      'graphsignal-context fetch',
      'graphsignal-debug fetch',
    ]);
    expect(answer).toMatchObject({ kind: 'data', client: 'http' });
    expect(server.seen[0]).toMatchObject({ path: '/api/v1/context/signals/', key: KEY });
    expect(server.seen[0]?.query.get('start_time_ns')).toMatch(/^\d{19}$/);
  });

  it('gives the key to the child by environment only, and no other secret', async () => {
    await ask(
      telemetry(() => ({ stdout: '' })),
      Date.now() - 600_000,
    );
    expect(runs[0]?.args.join(' ')).not.toContain(KEY);
    expect(runs[0]?.env?.['GRAPHSIGNAL_API_KEY']).toBe(KEY);
    expect(runs[0]?.env?.['OTHER_SECRET']).toBeUndefined();
  });

  it('takes the key from the config file when the environment has none', async () => {
    const endMs = Date.now() - 600_000;
    mkdirSync(join(home, '.graphsignal'));
    writeFileSync(join(home, '.graphsignal', 'config.yml'), `api_key: ${KEY}\n`);
    server.answer = withContext(contextAt(endMs));
    expect(await ask(telemetry(undefined, {}), endMs)).toMatchObject({ kind: 'data' });
    expect(server.seen[0]?.key).toBe(KEY);
  });

  it('says that nobody is logged in, without waiting', async () => {
    const answer = await ask(telemetry(undefined, {}));
    expect(answer).toMatchObject({ kind: 'none', client: 'http' });
    expect(answer.kind === 'none' && answer.reason).toContain('GRAPHSIGNAL_API_KEY');
    expect(waits).toEqual([]);
  });

  it('waits for the data to settle and asks until two answers agree', async () => {
    const endMs = Date.now();
    const points = [1, 2, 3, 3];
    const source = telemetry(() => {
      const n = points[Math.min(runs.length, points.length) - 1] ?? 3;
      const [metric] = contextAt(endMs)['metrics'] as { datapoints: unknown[] }[];
      return { stdout: JSON.stringify({ metrics: Array.from({ length: n }, () => metric) }) };
    });
    const answer = await ask(source, endMs);
    expect(answer).toMatchObject({ kind: 'data', notes: [] });
    expect(runs).toHaveLength(4);
    expect(waits[0]).toMatch(/waiting (?:29|30) s/);
    expect(waits.slice(1)).toEqual(
      ['waiting 15 s', 'waiting 30 s', 'waiting 60 s'].map(
        (text) => `${text} for the profiler's data`,
      ),
    );
  });

  it('gives what there is and says so when the answers never agree', async () => {
    const endMs = Date.now();
    const source = telemetry(() => ({
      stdout: JSON.stringify({
        metrics: Array.from(
          { length: runs.length },
          () => (contextAt(endMs)['metrics'] as unknown[])[0],
        ),
      }),
    }));
    const answer = await ask(source, endMs);
    expect(answer.kind === 'data' && answer.notes[0]).toContain('telemetry incomplete');
  });

  it('calls an exit of 0 with a blank line no data', async () => {
    const answer = await ask(
      telemetry(() => ({ stdout: '\n' })),
      Date.now() - 600_000,
    );
    expect(answer).toMatchObject({
      kind: 'none',
      reason: 'graphsignal-context signals answered with an empty context',
    });
  });

  it('learns the status behind an API error from the API itself, and shows no key', async () => {
    server.answer = withStatus(401, `bad key ${KEY}`);
    const answer = await ask(
      telemetry(() => ({ exitCode: 1, stderr: `API error : bad key ${KEY}` })),
    );
    expect(answer).toMatchObject({
      kind: 'none',
      reason: 'the Graphsignal API refused the key (401)',
    });
    expect(JSON.stringify(answer)).not.toContain(KEY);
  });

  it.each([
    ['a server error', withStatus(500), 'the Graphsignal API answered 500'],
    [
      'an HTML page',
      withText('<html>login</html>'),
      'the Graphsignal API answered with text that is not JSON',
    ],
    [
      'broken JSON',
      withText('{"context": '),
      'the Graphsignal API answered with text that is not JSON',
    ],
    ['silence', silent, 'the Graphsignal API did not answer within 500 ms'],
    ['an empty context', withContext(''), 'the Graphsignal API answered with an empty context'],
    ['no context', withText('{}'), 'the Graphsignal API answered with an empty context'],
  ])('answers %s with its reason', async (_what, answering, reason) => {
    server.answer = answering;
    expect(await ask(telemetry(), Date.now() - 600_000)).toMatchObject({ kind: 'none', reason });
  });

  it('tries the older paths of the API when the newest is gone', async () => {
    const endMs = Date.now() - 600_000;
    server.answer = (request, response) =>
      request.path === '/api/v1/debug_context/'
        ? withContext(JSON.stringify(contextAt(endMs)))(request, response)
        : withStatus(404)(request, response);
    expect(await ask(telemetry(), endMs)).toMatchObject({ kind: 'data' });
  });

  it('says when the answer holds no point of the window', async () => {
    server.answer = withContext(contextAt(0 + Date.parse('2020-01-01T00:00:00Z')));
    expect(await ask(telemetry(), Date.now() - 600_000)).toMatchObject({
      kind: 'none',
      reason: 'the profiler answered, but holds no point inside the window',
    });
  });

  it('sends tags and times to the API, and the key in its header alone', async () => {
    const endMs = Date.parse('2026-03-22T15:01:00.500Z');
    server.answer = withContext(contextAt(endMs - 1000));
    const answer = await ask(telemetry(), endMs);
    expect(answer).toMatchObject({ kind: 'data', client: 'http', notes: [] });
    const [seen] = server.seen;
    expect(seen?.key).toBe(KEY);
    expect(Object.fromEntries(seen?.query ?? [])).toEqual({
      start_time_ns: '1774191595000000000',
      end_time_ns: '1774191676000000000',
      tags: 'autodebug_deployment:d0001-1;host:a_b',
    });
    expect([...(seen?.query.keys() ?? [])].join()).not.toContain(KEY);
  });

  it('asks once without tags where nothing carries those of the deployment, and says so', async () => {
    const endMs = Date.now() - 600_000;
    const context = { ...contextAt(endMs - 1000), available_tags: { 'host.name': ['node-1'] } };
    server.answer = (request, response) =>
      (request.query.has('tags') ? withContext('') : withContext(context))(request, response);
    const answer = await ask(telemetry(), endMs);
    expect(answer).toMatchObject({ kind: 'data', client: 'http' });
    expect(answer.kind === 'data' ? answer.notes.join() : '').toContain(
      'it knows 1 tag keys, none of them autodebug_deployment or host',
    );
    expect(server.seen.map((one) => one.query.has('tags'))).toEqual([true, false]);
  });

  it('says which tag is known with other values', async () => {
    const endMs = Date.now() - 600_000;
    const context = {
      ...contextAt(endMs - 1000),
      available_tags: { autodebug_deployment: ['d0000-1'] },
    };
    server.answer = (request, response) =>
      (request.query.has('tags') ? withContext('') : withContext(context))(request, response);
    const answer = await ask(telemetry(), endMs);
    expect(answer.kind === 'data' ? answer.notes.join() : '').toContain(
      'it knows autodebug_deployment with other values',
    );
  });

  it('reads the simulated source at once', async () => {
    const endMs = Date.now();
    server.answer = withText(JSON.stringify(contextAt(endMs)));
    const answer = await telemetry().profilerContext(
      { startMs: endMs - 1000, endMs, tags: {} },
      { simulatedBaseUrl: server.baseUrl, signal: NEVER },
    );
    expect(answer).toMatchObject({ kind: 'data', client: 'simulated' });
    expect(server.seen[0]?.path).toBe('/autodebug/graphsignal');
  });
});

describe('scrapeMetrics and serverInfo', () => {
  const endpoint = () => ({
    baseUrl: `${server.baseUrl}/`,
    headers: { authorization: 'Bearer t' },
  });

  it('gives the text of /metrics', async () => {
    server.answer = withText('sglang:num_queue_reqs 1\n');
    expect(await telemetry().scrapeMetrics(endpoint(), NEVER)).toMatchObject({
      kind: 'data',
      raw: 'sglang:num_queue_reqs 1\n',
    });
    expect(server.seen[0]?.path).toBe('/metrics');
  });

  it.each([
    [withStatus(404), '--enable-metrics'],
    [withStatus(501), '--metrics'],
    [withText('<!DOCTYPE html><html></html>'), 'HTML page'],
    [withStatus(403), 'other credentials'],
    [withText(''), 'nothing'],
  ])('says why there are none (%#)', async (answering, word) => {
    server.answer = answering;
    const answer = await telemetry().scrapeMetrics(endpoint(), NEVER);
    expect(answer.kind === 'none' && answer.reason).toContain(word);
  });

  it('says that the engine refused the connection', async () => {
    const answer = await telemetry().scrapeMetrics(
      { baseUrl: 'http://127.0.0.1:1', headers: {} },
      NEVER,
    );
    expect(answer).toMatchObject({ kind: 'none', reason: 'the engine refused the connection' });
  });

  it('joins the answers of several paths and notes the silent ones', async () => {
    server.answer = (request, response) =>
      request.path === '/version'
        ? withText('{"version":"0.11.0"}')(request, response)
        : withStatus(404)(request, response);
    const answer = await telemetry().serverInfo(
      { ...endpoint(), paths: ['/version', '/server_info'] },
      NEVER,
    );
    expect(answer.kind === 'data' && JSON.parse(answer.raw)).toEqual({
      '/version': { version: '0.11.0' },
    });
    expect(answer.kind === 'data' && answer.notes).toEqual(['/server_info answers 404']);
  });

  it('tells whether the profiler’s client is there and logged in', async () => {
    expect(await telemetry().profilerStatus(NEVER)).toMatchObject({
      loggedIn: true,
      client: 'http',
    });
    expect(await telemetry(() => ({}), {}).profilerStatus(NEVER)).toMatchObject({
      loggedIn: false,
      client: 'graphsignal-context',
    });
  });
});
