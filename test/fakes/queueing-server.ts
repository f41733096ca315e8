import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface QueueingServer {
  readonly url: string;
  close(): Promise<void>;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An OpenAI-shaped service of `lanes` requests at a time, each `serviceMs` long; the others wait in a queue. */
export async function startQueueingServer(how: {
  readonly lanes: number;
  readonly serviceMs: number;
}): Promise<QueueingServer> {
  let free = how.lanes;
  const waiting: (() => void)[] = [];
  const enter = (): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => waiting.push(resolve));
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  const server = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      if (request.method === 'GET') {
        response.end(JSON.stringify({ data: [{ id: 'fake' }] }));
        return;
      }
      const body = JSON.parse(text) as { stream?: boolean; messages: { content: string }[] };
      const words = body.messages
        .map(({ content }) => content)
        .join(' ')
        .split(' ').length;
      const usage = { prompt_tokens: words, completion_tokens: 2 };
      if (body.stream !== true) {
        response.end(JSON.stringify({ choices: [{ message: { content: 'a' } }], usage }));
        return;
      }
      await enter();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const event = (value: unknown): void => {
        response.write(`data: ${JSON.stringify(value)}\n\n`);
      };
      event({ model: 'fake', choices: [{ delta: { content: 'one' } }] });
      await sleep(how.serviceMs);
      event({ choices: [{ delta: { content: ' two' } }] });
      event({ choices: [{ delta: {}, finish_reason: 'length' }], usage });
      response.end('data: [DONE]\n\n');
      leave();
    };
    void serve().catch(() => response.destroy());
  });
  server.keepAliveTimeout = 30_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1024, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
