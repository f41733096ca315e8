import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcessRunner } from '../../mcp-server/adapters/process/run.ts';
import { createTelemetry } from '../../mcp-server/adapters/telemetry/create-telemetry.ts';
import { parseProfilerContext } from '../../mcp-server/core/telemetry/graphsignal.ts';
import type { Telemetry } from '../../mcp-server/ports/telemetry.ts';
import {
  contextAt,
  type GraphsignalServer,
  silent,
  startGraphsignalServer,
  withContext,
  withStatus,
  withText,
} from '../fakes/graphsignal-server.ts';
import { createFastClock } from '../fakes/test-app.ts';
import { ensurePythonEnv } from './python-env.ts';

const KEY = 'gs-real-client-key-0123';
const NEVER = new AbortController().signal;
const END_MS = Date.parse('2026-03-22T15:01:00Z');

let server: GraphsignalServer;
let home: string;
let bin: string;

beforeAll(async () => {
  bin = ensurePythonEnv('graphsignal').bin;
  server = await startGraphsignalServer(withContext(''));
  home = mkdtempSync(join(tmpdir(), 'ad-graphsignal-'));
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

function telemetry(env: Record<string, string> = { GRAPHSIGNAL_API_KEY: KEY }): Telemetry {
  return createTelemetry({
    runner: createProcessRunner(),
    clock: createFastClock(),
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      HOME: home,
      GRAPHSIGNAL_API_BASE: server.baseUrl,
      ...env,
    },
    homeDir: home,
    cliTimeoutMs: 15_000,
    httpTimeoutMs: 1500,
  });
}

const ask = (source = telemetry()) => {
  server.seen.length = 0;
  return source.profilerContext(
    { startMs: END_MS - 60_000, endMs: END_MS, tags: { autodebug_deployment: 'd0001-1' } },
    { simulatedBaseUrl: null, signal: NEVER },
  );
};

describe('the real Graphsignal client', () => {
  it.each([
    ['a string of JSON', withContext(JSON.stringify(contextAt(END_MS)))],
    [
      'markdown with JSON',
      withContext(
        `# Signals\n\nAll of them:\n\n\`\`\`json\n${JSON.stringify(contextAt(END_MS), null, 2)}\n\`\`\`\n`,
      ),
    ],
    ['an object', withContext(contextAt(END_MS))],
  ])('brings %s through to the parser', async (_what, answering) => {
    server.answer = answering;
    const answer = await ask();
    expect(answer).toMatchObject({ kind: 'data', client: 'graphsignal-context signals' });
    const context = parseProfilerContext(answer.kind === 'data' ? answer.raw : '');
    expect(context.metrics[0]).toMatchObject({
      name: 'sglang.gen_throughput',
      points: [{ value: 729.5, atMs: END_MS }],
    });
    expect(server.seen[0]).toMatchObject({ path: '/api/v1/context/signals/', key: KEY });
    expect(server.seen[0]?.query.get('tags')).toBe('autodebug_deployment:d0001-1');
    expect(server.seen[0]?.query.get('end_time_ns')).toBe(`${END_MS + 15_000}000000`);
  });

  it('calls an empty context no data', async () => {
    server.answer = withContext('');
    expect(await ask()).toMatchObject({
      kind: 'none',
      reason: 'graphsignal-context signals answered with an empty context',
    });
  });

  it('tells a refused key, which the client itself cannot', async () => {
    server.answer = withStatus(401, `key ${KEY} is unknown`);
    const answer = await ask();
    expect(answer).toMatchObject({
      kind: 'none',
      reason: 'the Graphsignal API refused the key (401)',
    });
    expect(JSON.stringify(answer)).not.toContain(KEY);
  });

  it('tells broken JSON', async () => {
    server.answer = withText('{"context": ');
    expect(await ask()).toMatchObject({
      kind: 'none',
      reason: 'the Graphsignal API answered with text that is not JSON',
    });
  });

  it('ends with a reason when the server is slow', async () => {
    server.answer = silent;
    const answer = await ask();
    expect(answer.kind).toBe('none');
    expect(answer.kind === 'none' && answer.reason).toMatch(/did not (?:end|answer) within/);
  });

  it('says that nobody is logged in', async () => {
    const answer = await ask(telemetry({}));
    expect(answer.kind === 'none' && answer.reason).toContain('not logged in');
    expect(server.seen).toEqual([]);
  });

  it('is found by the setup check', async () => {
    expect(await telemetry().profilerStatus(NEVER)).toMatchObject({
      loggedIn: true,
      client: 'graphsignal-context',
    });
  });
});
