import { Agent, type Dispatcher } from 'undici';
import { parseJson } from '../../core/parse.ts';
import { createSpareSockets } from './spare-sockets.ts';

/** A service as the load client reaches it: its own connections, no proxy, no redirects, no retries. */
export interface Connection {
  readonly agent: Agent;
  readonly origin: string;
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Opens connections before they are needed, one after the other. */
  open(count: number): Promise<void>;
  /** Ends every connection. */
  destroy(): Promise<void>;
}

/** Longest wait for a TCP or TLS handshake. Source: undici's own default. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Below the keep-alive of uvicorn (5 s), so that we never send into a socket that the server is closing. */
const KEEP_ALIVE_MS = 4000;

/** Opens nothing yet. */
export function createConnection(
  baseUrl: string,
  headers: Readonly<Record<string, string>>,
): Connection {
  const url = new URL(baseUrl);
  const spare = createSpareSockets(CONNECT_TIMEOUT_MS);
  const agent = new Agent({
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: spare.connect,
  });
  return {
    agent,
    origin: url.origin,
    pathPrefix: url.pathname.replace(/\/+$/, ''),
    headers,
    open: (count) => spare.open(url, count),
    destroy: async () => {
      spare.close();
      await agent.destroy();
    },
  };
}

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
  /** The body as it came, capped. */
  readonly text: string;
}

/** Longest answer that is read. Source: own reasoning; a models list or one completion is far below. */
const MAX_ANSWER_CHARS = 2_000_000;

/** One small request outside the measured path. Rejects when the service cannot be reached or the signal aborts. */
export async function requestJson(
  connection: Connection,
  options: { readonly path: string; readonly body?: string; readonly signal: AbortSignal },
): Promise<JsonAnswer> {
  const response: Dispatcher.ResponseData = await connection.agent.request({
    origin: connection.origin,
    path: `${connection.pathPrefix}${options.path}`,
    method: options.body === undefined ? 'GET' : 'POST',
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...connection.headers,
    },
    body: options.body ?? null,
    signal: options.signal,
  });
  const text = await readCapped(response.body);
  return { status: response.statusCode, body: parseJson(text), text };
}

async function readCapped(body: AsyncIterable<unknown>): Promise<string> {
  const decoder = new TextDecoder('utf-8');
  let text = '';
  for await (const chunk of body) {
    if (chunk instanceof Uint8Array) text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_CHARS) break;
  }
  return text.slice(0, MAX_ANSWER_CHARS);
}
