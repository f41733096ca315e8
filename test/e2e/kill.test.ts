import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldEvents } from '../../mcp-server/core/ledger/fold.ts';
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

beforeAll(async () => {
  project = makeProject(
    simulatedContract({ loadPoints: [{ kind: 'closed', concurrency: 8, requests: 400 }] }),
  );
  server = await startServer(project.dir);
}, 60_000);

afterAll(async () => {
  await server.call('stop_deployments', {});
  await server.close();
  project.remove();
}, 60_000);

describe('a server killed with SIGKILL in the middle of a benchmark', () => {
  test('goes on after a restart; the ledger folds to the same state plus the interruption', async () => {
    await server.done('open_session', { contract_file: 'contract.yml' });
    const { args } = await driveUntil(server, ['benchmark']);
    const started = await server.call('benchmark', { ...args, wait_s: 1 });
    expect(started.data.status).toBe('running');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    process.kill(server.pid, 'SIGKILL');
    await server.close();
    const before = readLedger(project.sessionsDir);
    const stateBefore = foldEvents(before);

    server = await startServer(project.dir);
    const opened = await server.done('open_session', { contract_file: 'contract.yml' });
    expect(opened.next.tool).not.toBe('wait_job');
    const after = readLedger(project.sessionsDir);
    const stateAfter = foldEvents(after);

    // What stood there stands there still; the only news is that the job ended as interrupted.
    expect(after.slice(0, before.length)).toEqual(before);
    const news = after.slice(before.length);
    expect(news.map((event) => event.type)).toContain('job_ended');
    expect(news.find((event) => event.type === 'job_ended').data).toMatchObject({
      jobId: started.data.jobId,
      status: 'interrupted',
    });
    expect(stateAfter.jobs.at(-1)?.ended?.status).toBe('interrupted');
    expect({ ...stateAfter, jobs: [], lastAt: '', lastSeq: 0, evidence: [] }).toEqual({
      ...stateBefore,
      jobs: [],
      lastAt: '',
      lastSeq: 0,
      evidence: [],
    });

    // The deployment outlived the server (its guard holds it), so the same benchmark is simply asked for again.
    const { next } = await server.done('get_status');
    expect(next.tool).toBe('benchmark');
    await server.done('cancel_job', {
      job_id: (await server.call('benchmark', { ...next.args, wait_s: 1 })).data.jobId,
    });
    await server.done('stop_deployments');
    const gone = readLedger(project.sessionsDir).find((event) => event.type === 'deployment_gone');
    expect(gone.data.proof.length).toBeGreaterThan(0);
  }, 180_000);
});
