import { parseProfilerContext } from '../../core/telemetry/graphsignal.ts';
import type { Telemetry, TelemetryAnswer, TelemetryWindow } from '../../ports/telemetry.ts';
import { scrapeMetrics, serverInfo } from './engine-endpoint.ts';
import { childEnvironment, readLogin } from './graphsignal-login.ts';
import {
  HOSTED_TIMING,
  readHostedContext,
  type SourceDeps,
  type SourceTiming,
} from './graphsignal-source.ts';
import { queryOf } from './graphsignal-window.ts';
import { getText } from './http-text.ts';

export interface TelemetryDeps extends Pick<SourceDeps, 'runner' | 'clock' | 'env' | 'homeDir'> {
  /** Waits of the hosted profiler; shorter ones in tests. */
  readonly timing?: SourceTiming;
  readonly cliTimeoutMs?: number;
  readonly httpTimeoutMs?: number;
}

const STATUS_TIMEOUT_MS = 10_000;
const SIMULATED_TIMEOUT_MS = 10_000;
const MAX_SIMULATED_BYTES = 64 * 1024 * 1024;

/** Telemetry over HTTP and the profiler's own client. No method throws for a source that is absent or fails. */
export function createTelemetry(deps: TelemetryDeps): Telemetry {
  const source: SourceDeps = {
    runner: deps.runner,
    clock: deps.clock,
    env: deps.env,
    homeDir: deps.homeDir,
    timing: deps.timing ?? HOSTED_TIMING,
    // The client reads for up to 30 s; it must be able to say so itself.
    cliTimeoutMs: deps.cliTimeoutMs ?? 45_000,
    httpTimeoutMs: deps.httpTimeoutMs ?? 60_000,
  };
  return {
    scrapeMetrics,
    serverInfo,
    profilerContext: (window, options) =>
      options.simulatedBaseUrl === null
        ? readHostedContext(source, window, options)
        : readSimulatedContext(options.simulatedBaseUrl, window, options.signal),
    profilerStatus: (signal) => readStatus(source, signal),
  };
}

/** The simulator answers at once and completely: no settling, no retries. */
async function readSimulatedContext(
  baseUrl: string,
  window: TelemetryWindow,
  signal: AbortSignal,
): Promise<TelemetryAnswer> {
  const query = queryOf(window);
  const search = new URLSearchParams({
    start_time_ns: query.startNs.toString(),
    end_time_ns: query.endNs.toString(),
  });
  const answer = await getText({
    url: `${baseUrl.replace(/\/+$/, '')}/autodebug/graphsignal?${search.toString()}`,
    headers: {},
    timeoutMs: SIMULATED_TIMEOUT_MS,
    maxBytes: MAX_SIMULATED_BYTES,
    signal,
    path: 'direct',
  });
  const client = 'simulated';
  if (answer.kind === 'failed')
    return { kind: 'none', reason: `the simulator ${answer.reason}`, raw: null, client };
  if (answer.status !== 200) {
    return {
      kind: 'none',
      reason: `the simulator answered ${answer.status}`,
      raw: answer.text.slice(0, 4000),
      client,
    };
  }
  if (parseProfilerContext(answer.text).points === 0) {
    return {
      kind: 'none',
      reason: 'the simulator holds no point of the window',
      raw: answer.text,
      client,
    };
  }
  return { kind: 'data', raw: answer.text, client, notes: [] };
}

/** Which client there is and whether it can log in; asks no server. */
async function readStatus(
  source: SourceDeps,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<Telemetry['profilerStatus']>>> {
  const login = await readLogin(source.env, source.homeDir);
  const client = await findClient(source, signal);
  const where =
    login.keyFrom === 'environment' ? 'GRAPHSIGNAL_API_KEY' : '~/.graphsignal/config.yml';
  const detail =
    login.key === null
      ? 'no key: run graphsignal-context login, or set GRAPHSIGNAL_API_KEY'
      : `key from ${where}; ${client === null ? 'no client installed, the HTTP API is asked' : `${client} is installed`}`;
  return {
    loggedIn: login.key !== null,
    client: client ?? (login.key === null ? null : 'http'),
    detail,
  };
}

async function findClient(source: SourceDeps, signal: AbortSignal): Promise<string | null> {
  for (const command of ['graphsignal-context', 'graphsignal-debug']) {
    const result = await source.runner.run({
      command,
      args: ['--help'],
      env: childEnvironment(source.env),
      timeoutMs: STATUS_TIMEOUT_MS,
      signal,
    });
    if (!result.notFound && result.exitCode === 0) return command;
  }
  return null;
}
