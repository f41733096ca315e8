import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createLocalDeploy } from '../../../mcp-server/adapters/deploy/local.ts';
import { readGuardState } from '../../../mcp-server/adapters/process/guard-files.ts';
import { listMembers } from '../../../mcp-server/adapters/process/identity.ts';
import { createProcessRunner } from '../../../mcp-server/adapters/process/run.ts';
import { findFreePort } from '../../../mcp-server/adapters/process/tcp-ports.ts';
import type { DeployRequest } from '../../../mcp-server/ports/deploy.ts';
import { describeDeployContract } from '../../contracts/deploy.contract.ts';

const ENGINE = fileURLToPath(new URL('../../fakes/fake-engine.mjs', import.meta.url));
const NEVER = new AbortController().signal;

const create = (environment: Record<string, string | undefined> = process.env) =>
  createLocalDeploy({ environment, runner: createProcessRunner() });

function serviceOn(port: number, flags = '', extra = ''): string {
  return [
    'type: service',
    'name: tiny',
    'image: tiny/engine:1.0',
    'model: tiny',
    `port: ${port}`,
    extra,
    'commands:',
    '  - echo setting up',
    `  - ${process.execPath} ${ENGINE} --port ${port} ${flags}`,
    '',
  ].join('\n');
}

describeDeployContract({
  name: 'local',
  create,
  healthy: async () => serviceOn(await findFreePort()),
  exiting: {
    service: async () => serviceOn(await findFreePort(), '--exit-after-ms 200 --exit-code 3'),
    exitCode: 3,
  },
  neverReady: async () => serviceOn(await findFreePort(), '--never-ready'),
  hasDeadline: true,
  holdsTwo: false,
});

describe('the local backend', () => {
  const folders: string[] = [];
  const servers: Server[] = [];
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    for (const server of servers.splice(0)) server.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  function requestOf(serviceYaml: string, change: Partial<DeployRequest> = {}): DeployRequest {
    const workDir = mkdtempSync(join(tmpdir(), 'ad-local-'));
    folders.push(workDir);
    return {
      sessionId: 's260322-k3f9qa',
      trialId: 't0000',
      deploymentId: 'd0000-1',
      runName: 'ad-s260322-k3f9qa-t0000-1',
      serviceYaml,
      workDir,
      budget: {
        maxTotalUsd: 0,
        maxUsdPerHour: 0,
        maxUsdPerTrial: 0,
        maxDeployments: 5,
        maxWallHours: 1,
        maxMinutesPerTrial: 10,
        maxMinutesToReady: 5,
        idleMinutes: 10,
      },
      deadlineAtMs: Date.now() + 60_000,
      idleMinutes: 10,
      allowedHardware: [{ gpu: 'cpu', count: 0 }],
      launchSeed: 1,
      tags: {},
      modelConfig: null,
      ...change,
    };
  }

  async function untilEnded({ workDir }: DeployRequest): Promise<void> {
    const phase = () => readGuardState(join(workDir, 'guard'))?.phase;
    for (let tries = 0; tries < 200 && phase() !== 'ended'; tries += 1) await sleep(100);
  }

  test('names the variable that the service takes from the environment and that is not set', async () => {
    const yaml = serviceOn(await findFreePort(), '', 'env:\n  - NO_SUCH_TOKEN\n  - A=b');
    await expect(create().start(requestOf(yaml), NEVER)).rejects.toMatchObject({
      code: 'E_ENV_MISSING',
      message: expect.stringContaining('NO_SUCH_TOKEN'),
      fix: expect.stringContaining('NO_SUCH_TOKEN'),
    });
  });

  test('names the port that something else holds, starts nothing, and leaves it alone', async () => {
    const server = createServer();
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const request = requestOf(serviceOn(port));
    await expect(create().start(request, NEVER)).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
      message: expect.stringContaining(String(port)),
      fix: expect.stringContaining(String(port)),
    });
    const { sessionId, runName, workDir } = request;
    expect(await create().find({ sessionId, runName, workDir }, NEVER)).toBeNull();
    expect(server.listening).toBe(true);
  });

  test('gives a secret to the engine by its environment, and never writes it to a file or an argument', async () => {
    const port = await findFreePort();
    const yaml = [
      'type: service',
      'name: tiny',
      'image: tiny/engine:1.0',
      `port: ${port}`,
      'env:',
      '  - MY_TOKEN',
      'commands:',
      `  - test -n "$MY_TOKEN" && exec ${process.execPath} ${ENGINE} --port ${port} --load-ms 0`,
      '',
    ].join('\n');
    const deploy = create({ ...process.env, MY_TOKEN: 'hush-hush-4711' });
    const request = requestOf(yaml);
    const handle = await deploy.start(request, NEVER);
    await sleep(500);
    const files = ['deployment.json', 'guard/guard.json', 'guard/guard-state.json'];
    const written = files.map((name) => readFileSync(join(request.workDir, name), 'utf8')).join();
    const pids = readGuardState(join(request.workDir, 'guard'));
    const argv = readFileSync(`/proc/${pids?.pgid}/cmdline`, 'utf8');
    await deploy.stop(handle, NEVER);
    expect(pids?.pgid).not.toBeNull();
    expect(`${written}${argv}`).not.toContain('hush-hush-4711');
  });

  test('asks the path of the probe in the file whether the service is healthy', async () => {
    const probes = 'probes:\n  - type: http\n    url: /nowhere\n    until_ready: true';
    const deploy = create();
    const request = requestOf(serviceOn(await findFreePort(), '--load-ms 0', probes));
    const handle = await deploy.start(request, NEVER);
    expect(handle).toMatchObject({ facts: { healthPath: '/nowhere' } });
    expect(await deploy.stop(handle, NEVER)).toMatchObject({ gone: true });
  });

  test('ends an engine that ignores SIGTERM and a helper that left its group', async () => {
    const port = await findFreePort();
    const yaml = serviceOn(port, '--stubborn').replace('echo setting up', '(setsid sleep 300 &)');
    const deploy = create();
    const request = requestOf(yaml);
    const handle = await deploy.start(request, NEVER);
    await sleep(800);
    const { marker } = JSON.parse(
      readFileSync(join(request.workDir, 'guard/guard.json'), 'utf8'),
    ) as { marker: string };
    const before = listMembers({ pgid: -1, marker });
    const proof = await deploy.stop(handle, NEVER);
    expect(before.length).toBeGreaterThanOrEqual(2);
    expect(proof).toMatchObject({ gone: true });
    expect(listMembers({ pgid: -1, marker })).toEqual([]);
  }, 30_000);

  test('when the process that started it is killed, the guard still ends it at its deadline', async () => {
    const port = await findFreePort();
    const request = requestOf(serviceOn(port));
    const file = join(request.workDir, 'request.json');
    writeFileSync(file, JSON.stringify(request));
    const starter = fileURLToPath(new URL('../../fakes/start-and-hang.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', starter, file], {
      cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    const deploy = create();
    const { sessionId, runName, workDir } = request;
    const handle = await deploy.find({ sessionId, runName, workDir }, NEVER);
    expect(handle).not.toBeNull();
    if (handle === null) return;
    expect(['starting', 'ready']).toContain((await deploy.status(handle, NEVER)).kind);
    await untilEnded(request);
    expect(await deploy.status(handle, NEVER)).toMatchObject({
      kind: 'failed',
      reason: 'deadline',
    });
    expect(await deploy.stop(handle, NEVER)).toMatchObject({ gone: true });
  }, 40_000);

  test('when nobody asks for it within the idle time, the guard ends it', async () => {
    const request = requestOf(serviceOn(await findFreePort()), { idleMinutes: 1 / 60 });
    const deploy = create();
    const handle = await deploy.start(request, NEVER);
    // Looking at it by status would renew its lease.
    await untilEnded(request);
    expect(await deploy.status(handle, NEVER)).toMatchObject({ kind: 'failed', reason: 'idle' });
    await deploy.stop(handle, NEVER);
  }, 20_000);
});
