import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CheatingEngine } from './cheating-engine.ts';
import type { Pipe } from './streamed-answer.ts';

/** The engine over HTTP in real time; another one may take its place, as a new deployment does. */
export interface EngineServer {
  readonly url: string;
  use(engine: CheatingEngine): void;
  close(): Promise<void>;
}

export async function startEngineServer(first: CheatingEngine): Promise<EngineServer> {
  let engine = first;
  const server = createServer((request, response) => {
    void answer(engine, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    use: (next) => {
      engine = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  engine: CheatingEngine,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'GET') {
    sendJson(response, { data: [{ id: 'fake', max_model_len: 32_768 }] });
    return;
  }
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (body['stream'] === true) await engine.stream(body, pipeTo(response));
  else sendJson(response, engine.complete(body));
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function pipeTo(response: ServerResponse): Pipe {
  return {
    nowMs: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    head: (status) => {
      response.writeHead(status, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    },
    write: (chunk) => {
      response.write(chunk);
    },
    end: () => {
      response.end();
    },
    destroy: () => {
      response.destroy();
    },
  };
}
