import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from '../json.ts';

/** One scripted turn of the model: a text that ends the turn, or tool calls. */
export type ScriptedTurn =
  | { readonly text: string }
  | { readonly tools: readonly { readonly name: string; readonly input: unknown }[] };

interface RecordedRequest {
  readonly path: string;
  readonly body: Json;
}

export interface MessagesApi {
  readonly baseUrl: string;
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

/** Writes one assistant message in the streaming form of the Messages API. */
function streamTurn(response: ServerResponse, turn: ScriptedTurn, model: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (type: string, data: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  };
  send('message_start', {
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 1 },
    },
  });
  const blocks =
    'text' in turn
      ? [{ start: { type: 'text', text: '' }, delta: { type: 'text_delta', text: turn.text } }]
      : turn.tools.map((tool, index) => ({
          start: {
            type: 'tool_use',
            id: `toolu_${Date.now()}_${index}`,
            name: tool.name,
            input: {},
          },
          delta: { type: 'input_json_delta', partial_json: JSON.stringify(tool.input) },
        }));
  blocks.forEach((block, index) => {
    send('content_block_start', { index, content_block: block.start });
    send('content_block_delta', { index, delta: block.delta });
    send('content_block_stop', { index });
  });
  send('message_delta', {
    delta: { stop_reason: 'text' in turn ? 'end_turn' : 'tool_use', stop_sequence: null },
    usage: { output_tokens: 10 },
  });
  send('message_stop', {});
  response.end();
}

/** True for a request of the main conversation: it carries tools. Side requests (titles, summaries) get a short text. */
const isMain = (body: Json): boolean => Array.isArray(body?.tools) && body.tools.length > 0;

/**
 * A Messages API on loopback that plays a script: the model of a test. `nextTurn` sees every main request and its
 * number and says what the model answers.
 */
export async function startMessagesApi(
  nextTurn: (body: Json, turn: number) => ScriptedTurn,
): Promise<MessagesApi> {
  const requests: RecordedRequest[] = [];
  let turn = 0;
  const server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const path = request.url ?? '';
      let body: Json = null;
      try {
        body = JSON.parse(text);
      } catch {
        body = null;
      }
      requests.push({ path, body });
      if (!path.startsWith('/v1/messages'))
        return response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
      if (path.includes('count_tokens'))
        return response
          .writeHead(200, { 'content-type': 'application/json' })
          .end('{"input_tokens":10}');
      const scripted = isMain(body) ? nextTurn(body, turn++) : { text: 'ok' };
      return streamTurn(response, scripted, String(body?.model ?? 'scripted'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
