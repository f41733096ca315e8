import { afterEach, describe, expect, it } from 'vitest';
import { runLoad } from '../../../mcp-server/adapters/load/run-load.ts';
import {
  FAILURE_CLASSES,
  type RequestRecord,
} from '../../../mcp-server/core/workload/request-record.ts';
import {
  type CalibratedConfig,
  type CalibratedServer,
  type Script,
  startCalibratedServer,
} from '../../fakes/calibrated-server.ts';
import { loadRequest, runOptions, SMALL } from './support.ts';

let server: CalibratedServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

async function runScripts(
  scripts: readonly Script[],
  config: CalibratedConfig = {},
): Promise<readonly RequestRecord[]> {
  server = await startCalibratedServer({
    ttftMs: 5,
    gapMs: 1,
    scripts: Object.fromEntries(scripts.map((script, index) => [String(index), script])),
    ...config,
  });
  const run = await runLoad(
    loadRequest(server.url, {
      loadPoint: { kind: 'closed', concurrency: scripts.length, requests: scripts.length },
      stallMs: 600,
    }),
    runOptions(),
  );
  return run.records.toSorted((a, b) => a.index - b.index);
}

describe('what counts as a failure', () => {
  /** What a server does, and the class that it is. The two that no answer shows have tests of their own below. */
  const BY_ANSWER = [
    ['http_429', 'http_client_error'],
    ['http_503', 'http_server_error'],
    ['html', 'not_event_stream'],
    ['malformed', 'malformed_event'],
    ['error_event', 'error_event'],
    ['reset', 'connection_reset'],
    ['stall', 'timed_out'],
    ['no_finish', 'no_finish_reason'],
    ['no_usage', 'no_usage'],
    ['empty_output', 'empty_output'],
    ['short_output', 'short_output'],
    ['wrong_model', 'wrong_model'],
  ] as const;
  const BY_US = ['connection_failed', 'cancelled'];

  it('finds each class of failure exactly once', async () => {
    const records = await runScripts([...BY_ANSWER.map(([script]) => script), 'good']);
    expect(records.map((record) => record.failure)).toEqual([
      ...BY_ANSWER.map(([, failure]) => failure),
      null,
    ]);
  });

  it.each(BY_ANSWER)('a server that plays %s is %s', async (script, failure) => {
    const records = await runScripts([script, 'good']);
    expect(records.map((record) => record.failure)).toEqual([failure, null]);
  });

  it('knows no class without a test that names it', () => {
    const named = [...BY_ANSWER.map(([, failure]) => failure), ...BY_US];
    expect(named.toSorted()).toEqual([...FAILURE_CLASSES].toSorted());
  });

  it('calls what we stopped ourselves cancelled, which is neither good nor bad', async () => {
    server = await startCalibratedServer({ ttftMs: 5, gapMs: 200 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    const run = await runLoad(loadRequest(server.url), runOptions({ signal: stop.signal }));
    expect(run.records.map((record) => record.failure)).toContain('cancelled');
    expect(run.cancelled).toBe(true);
  });

  it('calls an endless stream malformed and cuts it before it fills memory', async () => {
    const [record] = await runScripts(['flood']);
    expect(record?.failure).toBe('malformed_event');
    expect(record?.failureDetail).toContain('bytes');
    // 1 MiB + 12 × 16 KiB allowed, each event of ~240 bytes, plus one read of at most 64 KiB more
    expect(record?.contentEvents).toBeLessThan(7000);
  });

  it('tells a JSON answer, a stream of usage alone and data after [DONE] from a valid response', async () => {
    const records = await runScripts(['json_answer', 'empty_choices', 'after_done', 'long_error']);
    expect(records.map((record) => record.failure)).toEqual([
      'not_event_stream',
      'no_finish_reason',
      'malformed_event',
      'http_server_error',
    ]);
  });

  it('times out a service that never answers', async () => {
    const [record] = await runScripts(['never_headers']);
    expect(record).toMatchObject({ failure: 'timed_out', httpStatus: null, firstTokenAtMs: null });
  });

  it('keeps a failure text short and free of control characters', async () => {
    const [record] = await runScripts(['long_error']);
    expect(record?.failureDetail?.length).toBeLessThanOrEqual(300);
  });

  it('counts a refused connection as one, and stops when the service is gone', async () => {
    const gone = await startCalibratedServer({ ttftMs: 20 });
    const done = runLoad(
      loadRequest(gone.url, { loadPoint: { kind: 'closed', concurrency: 2, requests: 500 } }),
      runOptions(),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    await gone.close();
    const run = await done;
    const failures = new Set(run.records.map((record) => record.failure));
    expect(failures).toContain('connection_failed');
    expect(run.records.length).toBeLessThan(500);
    expect(run.notes.join()).toContain('stopped taking connections');
  });
});

describe('what a valid stream may look like', () => {
  const SHAPES: readonly Script[] = [
    'byte_by_byte',
    'ten_per_read',
    'crlf_comments',
    'reasoning',
    'reasoning_content',
    'tool_call',
    'duplicate_usage',
    'no_done',
    'blank_first',
    'early_role',
  ];

  it.each(SHAPES)('reads a stream that is %s', async (script) => {
    const [record] = await runScripts([script]);
    expect(record).toMatchObject({ failure: null, outputTokens: 12, contentEvents: 12 });
    expect(record?.gapsMs).toHaveLength(11);
  });

  it('reads characters that are cut between two reads', async () => {
    const [record] = await runScripts(['byte_by_byte']);
    expect(record?.textSample).toBe(' wörd'.repeat(12));
  });

  it('gives the same text hash however the bytes arrive', async () => {
    const records = await runScripts(['byte_by_byte', 'ten_per_read', 'crlf_comments', 'good']);
    expect(new Set(records.map((record) => record.textHash)).size).toBe(1);
  });

  it('takes tokens from the usage where events carry several', async () => {
    const [record] = await runScripts(['multi_token']);
    expect(record).toMatchObject({ failure: null, outputTokens: 12, contentEvents: 4 });
  });

  it('does not take an early role chunk for the first token', async () => {
    const [early] = await runScripts(['early_role'], { ttftMs: 80 });
    expect((early?.firstTokenAtMs ?? 0) - (early?.roleAtMs ?? 0)).toBeGreaterThan(40);
  });

  it('goes on when a server says [DONE] and keeps the stream open', async () => {
    const [record] = await runScripts(['open_after_done']);
    expect(record).toMatchObject({ failure: null, outputTokens: 12 });
  });

  it('reads completions as well as chats', async () => {
    server = await startCalibratedServer();
    const workload = { ...SMALL, api: 'completions' as const };
    const run = await runLoad(loadRequest(server.url, { workload }), runOptions());
    expect(run.records.map((record) => record.failure)).toEqual(Array(6).fill(null));
    expect(server.bodies.at(-1)).toHaveProperty('prompt');
  });

  it('accepts the only model of a server under another name, and says nothing of a dated release', async () => {
    server = await startCalibratedServer({ model: 'served-name' });
    const run = await runLoad(loadRequest(server.url, { model: '/models/path' }), runOptions());
    expect(run.records.every((record) => record.failure === null)).toBe(true);
  });
});
