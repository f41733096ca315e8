import { parseJson } from '../../core/parse.ts';
import type { Telemetry, TelemetryAnswer } from '../../ports/telemetry.ts';
import { getText, type HttpText } from './http-text.ts';

const TIMEOUT_MS = 10_000;
const MAX_METRICS_BYTES = 64 * 1024 * 1024;
const MAX_INFO_BYTES = 4 * 1024 * 1024;

const none = (reason: string, raw: string | null = null): TelemetryAnswer => ({
  kind: 'none',
  reason,
  raw,
  client: 'http',
});

/** Why a status other than 200 means that there are no metrics. llama.cpp answers 501 without `--metrics`. */
function metricsRefusal(status: number): string {
  if (status === 404) {
    return 'the engine was started without --enable-metrics (or --metrics): GET /metrics answers 404';
  }
  if (status === 501) return 'the engine was started without --metrics: GET /metrics answers 501';
  if (status === 401 || status === 403)
    return `GET /metrics wants other credentials: it answers ${status}`;
  return `GET /metrics answers ${status}`;
}

/** `GET /metrics`. An HTML page or an empty body is no data. */
export const scrapeMetrics: Telemetry['scrapeMetrics'] = async (endpoint, signal) => {
  const answer = await get(endpoint, '/metrics', { maxBytes: MAX_METRICS_BYTES, signal });
  if (answer.kind === 'failed') return none(`the engine ${answer.reason}`);
  if (answer.status !== 200) return none(metricsRefusal(answer.status), answer.text.slice(0, 2000));
  if (isHtml(answer))
    return none(
      'GET /metrics answers with an HTML page, not with metrics',
      answer.text.slice(0, 2000),
    );
  if (answer.text.trim() === '') return none('GET /metrics answers with nothing', '');
  return { kind: 'data', raw: answer.text, client: 'http', notes: [] };
};

/** The named paths as one JSON object `{path: answer}`; paths that do not answer are told in `notes`. */
export const serverInfo: Telemetry['serverInfo'] = async (endpoint, signal) => {
  const found: Record<string, unknown> = {};
  const notes: string[] = [];
  for (const path of endpoint.paths) {
    const answer = await get(endpoint, path, { maxBytes: MAX_INFO_BYTES, signal });
    if (answer.kind === 'failed') notes.push(`${path} ${answer.reason}`);
    else if (answer.status !== 200) notes.push(`${path} answers ${answer.status}`);
    else if (isHtml(answer)) notes.push(`${path} answers with an HTML page`);
    else found[path] = parseOrKeep(answer.text);
  }
  if (Object.keys(found).length === 0)
    return none(notes.join('; ') || 'the engine has no such path');
  return { kind: 'data', raw: `${JSON.stringify(found, null, 1)}\n`, client: 'http', notes };
};

function get(
  endpoint: { readonly baseUrl: string; readonly headers: Readonly<Record<string, string>> },
  path: string,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<HttpText> {
  return getText({
    url: `${endpoint.baseUrl.replace(/\/+$/, '')}${path}`,
    headers: endpoint.headers,
    timeoutMs: TIMEOUT_MS,
    path: 'direct',
    ...limits,
  });
}

function isHtml(answer: { readonly type: string; readonly text: string }): boolean {
  return answer.type.includes('text/html') || /^\s*<(?:!doctype|html)/i.test(answer.text);
}

function parseOrKeep(text: string): unknown {
  const value = parseJson(text);
  return value === undefined ? text : value;
}
