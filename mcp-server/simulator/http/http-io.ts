import type { IncomingMessage, ServerResponse } from 'node:http';

/** Largest request body that is read. Units: bytes. */
const MAX_BODY = 64 * 1024 * 1024;

/** Reads a body as JSON. Undefined when: it is no JSON, too large, or the caller went away. */
export async function readJson(
  request: IncomingMessage,
): Promise<{ readonly value: unknown } | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      size += bytes.length;
      if (size > MAX_BODY) return null;
      chunks.push(bytes);
    }
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return { value };
  } catch {
    return null;
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', server: 'uvicorn' });
  response.end(JSON.stringify(body));
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    server: 'uvicorn',
  });
  response.end(text);
}
