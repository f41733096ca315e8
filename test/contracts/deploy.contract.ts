import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type {
  Deploy,
  DeployHandle,
  DeploymentStatus,
  DeployRequest,
} from '../../mcp-server/ports/deploy.ts';
import { refusal } from '../fakes/refusal.ts';

/** What a backend under the contract provides: itself, and service files for each fate. */
export interface DeployFixture {
  readonly name: string;
  create(): Deploy | Promise<Deploy>;
  /** A service that becomes ready. */
  healthy(): string | Promise<string>;
  /** A service whose engine exits with this code before it is ready. Null: the backend cannot do it. */
  readonly exiting: { service(): string | Promise<string>; readonly exitCode: number } | null;
  /** A service that starts and never answers. Null: the backend cannot do it. */
  readonly neverReady: (() => string | Promise<string>) | null;
  /** True where a guard on this machine ends the deployment at its deadline. */
  readonly hasDeadline: boolean;
  /** True where two deployments can run at once. */
  readonly holdsTwo: boolean;
  readonly timeoutMs?: number;
  /** Runs after each test: fakes of a remote service are put down here. */
  cleanUp?(): Promise<void> | void;
}

const NEVER = new AbortController().signal;
let ordinal = 0;

/** The one suite that every deploy adapter passes. */
export function describeDeployContract(fixture: DeployFixture): void {
  const timeoutMs = fixture.timeoutMs ?? 30_000;
  const folders: string[] = [];
  const started: { readonly deploy: Deploy; readonly handle: DeployHandle }[] = [];

  function requestOf(serviceYaml: string, change: Partial<DeployRequest> = {}): DeployRequest {
    const workDir = mkdtempSync(join(tmpdir(), 'ad-deploy-'));
    folders.push(workDir);
    ordinal += 1;
    return {
      sessionId: 's260322-k3f9qa',
      trialId: 't0001',
      deploymentId: `d0001-${ordinal}`,
      runName: `ad-s260322-k3f9qa-t0001-${ordinal}`,
      serviceYaml,
      workDir,
      budget: {
        maxTotalUsd: 10,
        maxUsdPerHour: 10,
        maxUsdPerTrial: 5,
        maxDeployments: 50,
        maxWallHours: 2,
        maxMinutesPerTrial: 10,
        maxMinutesToReady: 5,
        idleMinutes: 10,
      },
      deadlineAtMs: Date.now() + 120_000,
      idleMinutes: 10,
      allowedHardware: [{ gpu: 'H100', count: 1 }],
      launchSeed: 7,
      tags: { 'autodebug-session': 's260322-k3f9qa' },
      modelConfig: null,
      ...change,
    };
  }

  async function start(deploy: Deploy, request: DeployRequest): Promise<DeployHandle> {
    const handle = await deploy.start(request, NEVER);
    started.push({ deploy, handle });
    // What the ledger keeps is JSON: nothing else may be needed afterwards.
    return JSON.parse(JSON.stringify(handle)) as DeployHandle;
  }

  async function waitFor(
    deploy: Deploy,
    handle: DeployHandle,
    isEnd: (status: DeploymentStatus) => boolean,
  ): Promise<DeploymentStatus> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const status = await deploy.status(handle, NEVER);
      if (isEnd(status) || Date.now() > until) return status;
      await sleep(100);
    }
  }

  afterEach(async () => {
    for (const { deploy, handle } of started.splice(0)) await deploy.stop(handle, NEVER);
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
    await fixture.cleanUp?.();
  });

  describe(`${fixture.name} keeps the contract of a deploy backend`, () => {
    test('planning creates nothing and prices the hardware or says that it does not know', async () => {
      const deploy = await fixture.create();
      const request = requestOf(await fixture.healthy());
      const plan = await deploy.plan(request, NEVER);
      expect(plan.priceUsdPerHour === null || plan.priceUsdPerHour >= 0).toBe(true);
      const { sessionId, runName, workDir } = request;
      expect(await deploy.find({ sessionId, runName, workDir }, NEVER)).toBeNull();
    });

    test(
      'a deployment starts, serves, logs, and is gone with proof after stop, twice over',
      async () => {
        const deploy = await fixture.create();
        const handle = await start(deploy, requestOf(await fixture.healthy()));
        const status = await waitFor(deploy, handle, ({ kind }) => kind !== 'starting');
        expect(status).toMatchObject({ kind: 'ready', endpoint: { model: expect.any(String) } });
        if (status.kind !== 'ready') return;
        expect(status.endpoint.baseUrl).not.toMatch(/\/(v1)?$/);
        expect(status.priceUsdPerHour).toBeGreaterThanOrEqual(0);
        const log = await deploy.logs(handle, { maxBytes: 100_000, signal: NEVER });
        expect(log.length).toBeGreaterThan(0);
        const short = await deploy.logs(handle, { maxBytes: 200, signal: NEVER });
        expect(Buffer.byteLength(short)).toBeLessThanOrEqual(200);
        const first = await deploy.stop(handle, NEVER);
        expect(first).toMatchObject({ gone: true });
        expect(first.proof.length).toBeGreaterThan(0);
        expect(await deploy.stop(handle, NEVER)).toMatchObject({ gone: true });
        expect((await deploy.status(handle, NEVER)).kind).toBe('gone');
      },
      timeoutMs * 2,
    );

    test(
      'a deployment that serves says with a reason whether another fits beside it, and then that one serves too',
      async () => {
        const deploy = await fixture.create();
        const isServing = async (handle: DeployHandle): Promise<boolean> =>
          (await waitFor(deploy, handle, ({ kind }) => kind !== 'starting')).kind === 'ready';
        const service = await fixture.healthy();
        const first = await start(deploy, requestOf(service));
        expect(await isServing(first)).toBe(true);
        const room = await deploy.roomForSecond(first, NEVER);
        expect(room.reason.length).toBeGreaterThan(10);
        expect(room.holds).toBe(fixture.holdsTwo);
        if (!room.holds) return;
        const second = await start(deploy, requestOf(service));
        expect(await isServing(second)).toBe(true);
        expect(await isServing(first)).toBe(true);
        expect(await deploy.stop(second, NEVER)).toMatchObject({ gone: true });
        expect(await isServing(first)).toBe(true);
      },
      timeoutMs * 2,
    );

    const { exiting, neverReady } = fixture;
    if (exiting !== null) {
      test(
        'an engine that exits is a failed deployment with its exit code, and its log stays readable',
        async () => {
          const deploy = await fixture.create();
          const handle = await start(deploy, requestOf(await exiting.service()));
          const status = await waitFor(deploy, handle, ({ kind }) => kind !== 'starting');
          expect(status).toMatchObject({
            kind: 'failed',
            reason: 'exited',
            exitCode: exiting.exitCode,
          });
          expect(await deploy.logs(handle, { maxBytes: 100_000, signal: NEVER })).not.toBe('');
          expect(await deploy.stop(handle, NEVER)).toMatchObject({ gone: true });
        },
        timeoutMs * 2,
      );
    }

    if (neverReady !== null && fixture.hasDeadline) {
      test(
        'a service that never gets ready is torn down at its deadline without anybody asking',
        async () => {
          const deploy = await fixture.create();
          const request = requestOf(await neverReady(), { deadlineAtMs: Date.now() + 6000 });
          const handle = await start(deploy, request);
          expect((await deploy.status(handle, NEVER)).kind).toBe('starting');
          const status = await waitFor(deploy, handle, ({ kind }) => kind !== 'starting');
          expect(status).toMatchObject({ kind: 'failed', reason: 'deadline' });
          expect(await deploy.stop(handle, NEVER)).toMatchObject({ gone: true });
        },
        timeoutMs * 2,
      );
    }

    test(
      'a start that was never confirmed is found again by name and folder, and only by its own name',
      async () => {
        const deploy = await fixture.create();
        const request = requestOf(await fixture.healthy());
        await start(deploy, request);
        const { sessionId, runName, workDir } = request;
        const another = await fixture.create();
        const found = await another.find({ sessionId, runName, workDir }, NEVER);
        expect(found).not.toBeNull();
        const other = { sessionId, runName: 'ad-s260322-k3f9qa-t0099-1', workDir };
        expect(await another.find(other, NEVER)).toBeNull();
        if (found !== null) expect(await another.stop(found, NEVER)).toMatchObject({ gone: true });
      },
      timeoutMs,
    );

    test('a handle that is none of ours is refused by its fields', async () => {
      const deploy = await fixture.create();
      const damaged = refusal('E_HANDLE', /^Deployment handle is not valid: \w+/, 'Stop the');
      await expect(deploy.status({ runName: 'x' }, NEVER)).rejects.toThrow(damaged);
      await expect(deploy.stop({ runName: 'x' }, NEVER)).rejects.toThrow(damaged);
    });

    test('releasing a session that holds nothing is proven and repeatable', async () => {
      const deploy = await fixture.create();
      expect(await deploy.releaseSession('s260322-k3f9qa', NEVER)).toMatchObject({ gone: true });
      expect(await deploy.releaseSession('s260322-k3f9qa', NEVER)).toMatchObject({ gone: true });
    });
  });
}
