import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createDstackDeploy } from '../../../../mcp-server/adapters/deploy/dstack/dstack-deploy.ts';
import { deployTrial } from '../../../../mcp-server/app/deploy-trial.ts';
import { reconcileDeployments } from '../../../../mcp-server/app/reconcile.ts';
import { stopDeployments } from '../../../../mcp-server/app/stop-deployments.ts';
import { heldDeployments } from '../../../../mcp-server/core/ledger/lookup.ts';
import type { Deploy } from '../../../../mcp-server/ports/deploy.ts';
import { FAKE_TOKEN } from '../../../fakes/fake-dstack-server.ts';
import {
  CALL,
  createTestApp,
  openTestSession,
  SESSION_ID,
  type TestApp,
} from '../../../fakes/test-app.ts';
import { type Bench, NEVER, openBench } from './bench.ts';

const opened: (Bench | TestApp)[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function setUp() {
  const bench = await openBench();
  const tested = createTestApp(bench.deploy);
  opened.push(tested, bench);
  const writer = await openTestSession(tested);
  return { bench, tested, app: tested.app, writer };
}

/** A second adapter over the same server, as a restarted process would build it. */
function restarted(bench: Bench): Deploy {
  return createDstackDeploy({
    runner: bench.server.runner(),
    environment: bench.environment,
    homeDir: '/nonexistent',
    guard: bench.guarded.guard,
    pace: { pollMs: 10, graceMs: 300, abortMs: 300 },
    lookMs: { first: 0, most: 0 },
  });
}

describe('a session on dstack', () => {
  test('deploys, serves, is stopped with proof, and leaves neither run nor fleet', async () => {
    const { bench, tested, app, writer } = await setUp();
    const answer = await deployTrial(app, { wait_s: 30 }, CALL);
    expect(answer).toMatchObject({ status: 'ready', outcome: { deploymentId: 'd0000-1' } });
    const stopped = await stopDeployments(app, { final: true, wait_s: 30 }, CALL);
    expect(stopped.released.at(-1)).toBe('released');
    expect(heldDeployments(writer.state())).toEqual([]);
    expect(bench.server.fleets).toEqual([]);
    expect(bench.server.callsOf('stop').map(({ argv }) => argv[1])).toEqual([
      `ad-${SESSION_ID}-t0000-1`,
    ]);
    const ledger = readFileSync(join(tested.dir, 'sessions', SESSION_ID, 'ledger.jsonl'), 'utf8');
    expect(ledger).toContain('i-0123456789abcdef0');
    expect(ledger).not.toContain(FAKE_TOKEN);
  });

  test('a process that died with a running deployment finds it serving and takes it on', async () => {
    const { bench, tested, app } = await setUp();
    await deployTrial(app, { wait_s: 30 }, CALL);
    await app.sessions.close();
    const next = tested.reopen(restarted(bench));
    const writer = await next.app.sessions.use(SESSION_ID);
    const lines = await reconcileDeployments(next.app, writer, CALL);
    expect(lines.join()).toContain('still serves');
    expect(bench.server.callsOf('stop')).toEqual([]);
    await stopDeployments(next.app, { final: true, wait_s: 30 }, CALL);
    await next.app.sessions.close();
  });

  test('a process that died between intention and confirmation finds the run by its name', async () => {
    const { bench, tested, app, writer } = await setUp();
    const lost: Deploy = {
      ...bench.deploy,
      start: async (request) => {
        await bench.deploy.start(request, NEVER);
        // The process ends here: the ledger never hears of the handle.
        return new Promise(() => undefined);
      },
    };
    const dying = { ...app, deploys: new Map([['dstack' as const, lost]]) };
    await deployTrial(dying, { wait_s: 1 }, CALL);
    expect(heldDeployments(writer.state())).toMatchObject([{ handle: null }]);
    const next = createTestApp(restarted(bench), { dir: tested.dir });
    const run = await restarted(bench).find(
      {
        sessionId: SESSION_ID,
        runName: `ad-${SESSION_ID}-t0000-1`,
        workDir: join(tested.dir, 'sessions', SESSION_ID, 'work', 'd0000-1'),
      },
      NEVER,
    );
    expect(run).toMatchObject({
      runId: bench.server.runs[0]?.id,
      model: expect.stringContaining('Llama'),
    });
    await next.app.sessions.close();
  });
});
