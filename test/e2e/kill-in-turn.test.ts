import { afterAll, beforeAll, expect, test } from 'vitest';
import { foldEvents } from '../../mcp-server/core/ledger/fold.ts';
import { heldDeployments } from '../../mcp-server/core/ledger/lookup.ts';
import type { SessionState } from '../../mcp-server/core/ledger/state.ts';
import {
  driveUntil,
  makeProject,
  type Project,
  type Server,
  simulatedContract,
  startServer,
} from './harness.ts';
import { readLedger } from './ledger-file.ts';

let project: Project;
let server: Server;
const state = (): SessionState => foldEvents(readLedger(project.sessionsDir));
const held = (): string[] => heldDeployments(state()).map((one) => one.deploymentId);
/** Blocks that a run was recorded for, in the ledger's order. */
const blocks = (): string[] =>
  readLedger(project.sessionsDir).flatMap((event) => event.data.turn?.block ?? []);

beforeAll(async () => {
  project = makeProject(simulatedContract({}, { maxUsdPerHour: 20 }));
  server = await startServer(project.dir);
}, 60_000);

afterAll(async () => {
  await server.call('stop_deployments', {});
  await server.close();
  project.remove();
}, 60_000);

/** Waits until the ledger says so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !isSo(); turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(isSo()).toBe(true);
}

test('a server killed with SIGKILL while a trial takes turns stops the incumbent after a restart, and takes its turns again', async () => {
  await server.done('open_session', { contract_file: 'contract.yml' });
  await driveUntil(server, ['plan_trial']);
  await server.done('plan_trial', {
    hypothesis: {
      change: 'half the running requests',
      why: 'to have a second configuration',
      expected: 'nothing much',
      refutedBy: 'a loss',
    },
    changes: [{ kind: 'set_flag', flag: '--max-running-requests', value: '4' }],
  });
  await server.done('deploy', { trial_id: 't0001' });
  const wish = { trial_id: 't0001', purpose: 'trial', in_turn: true };
  await server.call('benchmark', { ...wish, repeats: 20, wait_s: 0 });
  await until(() => blocks().length > 0);
  process.kill(server.pid, 'SIGKILL');
  await server.close();
  const trial = 'd0001-1';
  const [incumbent, ...others] = held().filter((one) => one !== trial);
  expect(incumbent).toMatch(/^d0000-/);
  expect(others).toEqual([]);
  expect(held()).toContain(trial);

  server = await startServer(project.dir);
  const { next } = await server.done('open_session', { contract_file: 'contract.yml' });
  expect(next).toMatchObject({
    tool: 'stop_deployments',
    args: { deployments: [incumbent] },
  });
  await server.done(next.tool, next.args);
  expect(held()).toEqual([trial]);
  const before = new Set(blocks());

  await server.done('benchmark', { ...wish, repeats: 2 });
  const after = blocks().filter((block) => !before.has(block));
  // A run that a busy machine spoiled is made again, its block with it: two blocks asked for, four at most.
  const whole = [...new Set(after)];
  expect(whole.length).toBeGreaterThanOrEqual(2);
  expect(whole.length).toBeLessThanOrEqual(4);
  for (const block of whole) expect(after.filter((one) => one === block)).toHaveLength(2);
  expect(held()).toEqual([trial]);
  const again = state().trials[0]?.deployments.at(-1);
  expect(again).toMatchObject({ intended: { purpose: 'anchor' } });
  expect(again?.deploymentId).not.toBe(incumbent);
  expect(again?.gone?.proof.length).toBeGreaterThan(0);
}, 400_000);
