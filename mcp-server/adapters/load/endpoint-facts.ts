import { LoadError } from '../../core/errors.ts';
import { isRecord } from '../../core/parse.ts';
import { quantile } from '../../core/stats/quantile.ts';
import { type Connection, requestJson } from './connection.ts';

/** What the service tells about itself before any load. */
export interface EndpointFacts {
  readonly rttMs: { readonly p50: number | null; readonly jitter: number | null };
  /** Names in `/v1/models`; empty when it has none. */
  readonly servedModels: readonly string[];
  /** Null when: the service does not tell. */
  readonly maxModelLen: number | null;
}

const MODELS_PATH = '/v1/models';
/** Tiny requests that the round trip is taken from. Source: own reasoning; under 100 ms in all on a near path. */
const RTT_PROBES = 9;
const PROBE_TIMEOUT_MS = 10_000;

/**
 * Asks for the models, which also warms the connection, then times tiny requests: the round trip of the whole path,
 * tunnels and proxies included, which the TCP handshake would not show.
 * Throws: LoadError `E_ENDPOINT` when the service cannot be reached.
 */
export async function readEndpoint(
  connection: Connection,
  options: { readonly model: string; readonly nowMs: () => number; readonly signal: AbortSignal },
): Promise<EndpointFacts> {
  const body = await reach(connection, options.signal);
  const models = isRecord(body) && Array.isArray(body['data']) ? body['data'].filter(isRecord) : [];
  const ids = models.flatMap((model) => (typeof model['id'] === 'string' ? [model['id']] : []));
  const ours = models.find((model) => model['id'] === options.model) ?? models[0];
  const limit = ours?.['max_model_len'];
  return {
    rttMs: await timeRoundTrips(connection, options),
    servedModels: ids,
    maxModelLen: typeof limit === 'number' && limit > 0 ? limit : null,
  };
}

async function reach(connection: Connection, signal: AbortSignal): Promise<unknown> {
  try {
    return (await getModels(connection, signal)).body;
  } catch (error) {
    if (signal.aborted) return null;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new LoadError(`The endpoint ${connection.origin} cannot be reached (${code}).`, {
      code: 'E_ENDPOINT',
      fix: 'Check that the service runs, and its host and port.',
      retryable: true,
      cause: error,
    });
  }
}

function getModels(
  connection: Connection,
  signal: AbortSignal,
): Promise<{ readonly body: unknown }> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
  return requestJson(connection, { path: MODELS_PATH, signal: limit });
}

async function timeRoundTrips(
  connection: Connection,
  options: { readonly nowMs: () => number; readonly signal: AbortSignal },
): Promise<EndpointFacts['rttMs']> {
  const times: number[] = [];
  for (let probe = 0; probe < RTT_PROBES && !options.signal.aborted; probe += 1) {
    const startMs = options.nowMs();
    try {
      await getModels(connection, options.signal);
      times.push(options.nowMs() - startMs);
    } catch {
      break;
    }
  }
  const p50 = quantile(times, 0.5);
  const p90 = quantile(times, 0.9);
  return { p50, jitter: p50 === null || p90 === null ? null : p90 - p50 };
}
