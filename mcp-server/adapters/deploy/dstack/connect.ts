import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../../../core/errors.ts';
import type { ProcessRunner } from '../../../ports/process-runner.ts';
import type { Environment } from '../child-env.ts';
import { createCli } from './cli.ts';
import { readCredentials } from './credentials.ts';
import { createRest } from './rest.ts';
import { createRunGuard, type RunGuard } from './run-guard.ts';
import type { Connection } from './start.ts';
import { type Pace, STOP_TIMES } from './teardown.ts';

export interface DstackDeployDeps {
  readonly runner: ProcessRunner;
  /** DSTACK_BIN, DSTACK_SERVER_URL, DSTACK_TOKEN, DSTACK_PROJECT, HF_TOKEN, HF_ENDPOINT and what services name. */
  readonly environment: Environment;
  /** Where `.dstack/config.yml` lies. */
  readonly homeDir: string;
  readonly guard?: RunGuard;
  readonly pace?: Partial<Pace>;
}

/** The login as it is now, and the ways to the server. Throws: ConfigError when there is no login. */
export function connect(deps: DstackDeployDeps): Connection {
  const { runner, environment, homeDir } = deps;
  const credentials = readCredentials(environment, homeDir);
  return {
    credentials,
    environment,
    cli: createCli({ runner, environment, credentials }),
    rest: createRest(credentials),
    guard: deps.guard ?? createRunGuard(),
    pace: paceOf(deps.pace),
  };
}

function paceOf(change: Partial<Pace> | undefined): Pace {
  return { nowMs: Date.now, sleep: pause, ...STOP_TIMES, ...change };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}

/** The same, for a deployment that exists. Throws: ConfigError `E_DSTACK_OTHER_SERVER`: another server knows nothing of it, which would look like an end. */
export function connectTo(
  deps: DstackDeployDeps,
  deployment: { readonly serverUrl: string; readonly project: string },
): Connection {
  const connection = connect(deps);
  refuseOtherServer(connection, deployment);
  return connection;
}

export function refuseOtherServer(
  { credentials }: Connection,
  deployment: { readonly serverUrl: string; readonly project: string },
): void {
  if (credentials.url === deployment.serverUrl) return;
  throw new ConfigError('The login names another dstack server than the one of the deployment.', {
    code: 'E_DSTACK_OTHER_SERVER',
    fix: 'Log in to the server of the deployment again; its URL stands in the handle in ledger.jsonl.',
  });
}
