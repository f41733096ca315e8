import { AutodebugError } from '../../../core/errors.ts';
import type { SetupFinding, SetupRequest } from '../../../ports/deploy.ts';
import { binaryOf, createCli } from './cli.ts';
import { connect, type DstackDeployDeps } from './connect.ts';
import { classifyFailure } from './errors.ts';
import { fail, ok, warn } from './finding.ts';
import { checkModelAccess } from './setup-model.ts';
import { checkServer } from './setup-server.ts';
import { checkService } from './setup-service.ts';
import type { Connection } from './start.ts';

/** Everything that would cost money or a night, each with its fix. Creates nothing. */
export async function checkDstackSetup(
  deps: DstackDeployDeps,
  request: SetupRequest,
  signal: AbortSignal,
): Promise<readonly SetupFinding[]> {
  const command = await checkCommand(deps, signal);
  const service =
    request.serviceYaml === null ? [] : await checkFile(deps, request.serviceYaml, signal);
  const limits = checkLimits(request);
  const login = connectOrFinding(deps);
  if ('level' in login) return [command, login, ...limits, ...service];
  const server = await checkServer(login, request, signal);
  return [command, ...server, ...limits, ...service];
}

function connectOrFinding(deps: DstackDeployDeps): Connection | SetupFinding {
  try {
    return connect(deps);
  } catch (error) {
    if (!(error instanceof AutodebugError)) throw error;
    return fail('dstack_login', error.message, error.fix);
  }
}

async function checkFile(
  deps: DstackDeployDeps,
  serviceYaml: string,
  signal: AbortSignal,
): Promise<readonly SetupFinding[]> {
  try {
    const findings = checkService(serviceYaml, deps.environment);
    return [...findings, await checkModelAccess(serviceYaml, deps.environment, signal)];
  } catch (error) {
    if (!(error instanceof AutodebugError)) throw error;
    return [fail('service_file', error.message, error.fix)];
  }
}

function checkLimits({ budget }: SetupRequest): readonly SetupFinding[] {
  if (budget === null) return [];
  if (budget.maxUsdPerHour > 0 && budget.maxUsdPerTrial > 0) {
    return [
      ok(
        'price_limits',
        `At most ${budget.maxUsdPerHour} USD per hour and ${budget.maxUsdPerTrial} USD per trial.`,
      ),
    ];
  }
  return [
    fail(
      'price_limits',
      'The contract has no price limit, so nothing is rented on dstack.',
      'Let a person set budget.maxUsdPerHour and budget.maxUsdPerTrial above 0.',
    ),
  ];
}

/** Oldest version that this adapter speaks to, and the newest that it was tried with. */
const OLDEST = [0, 20] as const;
const NEWEST_TRIED = [0, 22] as const;
const CHECK = 'dstack_cli';

/** Asks the version once per check: below the oldest is refused, above the newest tried is said. */
async function checkCommand(deps: DstackDeployDeps, signal: AbortSignal): Promise<SetupFinding> {
  const cli = createCli({ ...deps, credentials: null });
  const result = await cli.call({ args: ['--version'], signal });
  if (result.exitCode !== 0) {
    const failure = classifyFailure(result);
    return fail(CHECK, failure.message, failure.fix);
  }
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/m.exec(result.stdout.trim());
  if (match === null) {
    return warn(
      CHECK,
      'The version of dstack could not be read.',
      `Run \`${binaryOf(deps.environment)} --version\` by hand.`,
    );
  }
  return judgeVersion([Number(match[1]), Number(match[2])], match[0]);
}

function judgeVersion(version: readonly [number, number], text: string): SetupFinding {
  if (isBefore(version, OLDEST)) {
    return fail(
      CHECK,
      `dstack ${text} is too old; 0.20 is the oldest that works.`,
      "Install a newer one: `pip install -U 'dstack==0.22.5'`.",
    );
  }
  if (isBefore(NEWEST_TRIED, version)) {
    return warn(
      CHECK,
      `dstack ${text} is newer than the versions tried (0.22).`,
      'If a call fails, install `dstack==0.22.5`.',
    );
  }
  return ok(CHECK, `dstack ${text}`);
}

function isBefore(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}
