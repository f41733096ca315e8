import { join } from 'node:path';
import { type AutodebugError, ConfigError, DeployError } from '../../../core/errors.ts';
import type { DeployRequest } from '../../../ports/deploy.ts';
import type { GuardHandle } from '../../process/guard-files.ts';
import { type Environment, missingNames } from '../child-env.ts';
import { childEnv, type DstackCli } from './cli.ts';
import type { Credentials } from './credentials.ts';
import { classifyFailure, collapseOutput, failureError } from './errors.ts';
import { writeFacts } from './facts.ts';
import { ensureFleet } from './fleet.ts';
import type { DstackHandle } from './handle.ts';
import { refuseExistingRun } from './plan.ts';
import { type AppliedText, renderApplied } from './render.ts';
import type { DstackRest } from './rest.ts';
import type { ReaperSpec, RunGuard } from './run-guard.ts';
import type { Run } from './run-json.ts';
import { carriesOurTags, readRun } from './runs.ts';
import { type Pace, type RunIdentity, teardownRun } from './teardown.ts';
import { writeApplied } from './write-applied.ts';

/** The server may read the image's registry on the way, which takes its time. */
const APPLY_TIMEOUT_MS = 120_000;
const APPLIED_FILE = 'dstack-applied.yml';

/** Everything that one call works with: the login as it is now, and the two ways to the server. */
export interface Connection {
  readonly credentials: Credentials;
  readonly cli: DstackCli;
  readonly rest: DstackRest;
  readonly environment: Environment;
  readonly guard: RunGuard;
  readonly pace: Pace;
}

/**
 * Fleet, plan, guard, apply, read back. Whatever fails after the apply began is looked for and stopped before the error is thrown.
 * The guard stands before the run does, so that no moment exists in which nobody holds it.
 */
export async function startRun(
  connection: Connection,
  request: DeployRequest,
  signal: AbortSignal,
): Promise<DstackHandle> {
  const { cli, rest, credentials, environment } = connection;
  const { project } = credentials;
  const applied = renderApplied(request);
  const values = envValues(applied, environment);
  await ensureFleet(cli, { ...request, project, signal });
  await refuseExistingRun({ rest, project, applied, environment, signal });
  writeApplied(join(request.workDir, APPLIED_FILE), applied.text);
  const handle = handleOf(connection, request, applied);
  writeFacts(handle);
  const guard = await startGuard(connection, request, handle);
  const run = await applyRun(connection, { request, values, guard, signal });
  connection.guard.identify({ ...specOf(handle), runId: run.id });
  return { ...handle, runId: run.id, guard };
}

/** Values of the names that the file takes from the environment. Throws: ConfigError `E_ENV_MISSING`. */
function envValues({ service }: AppliedText, environment: Environment): Record<string, string> {
  const missing = missingNames(service.env, environment);
  if (missing.length > 0) {
    throw new ConfigError(
      `The service takes ${missing.join(', ')} from the environment, where it is not set.`,
      {
        code: 'E_ENV_MISSING',
        fix: `Set ${missing.join(', ')} in the environment that starts autodebug, or keep it as a dstack secret.`,
      },
    );
  }
  const bare = Object.keys(service.env).filter((name) => service.env[name] === null);
  return Object.fromEntries(bare.map((name) => [name, environment[name] ?? '']));
}

function handleOf(
  { credentials, pace }: Connection,
  request: DeployRequest,
  applied: AppliedText,
): DstackHandle {
  return {
    backend: 'dstack',
    runName: request.runName,
    runId: '',
    sessionId: request.sessionId,
    deploymentId: request.deploymentId,
    project: credentials.project,
    serverUrl: credentials.url,
    workDir: request.workDir,
    healthPath: applied.healthPath,
    model: applied.service.modelName,
    readyByMs: pace.nowMs() + request.budget.maxMinutesToReady * 60_000,
    deadlineAtMs: request.deadlineAtMs,
    guard: null,
  };
}

function specOf(handle: DstackHandle): ReaperSpec {
  const { runName, sessionId, deploymentId, project, workDir } = handle;
  return { runName, sessionId, deploymentId, project, workDir, runId: null };
}

function startGuard(
  { guard, environment, credentials }: Connection,
  request: DeployRequest,
  handle: DstackHandle,
): Promise<GuardHandle> {
  const binary = environment['DSTACK_BIN'];
  return guard.start({
    spec: specOf(handle),
    env: {
      ...childEnv(environment, credentials),
      ...(binary === undefined ? {} : { DSTACK_BIN: binary }),
    },
    deadlineAtMs: request.deadlineAtMs,
    idleMs: request.idleMinutes * 60_000,
  });
}

interface Applying {
  readonly request: DeployRequest;
  readonly values: Readonly<Record<string, string>>;
  readonly guard: GuardHandle;
  readonly signal: AbortSignal;
}

/** Exit 0 says nothing: the run is read back, and a failure or a time-out may have made one all the same. */
async function applyRun(connection: Connection, applying: Applying): Promise<Run> {
  const { cli, credentials } = connection;
  const { request, values, signal } = applying;
  const result = await cli.call({
    args: [
      'apply',
      '-f',
      APPLIED_FILE,
      '-y',
      '-d',
      '--no-profile',
      '--project',
      credentials.project,
    ],
    cwd: request.workDir,
    env: values,
    timeoutMs: APPLY_TIMEOUT_MS,
    signal,
  });
  if (result.exitCode === 0) {
    const run = await lookForRun(connection, request, signal);
    if (run.kind === 'ours') return run.run;
  }
  const secrets = [credentials.token, ...Object.values(values)];
  const error =
    result.exitCode === 0
      ? notListed(request.runName)
      : failureError(classifyFailure(result), collapseOutput(result), secrets);
  throw await cleanUp(connection, applying, error);
}

type Sighting =
  | { readonly kind: 'ours'; readonly run: Run }
  | { readonly kind: 'none' | 'foreign' | 'unknown' };

async function lookForRun(
  { cli, credentials }: Connection,
  request: DeployRequest,
  signal: AbortSignal,
): Promise<Sighting> {
  try {
    const run = await readRun(cli, {
      project: credentials.project,
      by: { name: request.runName },
      signal,
    });
    if (run === null) return { kind: 'none' };
    return carriesOurTags(run, request) ? { kind: 'ours', run } : { kind: 'foreign' };
  } catch {
    return { kind: 'unknown' };
  }
}

/** Looks for what a failed apply may have left, stops it, and lets the guard go only when nothing is left. */
async function cleanUp(
  connection: Connection,
  { request, guard }: Applying,
  error: AutodebugError,
): Promise<AutodebugError> {
  const { cli, pace, credentials } = connection;
  // The caller's signal may be the reason of the failure; cleaning up must not stop with it.
  const signal = new AbortController().signal;
  let sighting = await lookForRun(connection, request, signal);
  if (sighting.kind === 'none') {
    // A request that was under way when the child was ended may still arrive.
    await pace.sleep(pace.pollMs, signal);
    sighting = await lookForRun(connection, request, signal);
  }
  if (sighting.kind === 'unknown') return maybeCreated(request.runName, error);
  if (sighting.kind === 'ours') {
    const identity: RunIdentity = {
      ...request,
      runId: sighting.run.id,
      project: credentials.project,
    };
    const proof = await teardownRun(cli, { run: identity, pace, signal });
    if (!proof.gone) return maybeCreated(request.runName, error);
  }
  await connection.guard.end(guard);
  return error;
}

function notListed(runName: string): DeployError {
  return new DeployError(`dstack accepted the run ${runName}, but does not list it as ours.`, {
    code: 'E_APPLY',
    fix: `Run \`dstack run get ${runName} --json\` by hand, then plan the trial again.`,
    retryable: true,
  });
}

function maybeCreated(runName: string, cause: AutodebugError): DeployError {
  return new DeployError(
    `The start of ${runName} failed (${cause.code}) and it is not proven that no run was made; its guard stops it at its deadline.`,
    {
      code: 'E_MAYBE_CREATED',
      fix: `Run \`dstack ps\`; if ${runName} is there, call stop_deployments or \`dstack stop ${runName} -y\`.`,
      cause,
    },
  );
}
