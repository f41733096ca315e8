import { parseJson } from '../../../core/parse.ts';
import type { ProcessRunner, RunResult } from '../../../ports/process-runner.ts';
import type { Environment } from '../child-env.ts';
import type { Credentials } from './credentials.ts';
import { classifyFailure, collapseOutput, failureError, saysNotFound } from './errors.ts';

/** Time of one call; the CLI has no time-out of its own. Source: own reasoning, a cold start takes 1 to 3 s. */
const CALL_TIMEOUT_MS = 60_000;

interface CliCall {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Values for the names that a service takes from the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** The dstack command: argv arrays, its own time-outs, credentials by environment. */
export interface DstackCli {
  /** Never rejects; the result tells how it went. */
  call(call: CliCall): Promise<RunResult>;
  /** JSON of a call that must succeed; null when dstack says that the run or fleet does not exist. Throws the classified error otherwise. */
  json(call: CliCall): Promise<unknown>;
}

/** Names that the child keeps from our environment: what Python, ssh, git, proxies and CAs need. */
const KEPT =
  /^(PATH|HOME|USERPROFILE|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|APPDATA|LOCALAPPDATA|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY|all_proxy|ALL_PROXY|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|SSH_AUTH_SOCK|DSTACK_SSH_CLIENT)$/;

/** The whole environment of a dstack child. Wide columns: dstack wraps text hard at the terminal's width. */
export function childEnv(
  environment: Environment,
  credentials: Credentials | null,
): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && KEPT.test(pair[0]),
  );
  return {
    ...Object.fromEntries(kept),
    COLUMNS: '1000',
    NO_COLOR: '1',
    TERM: 'dumb',
    DSTACK_NO_PROFILE: '1',
    ...(credentials === null
      ? {}
      : {
          DSTACK_SERVER_URL: credentials.url,
          DSTACK_TOKEN: credentials.token,
          DSTACK_PROJECT: credentials.project,
        }),
  };
}

/** Builds the caller of one binary under one login. */
export function createCli(deps: {
  readonly runner: ProcessRunner;
  readonly environment: Environment;
  readonly credentials: Credentials | null;
}): DstackCli {
  const command = binaryOf(deps.environment);
  const base = childEnv(deps.environment, deps.credentials);
  const secrets = deps.credentials === null ? [] : [deps.credentials.token];
  const call = (request: CliCall): Promise<RunResult> =>
    deps.runner.run({
      command,
      args: request.args,
      env: { ...request.env, ...base },
      timeoutMs: request.timeoutMs ?? CALL_TIMEOUT_MS,
      ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
      ...(request.input === undefined ? {} : { input: request.input }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  return {
    call,
    async json(request) {
      const result = await call(request);
      if (result.exitCode === 0) return parseOutput(result.stdout);
      if (!result.timedOut && !result.notFound && saysNotFound(result)) return null;
      throw failureError(classifyFailure(result), collapseOutput(result), secrets);
    },
  };
}

/** Name or path of the dstack command. */
export function binaryOf(environment: Environment): string {
  const named = environment['DSTACK_BIN'];
  return named === undefined || named === '' ? 'dstack' : named;
}

/** JSON that follows any banner (an update notice comes before it). Undefined when: there is none. */
export function parseOutput(stdout: string): unknown {
  const lines = stdout.split('\n');
  const first = lines.findIndex((line) => line.startsWith('{'));
  return first === -1 ? undefined : parseJson(lines.slice(first).join('\n'));
}
