import { isRecord, parseJson } from '../../core/parse.ts';
import { cleanText, redactText } from '../../core/redact.ts';
import type { ProcessRunner } from '../../ports/process-runner.ts';
import { childEnvironment, type Environment, type GraphsignalLogin } from './graphsignal-login.ts';
import type { ContextQuery } from './graphsignal-window.ts';
import { getText } from './http-text.ts';

/** What one question to one client came to. */
export type FetchOutcome =
  | { readonly kind: 'context'; readonly raw: string; readonly client: string }
  /** Answered, with nothing in it: the data may still be on its way. */
  | { readonly kind: 'empty'; readonly reason: string; readonly client: string }
  /** Failed in a way that time or another client may mend. */
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly client: string;
      readonly raw: string | null;
    }
  /** Failed in a way that only a person mends. */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly client: string;
      readonly raw: string | null;
    }
  /** This client is not here, or does not know the command. */
  | { readonly kind: 'absent'; readonly reason: string; readonly client: string };

export interface FetchDeps {
  readonly runner: ProcessRunner;
  readonly env: Environment;
  readonly cliTimeoutMs: number;
  readonly httpTimeoutMs: number;
}

export interface FetchRequest {
  readonly query: ContextQuery;
  readonly login: GraphsignalLogin;
  readonly signal: AbortSignal;
}

/** Commands of the client, newest first. Source: graphsignal-context 0.1.2 to 0.1.6, graphsignal-debug 0.1.0. */
export const CLIENT_COMMANDS = [
  ['graphsignal-context', 'signals'],
  ['graphsignal-context', 'fetch'],
  ['graphsignal-debug', 'fetch'],
] as const;

/** Paths of the same answer, newest first; an old one is tried when a newer answers 404. */
const API_PATHS = [
  '/api/v1/context/signals/',
  '/api/v1/signal_context/',
  '/api/v1/debug_context/',
] as const;

const MAX_CONTEXT_BYTES = 64 * 1024 * 1024;

/** Detail that a program or server gave: quoted data, cleaned, redacted, short. */
function quote(text: string, login: GraphsignalLogin): string {
  return redactText(
    cleanText(text.trim().replace(/\s+/g, ' '), 160),
    login.key === null ? [] : [login.key],
  );
}

/** Asks through the command line client. The key goes by environment or the client's own file, never by argument. */
export async function fetchByCommand(
  deps: FetchDeps,
  command: readonly [string, string],
  request: FetchRequest,
): Promise<FetchOutcome> {
  const client = command.join(' ');
  const { query } = request;
  const result = await deps.runner.run({
    command: command[0],
    args: [
      command[1],
      '--start',
      query.start,
      '--end',
      query.end,
      ...(query.tags === '' ? [] : ['--tags', query.tags]),
    ],
    env: childEnvironment(deps.env),
    timeoutMs: deps.cliTimeoutMs,
    signal: request.signal,
  });
  if (result.notFound) return { kind: 'absent', reason: `${command[0]} is not installed`, client };
  if (result.timedOut) {
    return {
      kind: 'failed',
      reason: `${client} did not end within ${deps.cliTimeoutMs} ms`,
      client,
      raw: null,
    };
  }
  if (result.exitCode === 0) {
    return result.stdout.trim() === ''
      ? { kind: 'empty', reason: `${client} answered with an empty context`, client }
      : { kind: 'context', raw: result.stdout, client };
  }
  return commandFailure(result.exitCode, result.stderr, { client, login: request.login });
}

function commandFailure(
  exitCode: number | null,
  stderr: string,
  facts: { readonly client: string; readonly login: GraphsignalLogin },
): FetchOutcome {
  const { client } = facts;
  const raw = redactText(stderr, facts.login.key === null ? [] : [facts.login.key]).slice(0, 4000);
  if (exitCode === 2)
    return { kind: 'absent', reason: `${client} is no command of this version`, client };
  if (/Not logged in/.test(stderr)) {
    return {
      kind: 'refused',
      reason:
        'the profiler client is not logged in: run graphsignal-context login, or set GRAPHSIGNAL_API_KEY',
      client,
      raw,
    };
  }
  const detail = quote(stderr, facts.login);
  return {
    kind: 'failed',
    reason: `${client} failed with exit code ${exitCode ?? 'none'}: "${detail}"`,
    client,
    raw,
  };
}

/** Asks the HTTP API: real status codes, no Python. */
export async function fetchByHttp(deps: FetchDeps, request: FetchRequest): Promise<FetchOutcome> {
  const client = 'http';
  if (request.login.key === null) {
    return {
      kind: 'refused',
      reason:
        'no GRAPHSIGNAL_API_KEY and no ~/.graphsignal/config.yml: the profiler cannot be asked',
      client,
      raw: null,
    };
  }
  let last: FetchOutcome = {
    kind: 'failed',
    reason: 'the Graphsignal API has none of the known paths (404)',
    client,
    raw: null,
  };
  for (const path of API_PATHS) {
    const answer = await getText({
      url: `${request.login.apiBase}${path}?${searchOf(request.query)}`,
      headers: { 'x-api-key': request.login.key, accept: 'application/json' },
      timeoutMs: deps.httpTimeoutMs,
      maxBytes: MAX_CONTEXT_BYTES,
      signal: request.signal,
      path: 'proxied',
    });
    if (answer.kind === 'failed')
      return { kind: 'failed', reason: `the Graphsignal API ${answer.reason}`, client, raw: null };
    if (answer.status === 200) return readBody(answer.text, request.login);
    last = statusFailure(answer.status, answer.text, request.login);
    if (answer.status !== 404) return last;
  }
  return last;
}

function searchOf(query: ContextQuery): string {
  const search = new URLSearchParams({
    start_time_ns: query.startNs.toString(),
    end_time_ns: query.endNs.toString(),
  });
  if (query.tags !== '') search.set('tags', query.tags);
  return search.toString();
}

function statusFailure(status: number, text: string, login: GraphsignalLogin): FetchOutcome {
  const client = 'http';
  const raw = redactText(text, login.key === null ? [] : [login.key]).slice(0, 4000);
  if (status === 401 || status === 403) {
    return {
      kind: 'refused',
      reason: `the Graphsignal API refused the key (${status})`,
      client,
      raw,
    };
  }
  if (status === 400) {
    return { kind: 'refused', reason: 'the Graphsignal API refused the query (400)', client, raw };
  }
  return { kind: 'failed', reason: `the Graphsignal API answered ${status}`, client, raw };
}

/** `{"context": …}`: the context as text, whatever it is inside. */
function readBody(text: string, login: GraphsignalLogin): FetchOutcome {
  const client = 'http';
  const body = parseJson(text);
  if (body === undefined) {
    const raw = redactText(text, login.key === null ? [] : [login.key]);
    return {
      kind: 'failed',
      reason: 'the Graphsignal API answered with text that is not JSON',
      client,
      raw,
    };
  }
  const raw = contextText(isRecord(body) ? (body['context'] ?? null) : body);
  return raw.trim() === ''
    ? { kind: 'empty', reason: 'the Graphsignal API answered with an empty context', client }
    : { kind: 'context', raw, client };
}

function contextText(context: unknown): string {
  if (typeof context === 'string') return context;
  return context === null ? '' : JSON.stringify(context);
}
