import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  driveUntil,
  makeProject,
  type Project,
  type Server,
  simulatedContract,
  startServer,
} from './harness.ts';
import { onlySession, readLedger } from './ledger-file.ts';

const projects: Project[] = [];
const servers: Server[] = [];

const git = (dir: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    cwd: dir,
    encoding: 'utf8',
  });

beforeAll(async () => {
  for (let index = 0; index < 2; index += 1) {
    const project = makeProject(simulatedContract());
    writeFileSync(join(project.dir, '.gitignore'), 'sessions/\n');
    git(project.dir, 'init', '-q');
    git(project.dir, 'add', '-A');
    git(project.dir, 'commit', '-qm', 'service and contract');
    projects.push(project);
    servers.push(await startServer(project.dir));
  }
}, 60_000);

afterAll(async () => {
  for (const server of servers) {
    await server.call('stop_deployments', {});
    await server.close();
  }
  for (const project of projects) project.remove();
}, 60_000);

describe('two agents in two folders', () => {
  test('run two sessions beside each other, survive kill -9, and leave git clean', async () => {
    await Promise.all(
      servers.map((server) => server.done('open_session', { contract_file: 'contract.yml' })),
    );
    await Promise.all(servers.map((server) => driveUntil(server, ['benchmark'])));
    const [first, second] = projects.map((project) => onlySession(project.sessionsDir));
    expect(first).not.toBe(second);
    const ports = projects.map(
      (project) =>
        readLedger(project.sessionsDir).find((event) => event.type === 'deploy_ready').data.endpoint
          .baseUrl,
    );
    expect(new Set(ports).size).toBe(2);

    process.kill(servers[0]?.pid ?? 0, 'SIGKILL');
    await servers[0]?.close();
    servers[0] = await startServer(projects[0]?.dir ?? '');
    await servers[0].done('open_session', { contract_file: 'contract.yml' });
    for (const server of servers) await server.done('stop_deployments');
    for (const project of projects) {
      const events = readLedger(project.sessionsDir);
      expect(events.filter((event) => event.type === 'deployment_gone')).toHaveLength(1);
      expect(git(project.dir, 'status', '--porcelain')).toBe('');
    }
  }, 180_000);

  test('a second server on the same session is told who holds it', async () => {
    const intruder = await startServer(projects[1]?.dir ?? '');
    const refused = await intruder.call('stop_deployments');
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain('E_SESSION_LOCKED');
    expect(refused.text).toContain(String(servers[1]?.pid));
    const status = await intruder.call('get_status');
    expect(status.isError).toBe(false);
    await intruder.close();
  }, 60_000);
});
