import { readFileSync } from 'node:fs';
import { AutodebugError } from '../../../core/errors.ts';
import type { Deploy, DeployRequest, StopProof } from '../../../ports/deploy.ts';
import { connect, connectTo, type DstackDeployDeps } from './connect.ts';
import { findRun } from './find.ts';
import { ONE_AT_A_TIME } from './fleet.ts';
import { type DstackHandle, parseHandle } from './handle.ts';
import { readLogs } from './logs.ts';
import { priceRun } from './plan.ts';
import { savedLogOf } from './reap.ts';
import { releaseFleet } from './release.ts';
import { renderApplied } from './render.ts';
import { readRun } from './runs.ts';
import { checkDstackSetup } from './setup.ts';
import { type Connection, startRun } from './start.ts';
import { teardownRun } from './teardown.ts';
import { createWatcher } from './watch.ts';

/** Looks at a run every 5 s, and every 10 s while nothing changes. Source: dstack's own skill says 10 to 20 s. */
const LOOK_MS = { first: 5000, most: 10_000 } as const;

/** Deploys on clouds through dstack: its CLI, and its REST API where the CLI cannot say it. */
export function createDstackDeploy(
  deps: DstackDeployDeps & { readonly lookMs?: { readonly first: number; readonly most: number } },
): Deploy {
  const watcher = createWatcher(deps.lookMs ?? LOOK_MS);
  return {
    backend: 'dstack',
    paid: true,
    checkSetup: (request, signal) => checkDstackSetup(deps, request, signal),
    plan: async (request, signal) => plan(connect(deps), request, signal),
    start: async (request, signal) => startRun(connect(deps), request, signal),
    roomForSecond: async () => ({ holds: false, reason: ONE_AT_A_TIME }),
    status: async (given, signal) => {
      const handle = parseHandle(given);
      return watcher.watch(connectTo(deps, handle), handle, signal);
    },
    logs: async (given, options) => {
      const handle = parseHandle(given);
      return logs(connectTo(deps, handle), handle, options);
    },
    stop: async (given, signal) => {
      const handle = parseHandle(given);
      watcher.forget(handle.runId);
      return stop(deps, handle, signal);
    },
    find: async (request, signal) => findRun(connect(deps), request, signal),
    releaseSession: (sessionId, signal) => release(deps, sessionId, signal),
    authHeaders: async (endpoint) =>
      endpoint.auth === 'dstack'
        ? { authorization: `Bearer ${connect(deps).credentials.token}` }
        : {},
  };
}

function plan(
  { rest, credentials, environment }: Connection,
  request: DeployRequest,
  signal: AbortSignal,
): ReturnType<Deploy['plan']> {
  const applied = renderApplied(request);
  return priceRun({ rest, project: credentials.project, applied, environment, signal });
}

async function logs(
  { cli, rest, credentials, guard }: Connection,
  handle: DstackHandle,
  options: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<string> {
  guard.touch(handle.workDir);
  const { project, runId } = handle;
  const run = await readRun(cli, { project, by: { id: runId }, signal: options.signal });
  const secrets = [credentials.token];
  const text = run === null ? '' : await readLogs({ cli, rest, run, project, secrets }, options);
  return text === '' ? savedLog(handle.workDir, options.maxBytes) : text;
}

/** What the reaper saved when nobody was there. */
function savedLog(workDir: string, maxBytes: number): string {
  try {
    return readFileSync(savedLogOf(workDir)).subarray(-maxBytes).toString('utf8');
  } catch {
    return '';
  }
}

/** The guard is let go only when the run is proven gone: until then it is what still holds it. */
async function stop(
  deps: DstackDeployDeps,
  handle: DstackHandle,
  signal: AbortSignal,
): Promise<StopProof> {
  const connection = tryConnect(() => connectTo(deps, handle));
  if ('gone' in connection) return connection;
  const { cli, pace, guard } = connection;
  const proof = await teardownRun(cli, { run: handle, pace, signal });
  if (!proof.gone || handle.guard === null) return proof;
  return { ...proof, proof: [...proof.proof, ...(await guard.end(handle.guard))] };
}

function tryConnect(open: () => Connection): Connection | StopProof {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof AutodebugError)) throw error;
    return {
      gone: false,
      proof: [`dstack: nothing is proven (${error.code}: ${error.message})`],
      costUsd: null,
    };
  }
}

async function release(
  deps: DstackDeployDeps,
  sessionId: string,
  signal: AbortSignal,
): Promise<StopProof> {
  const connection = tryConnect(() => connect(deps));
  if ('gone' in connection) return connection;
  const { cli, credentials, pace } = connection;
  return releaseFleet(cli, { sessionId, project: credentials.project, pace, signal });
}
