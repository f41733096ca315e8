import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../mcp-server/adapters/deploy/dstack/connect.ts';
import { createDstackDeploy } from '../../mcp-server/adapters/deploy/dstack/dstack-deploy.ts';
import { parseHandle } from '../../mcp-server/adapters/deploy/dstack/handle.ts';
import { reapRun } from '../../mcp-server/adapters/deploy/dstack/reap.ts';
import { createProcessRunner } from '../../mcp-server/adapters/process/run.ts';
import type { Deploy, DeploymentStatus, DeployRequest } from '../../mcp-server/ports/deploy.ts';
import { type DstackServer, startDstackServer, TOKEN } from './dstack-server.ts';

const NEVER = new AbortController().signal;
const SESSION = 's261124-real01';
const PACE = { pollMs: 2000, graceMs: 90_000, abortMs: 60_000 };
const folders: string[] = [];
let server: DstackServer;
let deploy: Deploy;

beforeAll(async () => {
  server = await startDstackServer();
  deploy = createDstackDeploy({
    runner: createProcessRunner(),
    environment: server.environment({ HF_TOKEN: 'hf-not-a-real-value' }),
    homeDir: server.home,
    pace: PACE,
    lookMs: { first: 500, most: 1000 },
  });
});
afterAll(async () => {
  await server.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const SERVICE = `type: service
python: "3.12"
env: [HF_TOKEN, MODE=fast]
commands:
  - python -m vllm.entrypoints.openai.api_server --model m/x --port 8000
port: 8000
model: m/x
resources:
  gpu: 0
`;

function requestOf(ordinal: number, change: Partial<DeployRequest> = {}): DeployRequest {
  const workDir = mkdtempSync(join(tmpdir(), 'ad-real-'));
  folders.push(workDir);
  return {
    sessionId: SESSION,
    trialId: 't0001',
    deploymentId: `d0001-${ordinal}`,
    runName: `ad-${SESSION}-t0001-${ordinal}`,
    serviceYaml: SERVICE,
    workDir,
    budget: {
      maxTotalUsd: 10,
      maxUsdPerHour: 1.5,
      maxUsdPerTrial: 5,
      maxDeployments: 5,
      maxWallHours: 1,
      maxMinutesPerTrial: 10,
      maxMinutesToReady: 5,
      idleMinutes: 10,
    },
    deadlineAtMs: Date.now() + 600_000,
    idleMinutes: 10,
    allowedHardware: [{ gpu: 'cpu', count: 0 }],
    launchSeed: 1,
    tags: { 'autodebug-session': SESSION, 'autodebug-trial': 't0001' },
    modelConfig: null,
    ...change,
  };
}

async function statusAtEnd(handle: Readonly<Record<string, unknown>>): Promise<DeploymentStatus> {
  for (let tries = 0; tries < 90; tries += 1) {
    const status = await deploy.status(handle, NEVER);
    if (status.kind !== 'starting') return status;
    await sleep(1000);
  }
  return deploy.status(handle, NEVER);
}

describe('the adapter against the real dstack', () => {
  test('check_setup reads version, login, project, backends and fleets of the real server', async () => {
    const findings = await deploy.checkSetup(
      { serviceYaml: SERVICE, budget: null, sessionId: SESSION },
      NEVER,
    );
    const levelOf = (check: string) => findings.find((finding) => finding.check === check)?.level;
    expect(levelOf('dstack_cli')).toBe('ok');
    expect(levelOf('dstack_login')).toBe('ok');
    expect(levelOf('dstack_backends')).toBe('fail');
    expect(levelOf('dstack_fleet')).toBe('warn');
    expect(levelOf('service_env')).toBe('ok');
    expect(JSON.stringify(findings)).not.toContain(TOKEN);
  });

  test('planning creates neither run nor fleet', async () => {
    const plan = await deploy.plan(requestOf(1), NEVER);
    expect(plan.priceUsdPerHour).toBeNull();
    expect(plan.notes.join()).toContain('no offer');
    expect((await server.post('/api/project/main/fleets/list', {})).body).toEqual([]);
    const { sessionId, runName, workDir } = requestOf(1);
    expect(await deploy.find({ sessionId, runName, workDir }, NEVER)).toBeNull();
  });

  test('a start is accepted as rendered, fails for want of capacity, and is proven gone', async () => {
    const request = requestOf(2);
    const handle = parseHandle(await deploy.start(request, NEVER));
    const { body } = await server.post('/api/project/main/runs/get', { id: handle.runId });
    expect(body).toMatchObject({
      run_spec: {
        run_name: request.runName,
        configuration: {
          max_price: 1.5,
          max_duration: 600,
          idle_duration: 600,
          retry: false,
          replicas: { min: 1, max: 1 },
          gateway: false,
          fleets: [{ name: `ad-${SESSION}` }],
          probes: [{ url: '/health', until_ready: true }],
          tags: { 'autodebug-session': SESSION, 'autodebug-deployment': 'd0001-2' },
          env: { GRAPHSIGNAL_TAG_AUTODEBUG_DEPLOYMENT: 'd0001-2', MODE: 'fast' },
        },
      },
    });
    const fleet = await server.post('/api/project/main/fleets/get', { name: `ad-${SESSION}` });
    expect(fleet.body).toMatchObject({
      spec: { configuration: { nodes: { min: 0, max: 1 }, idle_duration: 600 } },
    });
    const { sessionId, runName, workDir } = request;
    expect(await deploy.find({ sessionId, runName, workDir }, NEVER)).toMatchObject({
      runId: handle.runId,
    });
    expect(await statusAtEnd(handle)).toMatchObject({
      kind: 'failed',
      reason: 'no_capacity',
      phase: 'provisioning',
    });
    expect(await deploy.logs(handle, { maxBytes: 1000, signal: NEVER })).toBe('');
    const proof = await deploy.stop(handle, NEVER);
    expect(proof).toMatchObject({ gone: true, costUsd: 0 });
    expect(proof.proof.join('; ')).toContain('job submissions: all finished');
    expect(await deploy.stop(handle, NEVER)).toMatchObject({ gone: true });
    for (const name of [
      'dstack-deployment.json',
      'reaper.json',
      'guard/guard.json',
      'dstack-applied.yml',
    ]) {
      const text = readFileSync(join(workDir, name), 'utf8');
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain('hf-not-a-real-value');
    }
  });

  test('a stranger’s active run of the same name is neither changed nor stopped', async () => {
    const request = requestOf(3);
    const foreign = `${SERVICE.replace('env: [HF_TOKEN, MODE=fast]\n', '')}name: ${request.runName}\nretry: {on_events: [no-capacity], duration: 1h}\n`;
    server.write('foreign.yml', foreign);
    expect(
      (await server.dstack(['apply', '-f', 'foreign.yml', '-y', '-d', '--project', 'main']))
        .exitCode,
    ).toBe(0);
    await expect(deploy.start(request, NEVER)).rejects.toMatchObject({ code: 'E_RUN_EXISTS' });
    const { sessionId, runName, workDir } = request;
    expect(await deploy.find({ sessionId, runName, workDir }, NEVER)).toBeNull();
    const { body } = await server.post('/api/project/main/runs/get', { run_name: runName });
    expect(['pending', 'submitted', 'provisioning']).toContain((body as { status: string }).status);
    await server.dstack(['stop', runName, '-x', '-y', '--project', 'main']);
  });

  test('the reaper stops an active run of ours by name and tags, and verifies it', async () => {
    const runName = `ad-${SESSION}-t0001-4`;
    const text = `${SERVICE.replace('env: [HF_TOKEN, MODE=fast]\n', '')}name: ${runName}\nretry: {on_events: [no-capacity], duration: 1h}\ntags: {autodebug-session: ${SESSION}, autodebug-deployment: d0001-4}\n`;
    server.write('ours.yml', text);
    await server.dstack(['apply', '-f', 'ours.yml', '-y', '-d', '--project', 'main']);
    const connection = connect({
      runner: createProcessRunner(),
      environment: server.environment(),
      homeDir: server.home,
      pace: PACE,
    });
    const { workDir } = requestOf(4);
    const spec = {
      runName,
      runId: null,
      sessionId: SESSION,
      deploymentId: 'd0001-4',
      project: 'main',
      workDir,
    };
    const proof = await reapRun(connection, spec, NEVER);
    expect(proof).toMatchObject({ gone: true });
    expect(proof.proof.join('; ')).toContain('run status: terminated');
  });

  test('releasing the session deletes its fleet and proves it', async () => {
    expect(await deploy.releaseSession(SESSION, NEVER)).toMatchObject({ gone: true });
    const fleets = await server.post('/api/project/main/fleets/list', {});
    expect(JSON.stringify(fleets.body)).not.toContain(`ad-${SESSION}`);
  });
});
