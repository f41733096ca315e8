import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Exchange, Route } from './exchange.ts';
import { sendJson } from './http-io.ts';
import { routesOf } from './routes.ts';
import type { SimService } from './sim-service.ts';

const OPEN_PATHS = ['/health', '/ping', '/metrics'];

function isAllowed(service: SimService, exchange: Exchange): boolean {
  const { apiKey } = service.config;
  if (apiKey === null || OPEN_PATHS.some((path) => exchange.url.pathname.startsWith(path)))
    return true;
  return exchange.request.headers.authorization === `Bearer ${apiKey}`;
}

async function handle(exchange: Exchange, routes: Readonly<Record<string, Route>>): Promise<void> {
  const { service, request, response, url } = exchange;
  if (!isAllowed(service, exchange)) return sendJson(response, 401, { error: 'Unauthorized' });
  const route = routes[`${request.method ?? 'GET'} ${url.pathname}`];
  if (route !== undefined) return route(exchange);
  const isKnown = Object.keys(routes).some((key) => key.endsWith(` ${url.pathname}`));
  sendJson(response, isKnown ? 405 : 404, { detail: isKnown ? 'Method Not Allowed' : 'Not Found' });
}

function readUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://localhost');
  } catch {
    return new URL('http://localhost/');
  }
}

function logAccess(exchange: Exchange): void {
  const { service, request, response, url } = exchange;
  const peer = `${request.socket.remoteAddress ?? '127.0.0.1'}:${request.socket.remotePort ?? 0}`;
  response.on('close', () => {
    service.log.access({
      peer,
      method: request.method ?? 'GET',
      path: url.pathname,
      status: response.statusCode,
    });
  });
}

/** The engine's HTTP face. Nothing a caller sends can bring it down. */
export function createSimServer(service: SimService): Server {
  const routes = routesOf(service.config.engine);
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const exchange = { service, request, response, url: readUrl(request) };
    logAccess(exchange);
    handle(exchange, routes).catch(() =>
      sendJson(response, 500, { detail: 'Internal Server Error' }),
    );
  };
  const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, onRequest);
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });
  return server;
}
