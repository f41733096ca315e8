import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runLoad } from '../../mcp-server/adapters/load/run-load.ts';
import type { App } from '../../mcp-server/app/app.ts';
import { benchmark } from '../../mcp-server/app/benchmark.ts';
import { deployTrial } from '../../mcp-server/app/deploy-trial.ts';
import { type Gated, gateTrial } from '../../mcp-server/app/gate-trial.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import { sideOfTrial } from '../../mcp-server/core/judge/from-state.ts';
import { findTrial } from '../../mcp-server/core/ledger/lookup.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { CheatingEngine } from '../fakes/cheating/cheating-engine.ts';
import { PLAIN_ENGINE } from '../fakes/cheating/engine-model.ts';
import { type EngineServer, startEngineServer } from '../fakes/cheating/engine-server.ts';
import type { Cheats } from '../fakes/cheating/kinds.ts';
import { createFakeDeploy, READY } from '../fakes/fake-deploy.ts';
import {
  CALL,
  createTestApp,
  openTestSession,
  planTestTrial,
  type TestApp,
} from '../fakes/test-app.ts';

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
  app = { ...test.app, load: { ...test.app.load, run: inThisThread } };
  const terms = {
    workload: WORKLOAD,
    loadPoints: [{ kind: 'closed', concurrency: 4, requests: 24 }],
    calibrationRepeats: 3,
  };
  writer = await openTestSession(test, {}, { terms });
  await deployTrial(app, { wait_s: 10 }, CALL);
  await benchmark(app, { wait_s: 50, purpose: 'trial' }, CALL);
}

/** The real client without its worker threads, whose start is most of the time on a busy machine. */
const inThisThread: App['load']['run'] = (request, options) =>
  runLoad(request, {
    signal: options.signal,
    onProgress: () => undefined,
    onMeasureStart: async () => {
      await options.onMeasureStart?.();
      return null;
    },
    calibration: null,
  });

/** Measures a trial behind which another engine stands, and reads what speaks against it. */
async function gateEngine(engine: CheatingEngine): Promise<Gated> {
  await stopDeployments(app, { wait_s: 10, final: false }, CALL);
  server.use(engine);
  await planTestTrial(test, writer, {
    trialId: 't0001',
    parentId: 't0000',
    changes: [{ kind: 'set_flag', flag: '--max-running-requests', value: '64' }],
  });
  await deployTrial(app, { trial_id: 't0001', wait_s: 10 }, CALL);
  await benchmark(app, { wait_s: 50, trial_id: 't0001', purpose: 'trial' }, CALL);
  const state = writer.state();
  return gateTrial(app, state, {
    trial: sideOfTrial(findTrial(state, 't0001'), ['trial']),
    incumbent: sideOfTrial(findTrial(state, 't0000'), ['trial']),
    canAlterOutputs: false,
  });
}

beforeEach(async () => {
  server = await startEngineServer(engineOf(1));
});
afterEach(async () => {
  await test.close();
  await server.close();
});

const namesOf = ({ gates }: Gated): readonly string[] => gates.findings.map(({ name }) => name);

describe('the gates of a trial whose requests can be read again', () => {
  it('find one garbled word in twenty, however fast the engine is', async () => {
    await openSession('cpu');
    const gated = await gateEngine(engineOf(1.5, new Map([['garbled_words', 0.05]])));
    expect(namesOf(gated)).toEqual(expect.arrayContaining(['garbled_words', 'unseen_spellings']));
    expect(gated.floors).toEqual([]);
    expect(gated.gates.notes.join('\n')).toContain('no physical floor');
  }, 60_000);

  it('read the words of an honest engine and a health sample beside each benchmark', async () => {
    await openSession('cpu');
    const gated = await gateEngine(engineOf(1.5));
    const textual = ['garbled_words', 'unseen_spellings', 'tokens_without_text', 'answers_changed'];
    expect(namesOf(gated).filter((name) => textual.includes(name))).toEqual([]);
    expect(gated.gates.notes.join('\n')).not.toContain('no health sample');
    const samples = [...writer.state().evidence.values()].filter(({ source }) =>
      source.includes('health sample'),
    );
    expect(samples.map(({ deploymentId }) => deploymentId)).toEqual(['d0000-1', 'd0001-1']);
  }, 60_000);

  it('know what no engine on this GPU can be faster than', async () => {
    await openSession('H100');
    const { floors, gates } = await gateEngine(engineOf(1));
    // Llama-3.1-8B in 16 bit, 16.06 GB over 3,350 GB/s
    expect(floors.find(({ metric }) => metric === 'tbotMs')?.floorMs).toBeCloseTo(4.79, 1);
    expect(gates.notes.join('\n')).not.toContain('no physical floor');
  }, 60_000);
});
