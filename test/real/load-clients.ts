import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile } from '../../mcp-server/core/stats/quantile.ts';
import type { PacedProcess } from '../../scripts/bench/paced.ts';
import { watchProcessTime } from './process-time.ts';
import { ensurePythonEnv, type PythonEnv } from './python-env.ts';
import { nameVllm } from './vllm.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What every client is asked to do. */
export interface Task {
  readonly url: string;
  readonly streams: number;
  readonly requests: number;
  readonly outputTokens: number;
  /** An empty folder for the client's files. */
  readonly folder: string;
}

/** One request as a client reports it. */
interface Seen {
  readonly ttftMs: number;
  readonly tbotMs: number;
}

/** A load client as a program of its own, with its own report read back. */
export interface Client {
  readonly name: string;
  readonly command: (task: Task) => readonly string[];
  readonly read: (task: Task, output: string) => readonly Seen[];
}

export const OURS: Client = {
  name: 'autodebug',
  command: (task) => [
    process.execPath,
    join(root, 'test/real/load-client-main.mjs'),
    JSON.stringify(task),
  ],
  read: (_task, output) => JSON.parse(output) as Seen[],
};

export function guidellm(env: PythonEnv): Client {
  return {
    name: 'guidellm 0.8.1',
    command: (task) => {
      const prompts = Array.from({ length: task.requests }, (_, index) => ({
        prompt: wordsOf(index),
        output_tokens_count: task.outputTokens,
      }));
      const file = join(task.folder, 'prompts.jsonl');
      writeFileSync(file, prompts.map((one) => `${JSON.stringify(one)}\n`).join(''));
      return [
        [join(env.bin, 'guidellm'), 'run', '--disable-console'],
        ['--backend', `kind=openai_http,target=${task.url},model=fake`],
        ['--profile', `kind=concurrent,streams=${task.streams}`],
        ['--constraint', `kind=max_requests,count=${task.requests}`],
        ['--data', `kind=json_file,path=${file}`],
        ['--output', `kind=json,path=${join(task.folder, 'report.json')}`],
      ].flat();
    },
    read: (task) => {
      const report = JSON.parse(readFileSync(join(task.folder, 'report.json'), 'utf8'));
      const done: { time_to_first_token_ms: number; inter_token_latency_ms: number }[] =
        report.benchmarks[0].requests.successful;
      return done.map((one) => ({
        ttftMs: one.time_to_first_token_ms,
        tbotMs: one.inter_token_latency_ms,
      }));
    },
  };
}

export function aiperf(env: PythonEnv): Client {
  return {
    name: 'aiperf 0.13.0',
    command: (task) =>
      [
        [join(env.bin, 'aiperf'), 'profile'],
        ['-m', 'fake', '--url', task.url, '--endpoint-type', 'chat', '--streaming'],
        ['--concurrency', String(task.streams), '--request-count', String(task.requests)],
        ['--isl', '32', '--osl', String(task.outputTokens), '--use-server-token-count'],
        ['--tokenizer', wordTokenizer(env), '--artifact-dir', task.folder, '--ui', 'none'],
      ].flat(),
    read: (task) =>
      readFileSync(join(task.folder, 'profile_export.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as AiperfRow)
        .map(({ metrics }) => ({
          ttftMs: metrics.time_to_first_token.value,
          tbotMs: metrics.inter_token_latency.value,
        })),
  };
}

/** vLLM's own client, with random prompts. */
export function vllmBench(env: PythonEnv): Client {
  nameVllm(env);
  return {
    name: 'vllm bench 0.32.0',
    command: (task) =>
      [
        ['env', 'HF_HUB_OFFLINE=1', 'VLLM_NO_USAGE_STATS=1'],
        [join(env.bin, 'vllm'), 'bench', 'serve', '--backend', 'openai-chat'],
        ['--base-url', task.url, '--endpoint', '/v1/chat/completions', '--model', 'fake'],
        ['--tokenizer', wordTokenizer(env), '--dataset-name', 'random', '--ignore-eos'],
        ['--random-input-len', '32', '--random-output-len', String(task.outputTokens)],
        ['--max-concurrency', String(task.streams), '--num-prompts', String(task.requests)],
        // Its first request would else be one that no report counts.
        ['--ready-check-timeout-sec', '0', '--disable-tqdm'],
        ['--save-result', '--save-detailed', '--result-dir', task.folder],
        ['--result-filename', 'report.json'],
      ].flat(),
    read: (task) => {
      const report: VllmReport = JSON.parse(readFileSync(join(task.folder, 'report.json'), 'utf8'));
      return report.ttfts.flatMap((ttftS, index) => {
        if (report.errors[index] !== '') return [];
        const lastS = (report.itls[index] ?? []).reduce((sum, gapS) => sum + gapS, 0);
        const tokens = report.output_lens[index] ?? Number.NaN;
        return [{ ttftMs: ttftS * 1000, tbotMs: (lastS * 1000) / (tokens - 1) }];
      });
    },
  };
}

/** What `--save-detailed` adds, by request. Units: seconds. Its TPOT is the sum of the gaps / (output tokens - 1). */
interface VllmReport {
  readonly ttfts: readonly number[];
  readonly itls: readonly (readonly number[])[];
  readonly output_lens: readonly number[];
  /** Empty where the request was answered. */
  readonly errors: readonly string[];
}

interface AiperfRow {
  readonly metrics: Record<'time_to_first_token' | 'inter_token_latency', { value: number }>;
}

function wordsOf(seed: number): string {
  return Array.from({ length: 32 }, (_, place) => `w${(seed * 37 + place * 11) % 2000}`).join(' ');
}

/** AIPerf must load a tokenizer; this one needs no network. */
function wordTokenizer(env: PythonEnv): string {
  const folder = join(root, '.real/word-tokenizer');
  if (!existsSync(join(folder, 'tokenizer.json'))) {
    mkdirSync(folder, { recursive: true });
    const script = join(root, 'scripts/real/word-tokenizer.py');
    execFileSync(env.python, [script, folder], { stdio: 'pipe' });
  }
  return folder;
}

/** Row of the table: how far a client was off, and what it cost. Units: ms; events per second of processor time. */
export interface ClientRow {
  readonly client: string;
  readonly streams: number;
  readonly requests: number;
  readonly errorsMs: {
    readonly ttftP50: number;
    readonly ttftP99: number;
    readonly tbotP50: number;
    readonly tbotP99: number;
  };
  readonly eventsPerS: number;
  readonly cpuS: number;
  readonly eventsPerCpuS: number;
}

/** Runs one client against the server and compares what it reports with what the server knows. */
export async function measureClient(
  client: Client,
  server: PacedProcess,
  task: Task,
): Promise<ClientRow> {
  rmSync(task.folder, { recursive: true, force: true });
  mkdirSync(task.folder, { recursive: true });
  await server.forget();
  const [command = '', ...args] = client.command(task);
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const time = watchProcessTime(child.pid ?? 0);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000);
  });
  const [code] = (await once(child, 'close')) as [number];
  time.stop();
  if (code !== 0)
    throw new Error(`${client.name} ended with ${code}: ${errors}${output.slice(-2000)}`);
  const served = await server.served();
  const seen = client.read(task, output);
  const fromMs = Math.min(...served.map((one) => one.receivedMs));
  const toMs = Math.max(...served.map((one) => one.writesMs.at(-1) ?? 0));
  const events = served.reduce((sum, one) => sum + one.writesMs.length, 0);
  const cpuS = time.between(fromMs, toMs) / 1000;
  return {
    client: client.name,
    streams: task.streams,
    requests: seen.length,
    errorsMs: errorsOf(
      seen,
      served.map((one) => ({
        ttftMs: (one.writesMs[0] ?? 0) - one.receivedMs,
        tbotMs: ((one.writesMs.at(-1) ?? 0) - (one.writesMs[0] ?? 0)) / (one.writesMs.length - 1),
      })),
    ),
    eventsPerS: (events / (toMs - fromMs)) * 1000,
    cpuS,
    eventsPerCpuS: events / cpuS,
  };
}

/** How far each quantile is off; the same interpolation on both sides. */
function errorsOf(seen: readonly Seen[], truth: readonly Seen[]): ClientRow['errorsMs'] {
  const off = (metric: keyof Seen, q: number): number =>
    Math.abs(
      (quantile(
        seen.map((one) => one[metric]),
        q,
      ) ?? Number.NaN) -
        (quantile(
          truth.map((one) => one[metric]),
          q,
        ) ?? Number.NaN),
    );
  return {
    ttftP50: off('ttftMs', 0.5),
    ttftP99: off('ttftMs', 0.99),
    tbotP50: off('tbotMs', 0.5),
    tbotP99: off('tbotMs', 0.99),
  };
}

/** The table in Markdown. */
export function renderClients(rows: readonly ClientRow[]): string {
  const ms = (value: number): string => value.toFixed(2);
  const body = rows.map(({ client, streams, requests, errorsMs, ...cost }) =>
    [
      client,
      `${streams}`,
      `${requests}`,
      ms(errorsMs.ttftP50),
      ms(errorsMs.ttftP99),
      errorsMs.tbotP50.toFixed(3),
      errorsMs.tbotP99.toFixed(3),
      cost.eventsPerS.toFixed(0),
      cost.cpuS.toFixed(2),
      cost.eventsPerCpuS.toFixed(0),
    ].join(' | '),
  );
  return [
    '| client | streams | requests | TTFT p50 off, ms | p99 off | TBOT p50 off, ms | p99 off | events/s | CPU s | events per CPU s |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...body.map((row) => `| ${row} |`),
  ].join('\n');
}

export type MaybeClient = { readonly client: Client } | { readonly why: string };

/** The client, or the reason why it cannot be had here. */
export function tryClient(name: string, make: (env: PythonEnv) => Client): MaybeClient {
  try {
    return { client: make(ensurePythonEnv(name)) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const last = text.trim().split('\n').at(-1)?.slice(0, 200);
    return { why: `it could not be installed (${last ?? 'unknown'})` };
  }
}
