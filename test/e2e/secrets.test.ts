import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  driveUntil,
  makeProject,
  type Project,
  type Server,
  simulatedContract,
  startServer,
} from './harness.ts';

const CANARIES = {
  HF_TOKEN: 'hf_CanaryCanaryCanary0123456789',
  GRAPHSIGNAL_API_KEY: 'canary-graphsignal-9f8e7d6c5b4a',
  DSTACK_TOKEN: 'canary-dstack-0a1b2c3d4e5f',
};

let project: Project;
let server: Server;
const said: string[] = [];

/** Every file below a folder as text, compressed ones opened. */
function allText(folder: string): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({
      path,
      text: path.endsWith('.gz')
        ? gunzipSync(readFileSync(path)).toString('utf8')
        : readFileSync(path, 'utf8'),
    }));
}

const leaks = (texts: readonly { path: string; text: string }[]): string[] =>
  texts
    .filter(({ text }) => Object.values(CANARIES).some((canary) => text.includes(canary)))
    .map(({ path }) => path);

beforeAll(async () => {
  project = makeProject(simulatedContract());
  server = await startServer(project.dir, CANARIES);
  const call = server.call.bind(server);
  const record = async (tool: string, args: Record<string, unknown> = {}) => {
    const reply = await call(tool, args);
    said.push(JSON.stringify(reply));
    return reply;
  };
  await record('check_setup');
  await record('open_session', { contract_file: 'contract.yml' });
  const refused = await record('plan_trial', {
    hypothesis: {
      change: `set ${CANARIES.HF_TOKEN}`,
      why: 'a canary',
      expected: 'nothing',
      refutedBy: 'anything',
    },
    changes: [{ kind: 'set_env', name: 'X', value: CANARIES.HF_TOKEN }],
  });
  expect(refused.text).toContain('E_SECRET');
  await driveUntil(server, ['plan_trial']);
  await record('get_status');
  await record('export_report');
}, 180_000);

afterAll(async () => {
  await server.close();
  project.remove();
});

describe('a secret of the environment', () => {
  test('reaches no result and no line of stderr', () => {
    expect(said).toHaveLength(5);
    const told = [...said, server.stderr()].map((text, index) => ({
      path: `reply ${index}`,
      text,
    }));
    expect(leaks(told)).toEqual([]);
  });

  test('reaches no ledger, evidence, log, configuration or report', () => {
    const stored = allText(project.sessionsDir);
    expect(stored.length).toBeGreaterThan(15);
    expect(leaks(stored)).toEqual([]);
  });

  test('reaches no argument list of a process', () => {
    const listed = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
    expect(listed).toContain('node');
    expect(leaks([{ path: 'ps', text: listed }])).toEqual([]);
  });
});
