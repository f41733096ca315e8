import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isRecord } from '../../core/parse.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface GraphsignalLogin {
  /** Null when: not logged in. Never leaves this folder but in a header or a child's environment. */
  readonly key: string | null;
  readonly apiBase: string;
  readonly keyFrom: 'environment' | 'config' | null;
}

/** Source: graphsignal-context 0.1.x, default of GRAPHSIGNAL_API_BASE. */
const DEFAULT_API_BASE = 'https://api.graphsignal.com';

const text = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null;

/** Login of the profiler's client: environment before `~/.graphsignal/config.yml`; a broken file counts as none. */
export async function readLogin(env: Environment, homeDir: string): Promise<GraphsignalLogin> {
  const config = await readConfig(join(env['HOME'] ?? homeDir, '.graphsignal', 'config.yml'));
  const fromEnv = text(env['GRAPHSIGNAL_API_KEY']);
  const fromConfig = text(config['api_key']);
  const apiBase = text(env['GRAPHSIGNAL_API_BASE']) ?? text(config['api_base']) ?? DEFAULT_API_BASE;
  return {
    key: fromEnv ?? fromConfig,
    apiBase: apiBase.replace(/\/+$/, ''),
    keyFrom: fromEnv !== null ? 'environment' : fromConfig !== null ? 'config' : null,
  };
}

async function readConfig(file: string): Promise<Record<string, unknown>> {
  try {
    const parsed: unknown = parse(await readFile(file, 'utf8'));
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/** Variables a child of ours gets: what it needs to run, and the profiler's own. */
const PASSED =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|SystemRoot|VIRTUAL_ENV|PYTHONPATH|PYTHONHOME|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|GRAPHSIGNAL_\w+)$/;

/** Environment of a child: no other secret of ours goes along. */
export function childEnvironment(env: Environment): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && PASSED.test(name)) passed[name] = value;
  }
  return passed;
}
