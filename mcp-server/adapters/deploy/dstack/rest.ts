import { request } from 'undici';
import { parseJson } from '../../../core/parse.ts';
import { cleanText } from '../../../core/redact.ts';
import type { Credentials } from './credentials.ts';

/** Time of one call, headers and body each. Source: own reasoning; the server answers in well under a second. */
const REST_TIMEOUT_MS = 15_000;
/** Largest answer that is read; a page of 1,000 log lines stays far below. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export type RestAnswer =
  | { readonly kind: 'ok'; readonly value: unknown }
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly codes: readonly string[];
      readonly said: string;
    }
  | { readonly kind: 'unreachable' };

/** Calls of the dstack server that its CLI cannot make. Never rejects. */
export interface DstackRest {
  post(path: string, body: unknown, signal: AbortSignal): Promise<RestAnswer>;
}

/** Time-outs of its own, no redirects, no version header, unknown fields kept. */
export function createRest(credentials: Pick<Credentials, 'url' | 'token'>): DstackRest {
  return {
    async post(path, body, signal) {
      try {
        const answer = await request(`${credentials.url}${path}`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${credentials.token}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify(body),
          headersTimeout: REST_TIMEOUT_MS,
          bodyTimeout: REST_TIMEOUT_MS,
          signal: AbortSignal.any([signal, AbortSignal.timeout(2 * REST_TIMEOUT_MS)]),
        });
        const text = await readCapped(answer.body);
        if (answer.statusCode === 200) return { kind: 'ok', value: parseJson(text) };
        return refusalOf(answer.statusCode, text);
      } catch {
        return { kind: 'unreachable' };
      }
    },
  };
}

async function readCapped(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error('answer too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `detail` is a text, an object or a list, by the kind of failure. */
function refusalOf(status: number, text: string): RestAnswer {
  const codes = [...text.matchAll(/"code"\s*:\s*"([a-z_]{1,60})"/g)].flatMap(
    (match) => match[1] ?? [],
  );
  const messages = [...text.matchAll(/"(?:msg|detail)"\s*:\s*"((?:[^"\\]|\\.){1,500})"/g)];
  const said = messages.map((match) => match[1] ?? '').join('; ');
  return { kind: 'refused', status, codes, said: cleanText(said, 500) };
}
