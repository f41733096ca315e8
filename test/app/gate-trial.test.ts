import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLoadGenerator } from '../../mcp-server/adapters/load/load-generator.ts';
import type { App } from '../../mcp-server/app/app.ts';
import { benchmark } from '../../mcp-server/app/benchmark.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { judgeTrial } from '../../mcp-server/app/judge-trial.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import { Contract } from '../../mcp-server/core/contract/contract.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { CheatingEngine } from '../fakes/cheating/cheating-engine.ts';
import { PLAIN_ENGINE } from '../fakes/cheating/engine-model.ts';
import { type EngineServer, startEngineServer } from '../fakes/cheating/engine-server.ts';
import type { Cheats, KindName } from '../fakes/cheating/kinds.ts';
import { createFakeDeploy, READY } from '../fakes/fake-deploy.ts';
import { CALL, createTestApp, planTestTrial, SESSION_ID, type TestApp } from '../fakes/test-app.ts';

let server: EngineServer;
let test: TestApp;
let app: App;
let writer: LedgerWriter;

const WORKLOAD = {
  id: 'gated',
  components: [{ inputTokens: { min: 60, max: 300 }, outputTokens: 24 }],
};

function engineOf(speed: number, cheats: Cheats = new Map()): CheatingEngine {
  const model = { ...PLAIN_ENGINE, decodeMs: 4, prefillMsPerToken: 0.05 };
  return new CheatingEngine({ model, cheats, deployment: 1, speed });
}

async function openSession(gpu: string | null): Promise<void> {
  const endpoint = { baseUrl: server.url, model: 'fake', auth: 'none' as const };
  const instance = { id: 'i-1', gpu, driver: null, region: null };
  test = createTestApp(
    createFakeDeploy({ statuses: [{ ...READY, endpoint, instance } as typeof READY] }),
  );
  app = { ...test.app, load: createLoadGenerator() };
  const contract = Contract.parse({
    version: 1,
    terms: {
      model: { id: 'meta-llama/Llama-3.1-8B-Instruct' },
      backend: 'simulated',
      serviceFile: 'service.yml',
      objective: { metric: 'outputTokensPerS', direction: 'maximise' },
      workload: WORKLOAD,
      loadPoints: [{ kind: 'closed', concurrency: 4, requests: 24 }],
      seeds: { search: 1, confirm: 2 },
      allowedHardware: [{ gpu: 'H100', count: 1 }],
      minContextTokens: 2048,
      calibrationRepeats: 3,
    },
    budget: {
      maxTotalUsd: 20,
      maxUsdPerHour: 5,
      maxUsdPerTrial: 5,
      maxDeployments: 10,
      maxWallHours: 8,
    },
  });
  writer = await test.app.sessions.create({
    sessionId: SESSION_ID,
    contract,
    contractHash: 'test',
    baseDir: test.dir,
    toolVersion: '0.0.0',
    filledDefaults: [],
    forced: [],
  });
  await planTestTrial(test, writer, {});
  await deployTrial(app, { wait_s: 10 }, CALL);
  await benchmark(app, { wait_s: 50, purpose: 'calibrate' }, CALL);
}

/** Measures and judges a trial behind which another engine stands. */
async function judgeEngine(engine: CheatingEngine): ReturnType<typeof judgeTrial> {
  await stopDeployments(app, { wait_s: 10, final: false }, CALL);
  server.use(engine);
  await planTestTrial(test, writer, {
    trialId: 't0001',
    parentId: 't0000',
    changes: [{ kind: 'set_flag', flag: '--max-running-requests', value: '64' }],
  });
  await deployTrial(app, { trial_id: 't0001', wait_s: 10 }, CALL);
  await benchmark(app, { wait_s: 50, trial_id: 't0001', purpose: 'trial' }, CALL);
  return judgeTrial(app, { trial_id: 't0001' }, CALL);
}

beforeEach(async () => {
  server = await startEngineServer(engineOf(1));
});
afterEach(async () => {
  await test.close();
  await server.close();
});

describe('judging a trial whose requests can be read again', () => {
  it('keeps no trial that garbles one word in twenty, however fast it is', async () => {
    await openSession('cpu');
    const cheats = new Map<KindName, number>([['garbled_words', 0.05]]);
    const verdict = await judgeEngine(engineOf(1.5, cheats));
    expect(verdict).toMatchObject({ verdict: 'invalid', gate: 'plausibility' });
    expect(verdict.reasons.join('\n')).toContain('garbled_words');
    expect(writer.state().bestId).toBe('t0000');
  }, 60_000);

  it('has a health sample beside each benchmark, and says that a CPU has no physical floor', async () => {
    await openSession('cpu');
    const verdict = await judgeEngine(engineOf(1.5));
    expect(verdict.gate).not.toBe('plausibility');
    expect(verdict.reasons.join('\n')).toContain('no physical floor');
    expect(verdict.reasons.join('\n')).not.toContain('no health sample');
    const samples = [...writer.state().evidence.values()].filter(({ source }) =>
      source.includes('health sample'),
    );
    expect(samples.map(({ deploymentId }) => deploymentId)).toEqual(['d0000-1', 'd0001-1']);
  }, 60_000);

  it('believes no token that comes faster than the weights can be read', async () => {
    await openSession('H100');
    const verdict = await judgeEngine(engineOf(3));
    expect(verdict).toMatchObject({ verdict: 'invalid', gate: 'plausibility' });
    expect(verdict.reasons.join('\n')).toContain('faster than the hardware allows');
  }, 60_000);
});
