import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface SeenRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly key: string | undefined;
}

/** How the server answers; called for every request. */
export type Answering = (request: SeenRequest, response: ServerResponse) => void;

export interface GraphsignalServer {
  readonly baseUrl: string;
  readonly seen: SeenRequest[];
  answer: Answering;
  close(): Promise<void>;
}

/** An HTTP server that answers as the profiler's API does, or as it should not. */
export async function startGraphsignalServer(answer: Answering): Promise<GraphsignalServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const key = request.headers['x-api-key'];
    const one = {
      path: url.pathname,
      query: url.searchParams,
      key: typeof key === 'string' ? key : undefined,
    };
    seen.push(one);
    fake.answer(one, response);
  });
  const fake: GraphsignalServer = {
    baseUrl: '',
    seen,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(fake, { baseUrl: `http://127.0.0.1:${port}` });
}

/** `{"context": …}` with status 200. */
export const withContext =
  (context: unknown): Answering =>
  (_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ context }));
  };

export const withStatus =
  (status: number, body = 'no'): Answering =>
  (_request, response) => {
    response.writeHead(status).end(body);
  };

export const withText =
  (text: string): Answering =>
  (_request, response) => {
    response.setHeader('content-type', 'application/json').end(text);
  };

/** Never answers. */
export const silent: Answering = () => undefined;

/** A context with one gauge that has a point at the time. */
export const contextAt = (atMs: number, value = 729.5): Record<string, unknown> => ({
  available_tags: { 'host.name': ['node-1'] },
  metrics: [
    {
      name: 'sglang.gen_throughput',
      type: 'gauge',
      tags: {},
      datapoints: [{ measurement_ts: atMs * 1e6, gauge: value }],
    },
  ],
});
