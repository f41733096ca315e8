import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it } from 'vitest';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import { type BenchDeps, registerBench } from '../../mcp-server/cli/bench.ts';
import { readResults } from '../../mcp-server/core/interchange/read-results.ts';
import { BenchReport } from '../../mcp-server/core/metrics/bench-report.ts';
import type { LoadRequest, LoadRun } from '../../mcp-server/ports/load-generator.ts';
import { type CalibratedServer, startCalibratedServer } from '../fakes/calibrated-server.ts';
import { startCheatingServer } from '../fakes/cheating-server.ts';
import { startQueueingServer } from '../fakes/queueing-server.ts';
import { fourLetters } from '../fakes/tokenizers.ts';

let server: CalibratedServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

async function bench(args: readonly string[], change: Partial<BenchDeps> = {}): Promise<Ran> {
  let out = '';
  let err = '';
  let code: number | null = null;
  const program = new Command().exitOverride().configureOutput({
    writeErr: (text) => {
      err += text;
    },
  });
  registerBench(program, {
    load: createLoadGenerator(),
    env: {},
    nowMs: () => 1_000_000,
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      err += text;
    },
    isTerminal: false,
    signal: new AbortController().signal,
    setExitCode: (value) => {
      code = value;
    },
    saveFile: async () => {},
    readText: (path) => readFile(path, 'utf8'),
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    ...change,
  });
  await program.parseAsync(['node', 'autodebug', 'bench', ...args]);
  return { out, err, code };
}

const SMALL = ['--model', 'fake', '--num-prompts', '6', '--concurrency', '2'];
const SHORT = ['--input-tokens', '32', '--output-tokens', '4'];

/** A generator that only notes what it was asked for. */
function noting(): { readonly asked: LoadRequest[]; readonly load: BenchDeps['load'] } {
  const asked: LoadRequest[] = [];
  const run: LoadRun = {
    records: [],
    windowStartMs: 0,
    windowEndMs: 0,
    cancelled: false,
    rttMs: { p50: null, jitter: null },
    client: {
      loopUtilisation: 0,
      loopLagP99Ms: 0,
      workers: 1,
      sendLagP99Ms: null,
      eventsPerRead: null,
    },
    sharedPromptRatio: null,
    notes: [],
  };
  return {
    asked,
    load: {
      run: async (request) => {
        asked.push(request);
        return run;
      },
    },
  };
}

describe('autodebug bench', () => {
  it('prints one JSON object of exactly the promised shape and nothing else', async () => {
    server = await startCalibratedServer();
    const { out, code } = await bench([`${server.url}/v1`, ...SMALL, ...SHORT, '--json']);
    const report: unknown = JSON.parse(out);
    expect(BenchReport.strict().parse(report)).toMatchObject({ completed: 6, failed: 0 });
    expect(Object.keys(report as object)).toEqual([
      'completed',
      'failed',
      'failures',
      'ttftMs',
      'tbotMs',
      'ttltMs',
      'outputTokensPerS',
      'requestsPerS',
      'durationMs',
    ]);
    expect(Object.keys((report as BenchReport).ttftMs)).toEqual(['mean', 'p50', 'p95', 'p99']);
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(0);
  });

  it('sends token ids where asked to, says what was sent, and refuses it where it cannot be', async () => {
    server = await startCalibratedServer({ tokenize: fourLetters(), overheadTokens: 0 });
    const ids = [...SMALL, ...SHORT, '--tokenize-prompt', '--seed', '7'];
    const { err, code } = await bench([server.url, ...ids, '--endpoint', '/v1/completions']);
    expect(code).toBe(0);
    expect(err).toMatch(/^prompts: 6 of 32 to 32 tokens \(token_ids\), sha256 [0-9a-f]{64}$/m);
    expect(err).not.toContain('of 6 prompts differ');
    const streamed = server.bodies.filter((body) => body['stream'] === true);
    expect(streamed.every(({ prompt }) => Array.isArray(prompt) && prompt.length === 32)).toBe(
      true,
    );
    await expect(bench([server.url, ...ids])).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  it('prints a table on standard output and progress on standard error', async () => {
    server = await startCalibratedServer();
    const { out, err, code } = await bench([server.url, ...SMALL, ...SHORT]);
    expect(out).toMatch(/TTFT ms +\d/);
    expect(out).toContain('completed 6  failed 0');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(err).toContain('measure 6/6');
    expect(code).toBe(0);
  });

  it('saves the result in the shape of vLLM’s files, which compare reads back to the same numbers', async () => {
    server = await startCalibratedServer();
    const saved: [string, string][] = [];
    const saveFile: BenchDeps['saveFile'] = async (path, text) => {
      saved.push([path, text]);
    };
    const args = [server.url, ...SMALL, ...SHORT, '--seed', '7', '--json'];
    const { out } = await bench([...args, '--save-result', 'a.json'], { saveFile });
    const [path = '', text = ''] = saved[0] ?? [];
    expect(path).toBe('a.json');
    expect(JSON.parse(text)).toMatchObject({
      definition: 'autodebug',
      model_id: 'fake',
      num_prompts: 6,
      max_concurrency: 2,
      request_rate: 'inf',
      completed: 6,
      failed: 0,
      date: '19700101-001640',
    });
    const [fromSaved] = readResults('a.json', text);
    const [fromJson] = readResults('b.json', out);
    expect(fromSaved?.dialect).toBe('autodebug');
    expect(fromSaved?.metrics).toMatchObject(fromJson?.metrics ?? {});
    // Six requests carry no p95 and no p99.
    expect(Object.keys(fromJson?.metrics ?? {}).length).toBeGreaterThanOrEqual(8);
  });

  it('says where a result could not be written, after printing it', async () => {
    const { load } = noting();
    const saveFile: BenchDeps['saveFile'] = () => Promise.reject(new Error('EACCES'));
    const args = ['http://h', '--model', 'm', '--save-result', '/nowhere/a.json'];
    await expect(bench(args, { load, saveFile })).rejects.toMatchObject({ code: 'E_SAVE_RESULT' });
  });

  it('counts failures by class, and exits with 1 when nothing completed', async () => {
    server = await startCalibratedServer({ scripts: { '*': 'http_503' } });
    const { out, code } = await bench([server.url, ...SMALL, ...SHORT, '--json']);
    expect(JSON.parse(out)).toMatchObject({
      completed: 0,
      failed: 6,
      failures: { http_server_error: 6 },
      ttftMs: { mean: null },
      outputTokensPerS: null,
    });
    expect(code).toBe(1);
  });

  it('still answers with an object when the endpoint cannot be reached', async () => {
    const { out, err, code } = await bench(['http://127.0.0.1:1', ...SMALL, '--json']);
    expect(JSON.parse(out)).toMatchObject({ completed: 0 });
    expect(err).toContain('E_ENDPOINT');
    expect(code).toBe(1);
  });

  it('exits with 130 and what it has when it is interrupted', async () => {
    server = await startCalibratedServer({ ttftMs: 10, gapMs: 20 });
    const interrupt = new AbortController();
    const args = [server.url, '--model', 'fake', '--num-prompts', '500', ...SHORT, '--json'];
    const done = bench(args, {
      signal: interrupt.signal,
      writeError: (text) => {
        if (text.startsWith('measure')) setTimeout(() => interrupt.abort(), 300);
      },
    });
    const { out, code } = await done;
    expect(code).toBe(130);
    const { completed } = BenchReport.parse(JSON.parse(out));
    expect(completed).toBeGreaterThan(0);
    expect(completed).toBeLessThan(500);
  });

  it('knows the names that other load tools use', async () => {
    const { asked, load } = noting();
    const args = ['http://h/v1', '--model', 'm', '--max-concurrency', '3'];
    const lengths = ['--random-input-len', '7', '--random-output-len', '9', '--seed', '5'];
    await bench([...args, ...lengths], { load });
    expect(asked[0]).toMatchObject({
      baseUrl: 'http://h',
      seed: 5,
      loadPoint: { kind: 'closed', concurrency: 3, requests: 200 },
      workload: { components: [{ inputTokens: 7, outputTokens: 9 }] },
    });
  });

  it('takes what else a user of vllm bench serve writes, and means the same by it', async () => {
    const { asked, load } = noting();
    const where = ['--base-url', 'http://h', '--endpoint', '/v1/completions', '--ignore-eos'];
    const lengths = ['--random-input-len', '100', '--random-output-len', '10'];
    const shape = ['--random-prefix-len', '32', '--random-range-ratio', '0.25'];
    const drawn = ['--temperature', '0.7', '--top-p', '0.9', '--top-k', '40'];
    const more = ['--extra-body', '{"n":1,"top_k":5}', '--header', 'x-team=infra'];
    const name = ['--model', 'org/m', '--served-model-name', 'served'];
    await bench([...where, ...name, ...lengths, ...shape, ...drawn, ...more], { load });
    expect(asked[0]).toMatchObject({
      baseUrl: 'http://h',
      model: 'served',
      headers: { 'x-team': 'infra' },
      sampling: { temperature: 0.7, topP: 0.9 },
      extraBody: { n: 1, top_k: 5 },
      workload: {
        api: 'completions',
        exactOutput: true,
        components: [
          {
            inputTokens: { min: 107, max: 157 },
            outputTokens: { min: 7, max: 13 },
            sharedPrefixTokens: 32,
          },
        ],
      },
    });
  });

  it.each([
    [['--header', 'Authorization=Bearer sk-1'], /--api-key-env/],
    [['--header', 'no-value'], /key=value/],
    [['--save-result', '--find', 'max_rate', '--goodput', 'ttft:500'], /keeps one run/],
  ])('refuses %s and says why', async (options, why) => {
    const { load } = noting();
    const ran = bench(['http://h', '--model', 'm', ...options], { load });
    await expect(ran).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringMatching(why),
    });
    await expect(ran).rejects.not.toMatchObject({ message: expect.stringContaining('sk-1') });
  });

  it.each([
    [['--save-result'], 'autodebug-infqps-concurrency16-m-19700101-001640.json'],
    [
      ['--save-result', '--result-dir', 'out', '--request-rate', '2'],
      'out/autodebug-2qps-m-19700101-001640.json',
    ],
    [['--result-filename', 'r.json', '--metadata', 'version=1', 'completed=9'], 'r.json'],
  ])('saves under %s as vLLM names its files', async (options, path) => {
    const { load } = noting();
    const saved: [string, string][] = [];
    const saveFile: BenchDeps['saveFile'] = async (...file) => {
      saved.push(file);
    };
    await bench(['http://h', '--model', 'org/m', ...options], { load, saveFile });
    expect(saved.map(([file]) => file)).toEqual([path]);
    const result: unknown = JSON.parse(saved[0]?.[1] ?? '');
    expect(result).toMatchObject({ completed: 0, backend: 'openai-chat' });
    if (options.includes('--metadata')) expect(result).toMatchObject({ version: '1' });
  });

  it('drives an open loop at a rate, capped only where a concurrency was named', async () => {
    const { asked, load } = noting();
    await bench(['http://h', '--model', 'm', '--request-rate', '2.5'], { load });
    await bench(['http://h', '--model', 'm', '--request-rate', '2', '--concurrency', '4'], {
      load,
    });
    await bench(['http://h', '--model', 'm', '--request-rate', 'inf'], { load });
    expect(asked.map((request) => request.loadPoint)).toEqual([
      { kind: 'open', requestRatePerS: 2.5, requests: 200, burstiness: 1 },
      { kind: 'open', requestRatePerS: 2, requests: 200, burstiness: 1, maxConcurrency: 4 },
      { kind: 'closed', concurrency: 16, requests: 200 },
    ]);
  });

  it('takes the key from the environment and never says it', async () => {
    const { asked, load } = noting();
    const env = { MY_KEY: 'sk-very-secret' };
    const ran = await bench(['http://h', '--model', 'm', '--api-key-env', 'MY_KEY'], { load, env });
    expect(asked[0]?.headers).toEqual({ authorization: 'Bearer sk-very-secret' });
    expect(ran.out + ran.err).not.toContain('sk-very-secret');
    const without = bench(['http://h', '--model', 'm', '--api-key-env', 'NO_KEY'], { load, env });
    await expect(without).rejects.toMatchObject({ code: 'E_NO_KEY' });
  });

  it.each([
    ['--request-rate', '0'],
    ['--concurrency', '0'],
    ['--num-prompts', '1.5'],
    ['--input-tokens', 'many'],
  ])('refuses %s %s', async (option, value) => {
    const { load } = noting();
    const ran = bench(['http://h', '--model', 'm', option, value], { load });
    await expect(ran).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  });

  it('refuses what is no URL', async () => {
    const { load } = noting();
    await expect(bench(['h:80', '--model', 'm'], { load })).rejects.toMatchObject({
      code: 'E_BASE_URL',
    });
  });

  it('drives the forms of arrival that other tools name', async () => {
    const { asked, load } = noting();
    const base = ['http://h', '--model', 'm', '--num-prompts', '50'];
    const ramp = ['--ramp-up-strategy', 'linear', '--ramp-up-start-rps', '2', '--ramp-up-end-rps'];
    await bench([...base, ...ramp, '20'], { load });
    await bench([...base, '--request-rate', '4', '--burstiness', 'inf'], { load });
    await bench([...base, '--request-rate', '4', '--burstiness', '0.5'], { load });
    expect(asked.map((request) => request.loadPoint)).toMatchObject([
      { kind: 'open', pattern: { kind: 'ramp', from: 2, to: 20, curve: 'linear' } },
      { kind: 'open', requestRatePerS: 4, pattern: { kind: 'constant' } },
      { kind: 'open', requestRatePerS: 4, burstiness: 0.5 },
    ]);
    await expect(bench([...base, ...ramp.slice(0, 2)], { load })).rejects.toMatchObject({
      code: 'E_USAGE',
    });
  });

  it('sends an imported dataset, and names its hash in the workload', async () => {
    server = await startCalibratedServer();
    const dir = await mkdtemp(join(tmpdir(), 'bench-'));
    const path = join(dir, 'rows.jsonl');
    const rows = ['The ferry left', 'Bread needs', 'A map is'].map((prompt, index) =>
      JSON.stringify({ prompt, output_tokens: 3 + index }),
    );
    await writeFile(path, rows.join('\n'));
    const dataset = ['--dataset-name', 'custom', '--dataset-path', path];
    const ran = await bench([server.url, '--model', 'fake', ...dataset, '--no-warmup', '--json']);
    expect(JSON.parse(ran.out)).toMatchObject({ completed: 3, failed: 0 });
    const sent = server.bodies.filter((body) => body['stream'] === true);
    expect(new Set(sent.map((body) => body['max_tokens']))).toEqual(new Set([3, 4, 5]));
    expect(JSON.stringify(sent)).toContain('The ferry left');
    const { asked, load } = noting();
    await bench([server.url, '--model', 'fake', ...dataset], { load });
    expect(asked[0]?.workload.dataset?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(asked[0]?.loadPoint.requests).toBe(3);
    await rm(dir, { recursive: true });
  });

  it('refuses a malformed dataset by line, before any request', async () => {
    const { asked, load } = noting();
    const readText = async (): Promise<string> => '{"prompt":"a"}\n{"prompt":}\n{"p":1}';
    const args = ['http://h', '--model', 'm', '--dataset-name', 'custom', '--dataset-path', 'f'];
    await expect(bench(args, { load, readText })).rejects.toThrow(
      'f: 2 of 3 rows are not custom: line 2 is not JSON; line 3 has no text "prompt".',
    );
    await expect(bench(args.slice(0, 5), { load })).rejects.toMatchObject({ code: 'E_USAGE' });
    expect(asked).toHaveLength(0);
  });

  it('replays a trace at its recorded times, slower where asked', async () => {
    const { asked, load } = noting();
    const row = (timestamp: number) =>
      JSON.stringify({ timestamp, input_length: 20, output_length: 2, hash_ids: [1] });
    const readText = async (): Promise<string> => [row(0), row(500), row(4000)].join('\n');
    const args = ['http://h', '--model', 'm', '--dataset-name', 'mooncake', '--dataset-path', 'f'];
    await bench([...args, '--use-trace-timestamps', '--slowdown-factor', '2'], { load, readText });
    expect(asked[0]?.loadPoint).toMatchObject({
      kind: 'open',
      requestRatePerS: 3 / 8,
      pattern: { kind: 'trace', timesMs: [0, 500, 4000] },
    });
  });

  it('refuses a search without a service level before any request, and an unknown one', async () => {
    const { asked, load } = noting();
    const base = ['http://h', '--model', 'm'];
    await expect(bench([...base, '--find', 'max_rate'], { load })).rejects.toMatchObject({
      code: 'E_NO_SLO',
    });
    await expect(bench([...base, '--goodput', 'speed:3'], { load })).rejects.toMatchObject({
      code: 'E_USAGE',
    });
    expect(asked).toHaveLength(0);
  });

  it('finds how many requests in flight a service of six lanes bears, with interval and curve', async () => {
    const queue = await startQueueingServer({ lanes: 6, serviceMs: 90 });
    // a seventh waits for the next of six to end: 10 ms and more, as they start 10 ms apart
    const level = ['--find', 'max_concurrency', '--goodput', 'ttft:6', '--num-prompts', '48'];
    const args = [queue.url, '--model', 'fake', '--output-tokens', '2', '--input-tokens', '16'];
    const half = ['--slo-quantile', 'p50', '--json', '--no-warmup'];
    const { out, err, code } = await bench([...args, ...level, ...half]);
    await queue.close();
    const answer = JSON.parse(out) as {
      reason: string;
      level: number;
      interval: [number, number];
      highestPassing: number;
      curve: { level: number; runs: number }[];
    };
    expect(err).toContain('bracket 8');
    expect(answer.reason).toBe('found');
    expect([5, 6, 7]).toContain(answer.highestPassing);
    expect(answer.interval[0]).toBeLessThanOrEqual(6.5);
    expect(answer.interval[1]).toBeGreaterThanOrEqual(6);
    expect(answer.interval[1]).toBeLessThan(9);
    expect(answer.curve.length).toBeGreaterThanOrEqual(4);
    expect(code).toBe(0);
  }, 60_000);

  it('says what cannot be true of the answers', async () => {
    const cheat = await startCheatingServer('blank_first_chunk');
    const { err } = await bench([cheat.url, ...SMALL, '--input-tokens', '32', '--no-warmup']);
    await cheat.close();
    expect(err).toContain('implausible: blank_first_chunk');
  });
});
