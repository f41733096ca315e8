import { createCryptoRandom } from './adapters/clock/crypto-random.ts';
import { sha256 } from './adapters/clock/sha256-hasher.ts';
import { createSystemClock } from './adapters/clock/system-clock.ts';
import { createEvidenceStore } from './adapters/store/evidence-store.ts';
import { createLedgerStore } from './adapters/store/ledger-store.ts';
import { createProjectFiles } from './adapters/store/project-files.ts';
import { findProjectRoots, type ProjectRoots } from './adapters/store/project-roots.ts';
import { secretValues } from './adapters/store/secret-values.ts';
import type { App } from './app/app.ts';
import { createJobs } from './app/jobs.ts';
import { reconcileOnUse } from './app/reconcile.ts';
import { createSessions, type OpenSessions } from './app/sessions.ts';
import type { BackendId } from './core/contract/contract.ts';
import { lazyDeploy, lazyLoad, lazyRunner, lazyTelemetry } from './lazy-ports.ts';
import type { Deploy } from './ports/deploy.ts';
import type { ProcessRunner } from './ports/process-runner.ts';

export interface Composition {
  readonly app: App & { readonly sessions: OpenSessions };
  readonly roots: ProjectRoots;
  readonly secrets: readonly string[];
}

export interface ComposeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly pid: number;
  readonly toolVersion: string;
  readonly presetsDir: string;
  readonly homeDir: string;
  /** Told what went wrong beside a call, e.g. a backend that cannot be asked after a crash. */
  readonly onError: (error: unknown) => void;
}

/** Builds every adapter and the two kernels over them. */
export function composeApp(options: ComposeOptions): Composition {
  const roots = findProjectRoots(options.env, options.cwd);
  const secrets = secretValues(options.env);
  const clock = createSystemClock();
  const runner = lazyRunner(async () => {
    const { createProcessRunner } = await import('./adapters/process/run.ts');
    return createProcessRunner();
  });
  const store = { sessionsDir: roots.sessionsDir, clock, hash: sha256, secrets };
  const ledgers = createLedgerStore(store);
  const jobs = createJobs({ clock, pid: options.pid });
  const sessions = reconcileOnUse(createSessions({ ledgers, jobs }), {
    app: () => app,
    onError: options.onError,
  });
  const app: Composition['app'] = {
    toolVersion: options.toolVersion,
    secrets,
    clock,
    random: createCryptoRandom(),
    hash: sha256,
    files: createProjectFiles({ ...roots, presetsDir: options.presetsDir }),
    ledgers,
    evidence: createEvidenceStore(store),
    deploys: composeDeploys(options, runner),
    load: lazyLoad(async () => {
      const { createLoadGenerator } = await import('./adapters/load/load-generator.ts');
      return createLoadGenerator();
    }),
    telemetry: lazyTelemetry(async () => {
      const { createTelemetry } = await import('./adapters/telemetry/create-telemetry.ts');
      const { env, homeDir } = options;
      return createTelemetry({ runner, clock, env, homeDir });
    }),
    sessions,
    jobs,
  };
  return { app, roots, secrets };
}

function composeDeploys(
  { env, homeDir }: Pick<ComposeOptions, 'env' | 'homeDir'>,
  runner: ProcessRunner,
): ReadonlyMap<BackendId, Deploy> {
  const environment = env;
  const deploys = [
    lazyDeploy({ backend: 'simulated', paid: false }, async () => {
      const { createSimulatedDeploy } = await import('./adapters/deploy/simulated.ts');
      return createSimulatedDeploy({ environment });
    }),
    lazyDeploy({ backend: 'local', paid: false }, async () => {
      const { createLocalDeploy } = await import('./adapters/deploy/local.ts');
      return createLocalDeploy({ environment, runner });
    }),
    lazyDeploy({ backend: 'dstack', paid: true }, async () => {
      const { createDstackDeploy } = await import('./adapters/deploy/dstack/dstack-deploy.ts');
      return createDstackDeploy({ environment, runner, homeDir });
    }),
  ];
  return new Map(deploys.map((deploy) => [deploy.backend, deploy]));
}
