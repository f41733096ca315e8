import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDstackDeploy } from '../../../../mcp-server/adapters/deploy/dstack/dstack-deploy.ts';
import type { RunGuard } from '../../../../mcp-server/adapters/deploy/dstack/run-guard.ts';
import type { Pace } from '../../../../mcp-server/adapters/deploy/dstack/teardown.ts';
import type { EndReason } from '../../../../mcp-server/adapters/process/guard-files.ts';
import type { Deploy, DeployRequest } from '../../../../mcp-server/ports/deploy.ts';
import { FakeDstackServer } from '../../../fakes/fake-dstack-server.ts';

export const NEVER = new AbortController().signal;
export const SESSION = 's260322-k3f9qa';
export const FLEET = `ad-${SESSION}`;

export const SERVICE = `# the user's own words
type: service
name: production
image: lmsysorg/sglang:v0.5.9
env:
  - HF_TOKEN
  - MODE=fast
commands:
  - pip install thing
  - python -m sglang.launch_server --model-path m/x --port 8000 # stays
port: 8000
model: m/x
volumes:
  - instance_path: /root/.cache
    path: /root/.cache
resources:
  gpu: H100:80GB
`;

/** A guard that starts no process and remembers what it was asked. */
function fakeGuard() {
  const seen = {
    started: 0,
    ended: 0,
    touched: 0,
    env: {} as Readonly<Record<string, string>>,
    specs: [] as unknown[],
  };
  let reason: EndReason | null = null;
  const handle = {
    stateDir: '/nowhere',
    guardPid: 1,
    guardStartedAt: null,
    pgid: null,
    groupStartedAt: null,
    marker: 'x',
    port: null,
  };
  const guard: RunGuard = {
    async start({ spec, env }) {
      seen.started += 1;
      seen.env = env;
      seen.specs.push(spec);
      return handle;
    },
    identify: (spec) => seen.specs.push(spec),
    touch: () => {
      seen.touched += 1;
    },
    endReason: () => reason,
    find: () => null,
    async end() {
      seen.ended += 1;
      return ['guard: none'];
    },
  };
  return { guard, seen, endWith: (why: EndReason) => (reason = why) };
}

/** One fake server with an adapter before it, and requests for it. */
export async function openBench(
  options: { readonly env?: Record<string, string>; readonly pace?: Partial<Pace> } = {},
) {
  const server = await new FakeDstackServer().listen();
  const folders: string[] = [];
  const guarded = fakeGuard();
  const environment = server.environment({ HF_TOKEN: 'hush-hush-4711', ...options.env });
  const deploy: Deploy = createDstackDeploy({
    runner: server.runner(),
    environment,
    homeDir: '/nonexistent',
    guard: guarded.guard,
    pace: { pollMs: 10, graceMs: 300, abortMs: 300, ...options.pace },
    lookMs: { first: 0, most: 0 },
  });
  const requestOf = (change: Partial<DeployRequest> = {}): DeployRequest => {
    const workDir = mkdtempSync(join(tmpdir(), 'ad-dstack-'));
    folders.push(workDir);
    return requestIn(workDir, change);
  };
  const close = async () => {
    await server.close();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  return { server, deploy, environment, guarded, requestOf, close };
}
export type Bench = Awaited<ReturnType<typeof openBench>>;

export function requestIn(workDir: string, change: Partial<DeployRequest> = {}): DeployRequest {
  return {
    sessionId: SESSION,
    trialId: 't0007',
    deploymentId: 'd0007-2',
    runName: `ad-${SESSION}-t0007-2`,
    serviceYaml: SERVICE,
    workDir,
    budget: {
      maxTotalUsd: 50,
      maxUsdPerHour: 4,
      maxUsdPerTrial: 5,
      maxDeployments: 20,
      maxWallHours: 8,
      maxMinutesPerTrial: 60,
      maxMinutesToReady: 25,
      idleMinutes: 10,
    },
    deadlineAtMs: Date.now() + 3_600_000,
    idleMinutes: 10,
    allowedHardware: [{ gpu: 'H100', count: 1 }],
    launchSeed: 1,
    tags: {
      'autodebug-session': SESSION,
      'autodebug-trial': 't0007',
      'autodebug-deployment': 'd0007-2',
    },
    modelConfig: null,
    ...change,
  };
}

/** Looks until the deployment is no longer starting. */
export async function settle(deploy: Deploy, handle: Readonly<Record<string, unknown>>) {
  for (let tries = 0; tries < 200; tries += 1) {
    const status = await deploy.status(handle, NEVER);
    if (status.kind !== 'starting') return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return deploy.status(handle, NEVER);
}
