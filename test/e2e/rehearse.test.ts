import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { MAIN, makeProject, simulatedContract } from './harness.ts';

const project = makeProject(simulatedContract());

afterAll(() => project.remove());

test('a rehearsal deploys, loads, survives the death of its server, leaves nothing and is remembered', () => {
  const argv = [MAIN, 'rehearse', '--contract', join(project.dir, 'contract.yml'), '--json'];
  const run = spawnSync(process.execPath, argv, {
    encoding: 'utf8',
    timeout: 150_000,
    env: { ...process.env, HF_TOKEN: 'none', GRAPHSIGNAL_API_KEY: 'none' },
  });
  const told = JSON.parse(run.stdout);
  expect(told).toMatchObject({ ok: true, backend: 'simulated', problem: null });
  const names = told.phases.map((phase: { name: string }) => phase.name);
  expect(names).toEqual(['open', 'deploy', 'load', 'telemetry', 'crash', 'teardown']);
  expect(told.phases.at(-1).note).toMatch(/process group \d+: none; port \d+: closed/);
  expect(run.status).toBe(0);
  const record = readFileSync(join(project.sessionsDir, '.rehearsal/simulated.json'), 'utf8');
  expect(JSON.parse(record)).toMatchObject({ ok: true });
}, 180_000);
