import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { closeServer } from './close-server.ts';
import { createTimerWheel, hrMs, type TimerWheel } from './timer-wheel.ts';

/** Delays of every stream; what it writes is encoded before the first request. */
export interface PacedConfig {
  readonly ttftMs: number;
  readonly gapMs: number;
  /** Sigma of log-normal delays around those (mean kept); 0 = constant. */
  readonly sigma?: number;
  readonly seed?: number;
}

/** Everything that the server itself knows about one request. Units: ms of the machine's monotonic clock. */
export interface ServedRequest {
  /** The caller's `x-request-id`; empty when it sent none. */
  readonly id: string;
  readonly receivedMs: number;
  /** Write time of each content event. */
  readonly writesMs: readonly number[];
}

export interface PacedServer {
  readonly url: string;
  /** What was served since the start or the last `forget`. */
  served(): readonly ServedRequest[];
  forget(): void;
  close(): Promise<void>;
}

interface Stream {
  readonly id: string;
  readonly receivedMs: number;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly writesMs: Float64Array;
  readonly end: Buffer;
  readonly draw: () => number;
  written: number;
  dueMs: number;
}

/**
 * A calibrated server that is no bottleneck: chunks encoded once, one timer for all streams, write times in preallocated
 * arrays. It answers well and nothing else; faults are the business of `calibrated-server.ts`.
 */
export async function startPacedServer(config: PacedConfig): Promise<PacedServer> {
  let streams: Stream[] = [];
  const wheel = createTimerWheel();
  const server = createServer((request, response) => {
    const receivedMs = hrMs();
    void answer({ request, response, receivedMs }, () => streams.map(describe), {
      forget: () => {
        streams = [];
      },
      begin: (ask) => {
        const stream = newStream(config, ask);
        streams.push(stream);
        begin(stream, config, wheel);
      },
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 8192, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    served: () => streams.map(describe),
    forget: () => {
      streams = [];
    },
    close: () => {
      wheel.stop();
      return closeServer(server);
    },
  };
}

function describe({ id, receivedMs, writesMs, written }: Stream): ServedRequest {
  return { id, receivedMs, writesMs: [...writesMs.subarray(0, written)] };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly receivedMs: number;
}

interface Ask extends Exchange {
  readonly tokens: number;
  readonly promptTokens: number;
}

async function answer(
  exchange: Exchange,
  served: () => readonly ServedRequest[],
  act: { readonly forget: () => void; readonly begin: (ask: Ask) => void },
): Promise<void> {
  const { request, response } = exchange;
  if (request.method !== 'POST') {
    sendJson(response, request.url === '/served' ? served() : MODELS);
    return;
  }
  let text = '';
  for await (const chunk of request) text += String(chunk);
  if (request.url === '/forget') {
    act.forget();
    sendJson(response, {});
    return;
  }
  if (request.url === '/tokenize') {
    response.writeHead(404).end();
    return;
  }
  const body = JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>;
  const tokens = Number(body['max_completion_tokens'] ?? body['max_tokens'] ?? 16);
  const promptTokens = text.split(/\s+/).length + 12;
  if (body['stream'] === true) act.begin({ ...exchange, tokens, promptTokens });
  else sendJson(response, wholeAnswer(promptTokens));
}

const MODELS = { object: 'list', data: [{ id: 'fake', object: 'model', max_model_len: 1 << 20 }] };

function wholeAnswer(promptTokens: number): unknown {
  return {
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'fake',
    choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'length' }],
    usage: { prompt_tokens: promptTokens, completion_tokens: 1, total_tokens: promptTokens + 1 },
  };
}

function sendJson(response: ServerResponse, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

const HEAD = {
  id: 'chatcmpl-paced',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'fake',
};
const event = (value: unknown): string =>
  `data: ${JSON.stringify({ ...HEAD, ...(value as object) })}\n\n`;
const chunked = (text: string): Buffer =>
  Buffer.from(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
const choice = (delta: unknown, reason: string | null = null): unknown => ({
  choices: [{ index: 0, delta, finish_reason: reason }],
});
const ROLE = chunked(event(choice({ role: 'assistant', content: '' })));
const TOKEN = chunked(event(choice({ content: ' word' })));

function endOf(ask: Ask): Buffer {
  const usage = {
    prompt_tokens: ask.promptTokens,
    completion_tokens: ask.tokens,
    total_tokens: ask.promptTokens + ask.tokens,
  };
  const finish = event(choice({}, 'length')) + event({ choices: [], usage });
  return chunked(`${finish}data: [DONE]\n\n`);
}

function newStream(config: PacedConfig, ask: Ask): Stream {
  const id = String(ask.request.headers['x-request-id'] ?? '');
  const place = id.replace(/^[^-]*-/, '');
  return {
    id,
    receivedMs: ask.receivedMs,
    response: ask.response,
    socket: ask.request.socket,
    writesMs: new Float64Array(ask.tokens),
    end: endOf(ask),
    draw: normals(`${config.seed ?? 0}:${place}`),
    written: 0,
    dueMs: ask.receivedMs,
  };
}

/** Seeded standard normals. */
function normals(key: string): () => number {
  let state = 7;
  for (const char of key) state = (Math.imul(state, 31) + char.charCodeAt(0)) >>> 0;
  const unit = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit());
}

function begin(stream: Stream, config: PacedConfig, wheel: TimerWheel): void {
  const { response, socket } = stream;
  const sigma = config.sigma ?? 0;
  const delay = (mean: number): number =>
    sigma === 0 ? mean : mean * Math.exp(sigma * stream.draw() - (sigma * sigma) / 2);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' });
  response.flushHeaders();
  const step = (): void => {
    if (socket.destroyed) return;
    if (stream.written === 0) socket.write(ROLE);
    stream.writesMs[stream.written] = hrMs();
    socket.write(TOKEN);
    stream.written += 1;
    if (stream.written < stream.writesMs.length) {
      stream.dueMs += delay(config.gapMs);
      wheel.at(stream.dueMs, step);
    } else finish(stream);
  };
  stream.dueMs += delay(config.ttftMs);
  wheel.at(stream.dueMs, step);
}

/** The last chunk goes to the socket as the others did; Node's own `end` then has only its zero chunk to add. */
function finish({ response, socket, end }: Stream): void {
  socket.write(end);
  response.end();
}
