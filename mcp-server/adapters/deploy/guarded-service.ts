import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DeployError } from '../../core/errors.ts';
import { parseJson, parseWith } from '../../core/parse.ts';
import { cleanText } from '../../core/redact.ts';
import type {
  Deploy,
  DeployHandle,
  DeploymentStatus,
  DeployRequest,
  StopProof,
} from '../../ports/deploy.ts';
import {
  type GuardStatus,
  guardStatus,
  startGuarded,
  stopGuarded,
  touchLease,
} from '../process/guard.ts';
import { findGuarded, GuardHandle, specFileOf, writeAtomically } from '../process/guard-files.ts';
import { readLogTail } from '../process/guard-log.ts';
import { checkReadiness, type Readiness } from './readiness.ts';

/** What is known of a service before its process exists; kept beside its log, so that a crash loses nothing. */
const ServiceFacts = z.object({
  runName: z.string(),
  port: z.number().int(),
  model: z.string().nullable(),
  healthPath: z.string(),
  logFile: z.string(),
});
type ServiceFacts = z.infer<typeof ServiceFacts>;

const ServiceHandle = z.object({ facts: ServiceFacts, guard: GuardHandle });
export type ServiceHandle = z.infer<typeof ServiceHandle>;

/** The guard needs a second or two; a spec without a state after this is a start that never happened. */
const FIND_WAIT_MS = 5000;
/** How much longer than the contract's idle time the guard waits, at most. Source: own reasoning. */
const IDLE_MARGIN_MS = 120_000;

const stateDirOf = (workDir: string): string => join(workDir, 'guard');
const factsFileOf = (workDir: string): string => join(workDir, 'deployment.json');
const servedFileOf = (stateDir: string): string => join(stateDir, 'served');
const stoppedFileOf = (stateDir: string): string => join(stateDir, 'stopped');

/** A handle as the ledger gives it back. Throws: InvalidInputError when it is not one of ours. */
function parseServiceHandle(handle: DeployHandle): ServiceHandle {
  return parseWith(ServiceHandle, handle, {
    name: 'Deployment handle',
    fix: 'Stop the process by hand and plan the trial again: the ledger entry is damaged.',
    code: 'E_HANDLE',
  });
}

/** The port that a deployment of this machine listens on. Throws: InvalidInputError `E_HANDLE`. */
export const portOf = (handle: DeployHandle): number => parseServiceHandle(handle).facts.port;

export interface GuardedStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly model: string | null;
  readonly healthPath: string;
}

/** Starts the program of a deployment under a guard. */
export async function startService(
  request: DeployRequest,
  start: GuardedStart,
): Promise<ServiceHandle> {
  mkdirSync(request.workDir, { recursive: true });
  const facts: ServiceFacts = {
    runName: request.runName,
    port: start.port,
    model: start.model,
    healthPath: start.healthPath,
    logFile: join(request.workDir, 'engine.log'),
  };
  writeAtomically(factsFileOf(request.workDir), JSON.stringify(facts));
  const guard = await startGuarded({
    command: start.command,
    args: start.args,
    env: start.env,
    cwd: request.workDir,
    logFile: facts.logFile,
    stateDir: stateDirOf(request.workDir),
    deadlineAtMs: request.deadlineAtMs,
    port: start.port,
    idleMs: guardIdleMs(request.idleMinutes),
  });
  return { facts, guard };
}

/** Later than the server's own idle rule, which also writes the ledger: the guard only acts when the server is dead. */
function guardIdleMs(idleMinutes: number): number {
  const idleMs = idleMinutes * 60_000;
  return idleMs + Math.min(IDLE_MARGIN_MS, idleMs / 2);
}

/** What every backend on this machine does alike: logs, stop and search through the guard; nothing is held in between. */
export function guardedOperations(
  backend: string,
): Pick<Deploy, 'logs' | 'stop' | 'find' | 'releaseSession' | 'authHeaders'> {
  return {
    logs: async (handle, { maxBytes }) =>
      readLogTail(parseServiceHandle(handle).facts.logFile, maxBytes),
    stop: async (handle) => stopService(parseServiceHandle(handle)),
    find: ({ workDir, runName }) => findService(workDir, runName),
    releaseSession: async () => ({
      gone: true,
      proof: [`${backend}: nothing is held between deployments`],
      costUsd: 0,
    }),
    authHeaders: async () => ({}),
  };
}

type Ready = Pick<Extract<DeploymentStatus, { kind: 'ready' }>, 'instance' | 'priceUsdPerHour'>;

/**
 * Where a guarded service stands: ended, starting or ready.
 * @param describe what the backend knows of a service that serves. Null when: not known yet, so it still warms up.
 */
export async function guardedStatus(
  handle: DeployHandle,
  signal: AbortSignal,
  describe: (baseUrl: string) => Promise<Ready | null>,
): Promise<DeploymentStatus> {
  const service = parseServiceHandle(handle);
  const end = await endOf(service);
  if (end !== null) return end;
  const baseUrl = `http://127.0.0.1:${service.facts.port}`;
  const readiness = await readinessOf(service, baseUrl, signal);
  const ready = readiness.kind === 'serving' ? await describe(baseUrl) : null;
  if (readiness.kind === 'waiting' || ready === null) {
    const phase = readiness.kind === 'waiting' ? readiness.phase : 'warming';
    // It may have ended while it was asked.
    return (await endOf(service)) ?? { kind: 'starting', phase };
  }
  return { kind: 'ready', endpoint: { baseUrl, model: readiness.model, auth: 'none' }, ...ready };
}

/** One look at the service. Once it was seen serving, later looks send it no work: it may be under measurement. */
async function readinessOf(
  handle: ServiceHandle,
  baseUrl: string,
  signal: AbortSignal,
): Promise<Readiness> {
  const servedFile = servedFileOf(handle.guard.stateDir);
  if (existsSync(servedFile)) return { kind: 'serving', model: readFileSync(servedFile, 'utf8') };
  const readiness = await checkReadiness({ baseUrl, ...handle.facts }, signal);
  if (readiness.kind === 'serving') writeAtomically(servedFile, readiness.model);
  return readiness;
}

/** Null while the process runs; otherwise how it ended. Renews the lease that keeps the guard from ending it as idle. */
async function endOf(handle: ServiceHandle): Promise<DeploymentStatus | null> {
  touchLease(handle.guard.stateDir);
  if (existsSync(stoppedFileOf(handle.guard.stateDir))) return { kind: 'gone' };
  const status = await guardStatus(handle.guard);
  if (status.kind === 'running') return null;
  if (status.endReason === 'stop') return { kind: 'gone' };
  if (status.kind === 'ending' && status.endReason === null) return null;
  return {
    kind: 'failed',
    phase: 'running',
    reason: status.endReason ?? 'lost',
    exitCode: status.exitCode,
    message: endMessage(handle, status),
  };
}

function endMessage(handle: ServiceHandle, status: GuardStatus): string {
  switch (status.endReason) {
    case 'deadline':
      return 'Its deadline passed and the guard ended it.';
    case 'idle':
      return 'Nobody asked for it within the idle time and the guard ended it.';
    case 'spawn_failed':
      return `The program could not be started (${status.error ?? 'unknown'}).`;
    case 'exited':
      return exitMessage(handle, status);
    case 'stop':
      return 'It was stopped.';
    case null:
      return 'The process and its guard are gone, and no end was written.';
  }
}

function exitMessage(handle: ServiceHandle, status: GuardStatus): string {
  const lastLine = readLogTail(handle.facts.logFile, 4000).trimEnd().split('\n').at(-1) ?? '';
  const how = status.exitCode ?? status.signal ?? 'no exit code';
  return cleanText(`The process exited (${how}). Last line: ${lastLine}`, 500);
}

/** Stops the group through its guard and proves it gone. Idempotent. */
async function stopService(handle: ServiceHandle): Promise<StopProof> {
  const proof = await stopGuarded(handle.guard);
  if (proof.gone) writeFileSync(stoppedFileOf(handle.guard.stateDir), '');
  return proof;
}

/** The deployment whose books lie in the folder. Null when: none was ever started there. */
async function findService(workDir: string, runName: string): Promise<ServiceHandle | null> {
  const facts = readFacts(workDir);
  if (facts === null || facts.runName !== runName) return null;
  const stateDir = stateDirOf(workDir);
  const until = performance.now() + FIND_WAIT_MS;
  for (;;) {
    const guard = findGuarded(stateDir);
    if (guard !== null) return { facts, guard };
    if (!existsSync(specFileOf(stateDir)) || performance.now() >= until) return null;
    await sleep(100);
  }
}

function readFacts(workDir: string): ServiceFacts | null {
  if (!existsSync(factsFileOf(workDir))) return null;
  const parsed = ServiceFacts.safeParse(parseJson(readFileSync(factsFileOf(workDir), 'utf8')));
  return parsed.success ? parsed.data : null;
}

/** Refuses a port that something else holds. Throws: DeployError `E_PORT_IN_USE`. */
export function refusePort(port: number): DeployError {
  return new DeployError(`Port ${port} of this machine is in use, so the service cannot listen.`, {
    code: 'E_PORT_IN_USE',
    fix: `Stop what listens on port ${port} (ss -ltnp 'sport = :${port}' names it), or change port and the launch command in the service file.`,
    retryable: true,
  });
}
