import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';

/** What a GET came to. Failures are data: telemetry never stops a loop. */
export type HttpText =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly text: string;
      readonly type: string;
    }
  | { readonly kind: 'failed'; readonly reason: string };

export interface GetRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** `direct` for the service under test, `proxied` for control traffic that honours the environment's proxies. */
  readonly path: 'direct' | 'proxied';
}

const agents: { direct?: Dispatcher; proxied?: Dispatcher } = {};

function agentFor(path: GetRequest['path']): Dispatcher {
  if (path === 'direct') return (agents.direct ??= new Agent({ keepAliveTimeout: 1000 }));
  return (agents.proxied ??= new EnvHttpProxyAgent());
}

/** Node's and undici's codes in words of ours; anything else is `could not be reached`. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'refused the connection'],
  ['ENOTFOUND', 'has a name that does not resolve'],
  ['EAI_AGAIN', 'has a name that does not resolve'],
  ['ECONNRESET', 'closed the connection'],
  ['UND_ERR_SOCKET', 'closed the connection'],
  ['UND_ERR_CONNECT_TIMEOUT', 'did not accept a connection in time'],
  ['UND_ERR_HEADERS_TIMEOUT', 'did not answer in time'],
  ['UND_ERR_BODY_TIMEOUT', 'did not answer in time'],
  ['CERT_HAS_EXPIRED', 'has an expired certificate'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'has a certificate that is not trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'has a certificate that is not trusted'],
]);

/** GET with a deadline over everything and a cap on the body. Never rejects. */
export async function getText(get: GetRequest): Promise<HttpText> {
  const deadline = AbortSignal.timeout(get.timeoutMs);
  const signal = AbortSignal.any([get.signal, deadline]);
  try {
    const answer = await request(get.url, {
      method: 'GET',
      headers: { ...get.headers },
      dispatcher: agentFor(get.path),
      headersTimeout: get.timeoutMs,
      bodyTimeout: get.timeoutMs,
      signal,
    });
    const text = await readCapped(answer.body, get.maxBytes);
    if (text === null)
      return { kind: 'failed', reason: `answered with more than ${get.maxBytes} bytes` };
    const type = answer.headers['content-type'];
    return {
      kind: 'answered',
      status: answer.statusCode,
      text,
      type: typeof type === 'string' ? type : '',
    };
  } catch (error) {
    if (get.signal.aborted)
      return { kind: 'failed', reason: 'was not asked to the end: the call was cancelled' };
    if (deadline.aborted)
      return { kind: 'failed', reason: `did not answer within ${get.timeoutMs} ms` };
    return { kind: 'failed', reason: REASONS.get(codeOf(error)) ?? 'could not be reached' };
  }
}

async function readCapped(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string') return code;
  return error.cause instanceof Error ? codeOf(error.cause) : '';
}
