import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeServer } from './close-server.ts';

/** What one stream does instead of answering well. Each failure class of the load client has one. */
const SCRIPTS = [
  'good',
  'http_429',
  'http_503',
  'html',
  'json_answer',
  'malformed',
  'error_event',
  'reset',
  'stall',
  'no_finish',
  'no_usage',
  'empty_output',
  'empty_choices',
  'short_output',
  'wrong_model',
  'no_done',
  'early_role',
  'blank_first',
  'duplicate_usage',
  'after_done',
  'flood',
  'byte_by_byte',
  'ten_per_read',
  'crlf_comments',
  'multi_token',
  'reasoning',
  'reasoning_content',
  'tool_call',
  'open_after_done',
  'long_error',
  'never_headers',
] as const;
export type Script = (typeof SCRIPTS)[number];

export interface CalibratedConfig {
  readonly model?: string;
  readonly ttftMs?: number;
  readonly gapMs?: number;
  /** Sigma of log-normal delays around those; 0 = constant. */
  readonly sigma?: number;
  readonly tokensPerEvent?: number;
  readonly overheadTokens?: number;
  readonly maxModelLen?: number | null;
  readonly cachedTokens?: number | null;
  /** Script of each measured request, by its index; `*` for all others. */
  readonly scripts?: Readonly<Record<string, Script>>;
  /** Round trip added to `/v1/models`. */
  readonly modelsDelayMs?: number;
  readonly noModels?: boolean;
  readonly ignoresUsageOfCalibration?: boolean;
  /** Its tokenizer, which `/tokenize` answers with and usage counts by. Absent: a word is a token, and there is no such route. */
  readonly tokenize?: (text: string) => readonly number[];
}

export interface CalibratedServer {
  readonly url: string;
  /** Write times (process.hrtime, ms) of each content event, by request id. */
  readonly stamps: ReadonlyMap<string, readonly number[]>;
  readonly bodies: readonly Record<string, unknown>[];
  close(): Promise<void>;
}

const hrMs = (): number => Number(process.hrtime.bigint()) / 1e6;
const words = (text: string): number => text.trim().split(/\s+/).length;

interface Seen {
  readonly stamps: Map<string, number[]>;
  readonly bodies: Record<string, unknown>[];
}

/** An OpenAI-shaped server whose delays are known; every content event carries its own write time. */
export async function startCalibratedServer(
  config: CalibratedConfig = {},
): Promise<CalibratedServer> {
  const seen: Seen = { stamps: new Map(), bodies: [] };
  const server = createServer((request, response) => {
    void answer({ request, response, config, seen }).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4096, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stamps: seen.stamps,
    bodies: seen.bodies,
    close: () => closeServer(server),
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly config: CalibratedConfig;
  readonly seen: Seen;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, config, seen } = exchange;
  const model = config.model ?? 'fake';
  if (request.method === 'GET' && request.url === '/stamps') {
    sendJson(response, 200, Object.fromEntries(seen.stamps));
    return;
  }
  if (request.method === 'GET') {
    await sleep(config.modelsDelayMs ?? 0);
    if (config.noModels === true) {
      sendJson(response, 404, { error: 'no such page' });
      return;
    }
    const limit = config.maxModelLen === undefined ? {} : { max_model_len: config.maxModelLen };
    sendJson(response, 200, { data: [{ id: model, ...limit }] });
    return;
  }
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as Record<string, unknown>;
  if (request.url === '/tokenize') {
    const tokens = config.tokenize?.(String(body['prompt']));
    sendJson(response, tokens === undefined ? 404 : 200, { tokens });
    return;
  }
  seen.bodies.push(body);
  const promptTokens = countPrompt(body, config) + (config.overheadTokens ?? 12);
  if (body['stream'] !== true) {
    const usage =
      config.ignoresUsageOfCalibration === true
        ? {}
        : { usage: { prompt_tokens: promptTokens, completion_tokens: 1 } };
    sendJson(response, 200, {
      model,
      choices: [{ message: { content: 'ok' }, finish_reason: 'length' }],
      ...usage,
    });
    return;
  }
  const id = String(request.headers['x-request-id'] ?? '');
  const script = scriptOf(config, id);
  await play({
    response,
    config,
    script,
    isChat: request.url?.includes('chat') ?? true,
    model,
    promptTokens,
    tokens: Number(body['max_tokens'] ?? 16),
    stamps: newStamps(seen, id),
    draw: draws(id),
  });
}

function newStamps(seen: Seen, id: string): number[] {
  const stamps: number[] = [];
  seen.stamps.set(id, stamps);
  return stamps;
}

function countPrompt(body: Record<string, unknown>, { tokenize }: CalibratedConfig): number {
  if (Array.isArray(body['prompt'])) return body['prompt'].length;
  const count = (text: string): number => tokenize?.(text).length ?? words(text);
  if (typeof body['prompt'] === 'string') return count(body['prompt']);
  const messages = body['messages'] as { content: string }[];
  return messages.reduce((sum, message) => sum + count(message.content), 0);
}

function scriptOf(config: CalibratedConfig, id: string): Script {
  const measured = /-measure-(\d+)$/.exec(id);
  if (measured === null) return 'good';
  return config.scripts?.[measured[1] ?? ''] ?? config.scripts?.['*'] ?? 'good';
}

/** Seeded standard normals, so that a schedule repeats from the request's place in the run. */
function draws(id: string): () => number {
  const place = id.replace(/^[^-]*-/, '');
  let state = place.split('').reduce((hash, char) => (hash * 31 + char.charCodeAt(0)) >>> 0, 7);
  const unit = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit());
}

interface Play {
  readonly response: ServerResponse;
  readonly config: CalibratedConfig;
  readonly script: Script;
  readonly isChat: boolean;
  readonly model: string;
  readonly promptTokens: number;
  readonly tokens: number;
  readonly stamps: number[];
  readonly draw: () => number;
}

async function play(run: Play): Promise<void> {
  const { response, script } = run;
  if (script === 'never_headers') return;
  if (script === 'http_429') return sendJson(response, 429, { error: { message: 'slow down' } });
  if (script === 'http_503') return sendJson(response, 503, { error: { message: 'overloaded' } });
  if (script === 'json_answer') return sendJson(response, 200, { error: { message: 'no stream' } });
  if (script === 'long_error') {
    response.writeHead(500, { 'content-type': 'text/plain' });
    response.end('x'.repeat(100_000));
    return;
  }
  if (script === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>Login</title>');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  if (script === 'flood') return flood(response);
  await stream(run);
}

async function stream(run: Play): Promise<void> {
  const { response, script } = run;
  const { ttftMs = 5, gapMs = 1, sigma = 0 } = run.config;
  const size = script === 'multi_token' ? 3 : (run.config.tokensPerEvent ?? 1);
  const delay = (mean: number): number => mean * Math.exp(sigma * run.draw() - (sigma * sigma) / 2);
  const out = createWriter(response, script);
  const startMs = hrMs();
  if (script === 'early_role')
    out.event({ choices: [{ delta: { role: 'assistant', content: '' } }] });
  let dueMs = startMs + delay(ttftMs);
  await sleepUntil(dueMs);
  if (script !== 'early_role' && run.isChat) {
    out.event({ choices: [{ delta: { role: 'assistant', content: '' } }] });
  }
  const wanted = script === 'short_output' ? Math.max(1, run.tokens - 1) : run.tokens;
  for (let made = 0; made < wanted; ) {
    const now = Math.min(size, wanted - made);
    writeContent(run, out, { made, tokens: now });
    made += now;
    if (broken(run, out, made)) return;
    if (made >= wanted) break;
    dueMs += delay(gapMs) * now;
    if (script === 'stall' && made >= 2) return;
    await sleepUntil(dueMs);
  }
  finishStream(run, out, wanted);
}

/** Ends the stream in the middle where the script says so. */
function broken(run: Play, out: Writer, made: number): boolean {
  if (run.script === 'reset' && made >= 2) {
    run.response.destroy();
    return true;
  }
  if (run.script === 'malformed' && made === 1) out.raw('data: {"choices": [\n\n');
  if (run.script === 'error_event' && made >= 2) {
    out.event({ error: { message: 'out of memory', type: 'server', code: 500 } });
    out.raw('data: [DONE]\n\n');
    run.response.end();
    return true;
  }
  return false;
}

function writeContent(
  run: Play,
  out: Writer,
  part: { readonly made: number; readonly tokens: number },
): void {
  const stamp = hrMs();
  run.stamps.push(stamp);
  const text = ' wörd'.repeat(part.tokens);
  const content =
    run.script === 'empty_output'
      ? ''
      : run.script === 'blank_first' && part.made === 0
        ? ' '
        : text;
  const model = run.script === 'wrong_model' ? 'somebody-else' : run.model;
  const delta = deltaOf(run.script, content);
  const choice = run.isChat ? { delta } : { text: content };
  const choices = run.script === 'empty_choices' ? [] : [choice];
  out.event({ model, stamp_ms: stamp, choices });
}

function deltaOf(script: Script, content: string): Record<string, unknown> {
  if (script === 'reasoning') return { reasoning: content };
  if (script === 'reasoning_content') return { reasoning_content: content, content: null };
  if (script === 'tool_call') {
    return { tool_calls: [{ index: 0, function: { name: 'f', arguments: content } }] };
  }
  return { content };
}

function finishStream(run: Play, out: Writer, made: number): void {
  const { script, response } = run;
  const isSilent = script === 'no_finish' || script === 'empty_choices';
  if (!isSilent) {
    out.event({
      choices: [{ delta: {}, finish_reason: script === 'tool_call' ? 'tool_calls' : 'length' }],
    });
  }
  const cached = run.config.cachedTokens ?? null;
  const usage = {
    prompt_tokens: run.promptTokens,
    completion_tokens: made,
    prompt_tokens_details: cached === null ? null : { cached_tokens: cached },
  };
  if (script !== 'no_usage') out.event({ choices: [], usage });
  if (script === 'duplicate_usage') out.event({ choices: [], usage });
  if (script !== 'no_done')
    out.raw(script === 'crlf_comments' ? 'data: [DONE]\r\n\r\n' : 'data: [DONE]\n\n');
  if (script === 'after_done') out.event({ choices: [{ delta: { content: 'more' } }] });
  out.flush();
  if (script !== 'open_after_done') response.end();
}

interface Writer {
  event(value: unknown): void;
  raw(text: string): void;
  flush(): void;
}

const EVENTS_PER_WRITE = 10;

function createWriter(response: ServerResponse, script: Script): Writer {
  let held = '';
  let count = 0;
  const write = (text: string): void => {
    if (script === 'byte_by_byte') {
      for (const byte of Buffer.from(text)) response.write(Buffer.of(byte));
      return;
    }
    if (script !== 'ten_per_read') {
      response.write(text);
      return;
    }
    held += text;
    count += 1;
    if (count % EVENTS_PER_WRITE === 0) flush();
  };
  const flush = (): void => {
    if (held !== '') response.write(held);
    held = '';
  };
  const end = script === 'crlf_comments' ? '\r\n' : '\n';
  const comment = script === 'crlf_comments' ? `: keep-alive${end}${end}` : '';
  return {
    event: (value) => {
      write(`${comment}data: ${JSON.stringify(value)}${end}${end}`);
    },
    raw: write,
    flush,
  };
}

function flood(response: ServerResponse): void {
  const line = `data: ${JSON.stringify({ choices: [{ delta: { content: 'x'.repeat(200) } }] })}\n\n`;
  const block = line.repeat(200);
  const pump = (): void => {
    if (response.destroyed) return;
    if (response.write(block)) setImmediate(pump);
    else response.once('drain', pump);
  };
  pump();
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function sleepUntil(dueMs: number): Promise<void> {
  const waitMs = dueMs - hrMs();
  if (waitMs > 0) await sleep(waitMs);
}
