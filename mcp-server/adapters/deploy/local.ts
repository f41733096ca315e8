import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import type { Instance, Room } from '../../core/ledger/vocabulary.ts';
import { parseServiceFile, type ServiceFile } from '../../core/service/service-file.ts';
import { detectEngine } from '../../engines/index.ts';
import type {
  Deploy,
  DeployHandle,
  DeployRequest,
  SetupFinding,
  SetupRequest,
} from '../../ports/deploy.ts';
import type { ProcessRunner } from '../../ports/process-runner.ts';
import { isPortFree } from '../process/tcp-ports.ts';
import { childEnvironment, type Environment, missingNames } from './child-env.ts';
import {
  guardedOperations,
  guardedStatus,
  portOf,
  refusePort,
  startService,
} from './guarded-service.ts';

export interface LocalDeployOptions {
  readonly environment: Environment;
  readonly runner: ProcessRunner;
}

/** Deploys on this machine: the service's commands as a guarded process group, price 0. */
export function createLocalDeploy(options: LocalDeployOptions): Deploy {
  const machine = createMachine(options.runner);
  return {
    backend: 'local',
    paid: false,
    checkSetup: (request) => checkSetup(request, options.environment),
    plan: async (request) => {
      childEnvironment(parseServiceFile(request.serviceYaml).env, options.environment, {});
      return { priceUsdPerHour: 0, notes: ['runs on this machine'] };
    },
    start: (request) => start(request, options.environment),
    roomForSecond: async (handle) => roomBeside(portOf(handle), await machine()),
    status: (handle, signal) =>
      guardedStatus(handle, signal, async () => ({
        instance: await machine(),
        priceUsdPerHour: 0,
      })),
    ...guardedOperations('local'),
  };
}

/** The file fixes the port, and a GPU's memory is taken whole by the engine that holds it. */
function roomBeside(port: number, { gpu }: Instance): Room {
  const reason =
    gpu === 'cpu'
      ? `both files listen on port ${port}, and the engines would share the cores of one machine`
      : `the first engine holds the memory of ${gpu}`;
  return { holds: false, reason };
}

async function start(request: DeployRequest, environment: Environment): Promise<DeployHandle> {
  const service = parseServiceFile(request.serviceYaml);
  const env = childEnvironment(service.env, environment, request.tags);
  if (!(await isPortFree(service.port))) throw refusePort(service.port);
  return startService(request, {
    command: shellOf(service),
    args: ['-c', joinCommands(service.commands)],
    env,
    port: service.port,
    model: service.modelName,
    healthPath: healthPathOf(service),
  });
}

/** Joined as dstack joins them, so that the same file means the same here. Source: dstack docs, `commands`. */
function joinCommands(commands: readonly string[]): string {
  return commands.map((command) => command.trimEnd()).join(' && ');
}

function shellOf(service: ServiceFile): string {
  return service.image === null && existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
}

/** The first probe of the file that is a plain GET, else what the engine itself answers on. */
function healthPathOf(service: ServiceFile): string {
  const probe = Probe.safeParse(service.probes?.[0]);
  if (probe.success) return probe.data.url;
  const engine = service.launch === null ? null : detectEngine(service.launch.argv);
  return engine?.healthPath ?? '/health';
}

const Probe = z.looseObject({
  type: z.literal('http'),
  url: z.string().startsWith('/').max(500),
  method: z.literal('get').default('get'),
});

/** Name of this machine and of its first GPU, looked up once. */
function createMachine(runner: ProcessRunner): () => Promise<Instance> {
  let known: Instance | null = null;
  return async () => {
    known ??= await readMachine(runner);
    return known;
  };
}

async function readMachine(runner: ProcessRunner): Promise<Instance> {
  const result = await runner.run({
    command: 'nvidia-smi',
    args: ['--query-gpu=name,driver_version', '--format=csv,noheader'],
    timeoutMs: 10_000,
  });
  const [gpu, driver] =
    result.exitCode === 0 ? (result.stdout.split('\n')[0] ?? '').split(', ') : [];
  return { id: hostname().slice(0, 120), gpu: gpu ?? 'cpu', driver: driver ?? null, region: null };
}

async function checkSetup(
  request: SetupRequest,
  environment: Environment,
): Promise<readonly SetupFinding[]> {
  if (request.serviceYaml === null) return [];
  const service = parseServiceFile(request.serviceYaml);
  const missing = missingNames(service.env, environment);
  const free = await isPortFree(service.port);
  return [
    {
      check: 'env',
      level: missing.length === 0 ? 'ok' : 'fail',
      message:
        missing.length === 0
          ? 'Every name that the service takes from the environment is set.'
          : `Not set: ${missing.join(', ')}.`,
      fix: missing.length === 0 ? null : `Set ${missing.join(', ')} before autodebug starts.`,
    },
    {
      check: 'port',
      level: free ? 'ok' : 'fail',
      message: `Port ${service.port} is ${free ? 'free' : 'in use'}.`,
      fix: free ? null : refusePort(service.port).fix,
    },
  ];
}
