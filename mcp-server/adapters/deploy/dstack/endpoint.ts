import { request } from 'undici';
import { z } from 'zod';
import type { Endpoint } from '../../../core/ledger/vocabulary.ts';
import { parseJson } from '../../../core/parse.ts';
import type { Credentials } from './credentials.ts';
import type { Run } from './run-json.ts';

const REQUEST_TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Root of a service without a trailing slash. A relative one hangs below the server, its path prefix kept. */
export function serviceRoot(serviceUrl: string, serverUrl: string): string {
  const absolute = /^https?:\/\//.test(serviceUrl)
    ? serviceUrl
    : `${serverUrl.replace(/\/+$/, '')}/${serviceUrl.replace(/^\/+/, '')}`;
  return absolute.replace(/\/+$/, '');
}

/** Requests to the service need the user's own token unless the file says `auth: false`. */
function authOf(run: Run): Endpoint['auth'] {
  return run.run_spec.configuration.auth === false ? 'none' : 'dstack';
}

export type Reach =
  | { readonly kind: 'serving'; readonly endpoint: Endpoint }
  /** `registering`: the proxy does not know the replica yet; `loading`: it answers, but not with 2xx. */
  | { readonly kind: 'waiting'; readonly phase: 'registering' | 'loading' };

/** One look at the service by its own URL: the health path, then the list of models. Never rejects. */
export async function reachService(
  service: {
    readonly run: Run;
    readonly credentials: Credentials;
    readonly healthPath: string;
    readonly model: string | null;
  },
  signal: AbortSignal,
): Promise<Reach> {
  const { run, credentials, healthPath } = service;
  if (run.service === null) return { kind: 'waiting', phase: 'registering' };
  const baseUrl = serviceRoot(run.service.url, credentials.url);
  const auth = authOf(run);
  const headers = headersOf(auth, credentials);
  const health = await get(`${baseUrl}${healthPath}`, headers, signal);
  if (health?.status === 404) return { kind: 'waiting', phase: 'registering' };
  const models = isGood(health) ? await get(`${baseUrl}/v1/models`, headers, signal) : null;
  const model = service.model ?? firstModel(models?.text ?? '');
  if (!isGood(models) || model === null) return { kind: 'waiting', phase: 'loading' };
  return { kind: 'serving', endpoint: { baseUrl, model, auth } };
}

function headersOf(auth: Endpoint['auth'], { token }: Credentials): Record<string, string> {
  return auth === 'none' ? {} : { authorization: `Bearer ${token}` };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function isGood(answer: Answer | null): boolean {
  return answer !== null && answer.status >= 200 && answer.status < 300;
}

const Models = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })).min(1) });

function firstModel(text: string): string | null {
  const models = Models.safeParse(parseJson(text));
  return models.success ? (models.data.data[0]?.id ?? null) : null;
}

/** Null when nothing answered. A redirect is an answer that is not 2xx. */
async function get(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Answer | null> {
  try {
    const answer = await request(url, {
      headers,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
      signal,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      if (Buffer.isBuffer(chunk) && bytes < MAX_ANSWER_BYTES) chunks.push(chunk);
      bytes += Buffer.isBuffer(chunk) ? chunk.length : 0;
    }
    return { status: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') };
  } catch {
    return null;
  }
}
