import { join } from 'node:path';
import { z } from 'zod';
import type { Instance } from '../../core/ledger/vocabulary.ts';
import { parseJson } from '../../core/parse.ts';
import { parseServiceFile } from '../../core/service/service-file.ts';
import type { Deploy, DeployHandle, DeployRequest } from '../../ports/deploy.ts';
import { writeAtomically } from '../process/guard-files.ts';
import { type SelfCommand, selfCommand } from '../process/self-command.ts';
import { findFreePort } from '../process/tcp-ports.ts';
import { childEnvironment, type Environment } from './child-env.ts';
import { guardedOperations, guardedStatus, startService } from './guarded-service.ts';

export interface SimulatedDeployOptions {
  readonly environment: Environment;
  /** Seed of everything but the launch; the same seed, the same session. */
  readonly seed?: number;
  /** How `autodebug <args>` is started; another in tests. */
  readonly program?: (args: readonly string[]) => SelfCommand;
}

const SimulatedFacts = z.looseObject({
  priceUsdPerHour: z.number(),
  gpu: z.string().nullable().default(null),
});

/** Deploys our simulator under a guard, on a free port. Nothing is rented and every price is the simulator's. */
export function createSimulatedDeploy(options: SimulatedDeployOptions): Deploy {
  return {
    backend: 'simulated',
    paid: false,
    checkSetup: async () => [
      {
        check: 'simulated',
        level: 'ok',
        message: 'The simulator is part of autodebug; every number it gives is SIMULATED.',
        fix: null,
      },
    ],
    plan: async (request) => {
      parseServiceFile(request.serviceYaml);
      return { priceUsdPerHour: null, notes: ['SIMULATED: nothing is rented'] };
    },
    start: (request) => start(request, options),
    roomForSecond: async () => ({
      holds: true,
      reason: 'each simulated engine has a GPU and a port of its own',
    }),
    status: (handle, signal) =>
      guardedStatus(handle, signal, (baseUrl) => describeService(baseUrl, signal)),
    ...guardedOperations('simulated'),
  };
}

async function start(
  request: DeployRequest,
  options: SimulatedDeployOptions,
): Promise<DeployHandle> {
  const service = parseServiceFile(request.serviceYaml);
  const file = join(request.workDir, 'service.yml');
  writeAtomically(file, request.serviceYaml);
  const port = await findFreePort();
  const program = options.program ?? ((args) => selfCommand('main', args));
  const { command, args } = program([
    'simulate',
    '--service',
    file,
    '--port',
    String(port),
    '--seed',
    String(options.seed ?? 1),
    '--launch-seed',
    String(request.launchSeed),
    '--fast-start',
  ]);
  return startService(request, {
    command,
    args,
    env: childEnvironment({}, options.environment, request.tags),
    port,
    model: service.modelName,
    healthPath: '/health',
  });
}

async function describeService(
  baseUrl: string,
  signal: AbortSignal,
): Promise<{ instance: Instance; priceUsdPerHour: number } | null> {
  const facts = await readFacts(baseUrl, signal);
  if (facts === null) return null;
  return {
    instance: { id: null, gpu: facts.gpu, driver: null, region: 'simulated' },
    priceUsdPerHour: facts.priceUsdPerHour,
  };
}

/** What the simulator says of itself. Null when: it does not answer in this shape yet. */
async function readFacts(
  baseUrl: string,
  signal: AbortSignal,
): Promise<z.infer<typeof SimulatedFacts> | null> {
  try {
    const response = await fetch(`${baseUrl}/autodebug/simulated`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(3000)]),
    });
    const parsed = SimulatedFacts.safeParse(parseJson(await response.text()));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
