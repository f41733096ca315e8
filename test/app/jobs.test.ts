import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Call, JobResult, Jobs } from '../../mcp-server/app/app.ts';
import { createJobs } from '../../mcp-server/app/jobs.ts';
import { PreconditionError } from '../../mcp-server/core/errors.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { refusal } from '../fakes/refusal.ts';
import {
  CALL,
  createFastClock,
  createTestApp,
  openTestSession,
  type TestApp,
} from '../fakes/test-app.ts';

let test: TestApp;
let writer: LedgerWriter;
let jobs: Jobs;

const job = (more: { waitS?: number; kind?: 'deploy' | 'benchmark' } = {}) => ({
  writer,
  kind: more.kind ?? ('deploy' as const),
  trialId: null,
  args: {},
  waitS: more.waitS ?? 5,
});

/** Work that ends when the test says so, or when it is cancelled. */
function heldWork(): {
  body: (call: Call) => Promise<JobResult>;
  end: () => void;
} {
  let end = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    end = resolve;
  });
  const body = async (call: Call): Promise<JobResult> => {
    const cancelled = new Promise((resolve) => call.signal.addEventListener('abort', resolve));
    await Promise.race([held, cancelled]);
    return { summary: 'ended', result: { n: 1 } };
  };
  return { body, end: () => end() };
}

beforeEach(async () => {
  test = createTestApp(createFakeDeploy());
  writer = await openTestSession(test);
  jobs = test.app.jobs;
});
afterEach(() => test.close());

describe('a job', () => {
  it('is in the ledger before its work begins and after it ends', async () => {
    let seen = 0;
    const outcome = await jobs.start(job(), CALL, async () => {
      seen = writer.state().jobs.length;
      return { summary: 'ready', result: { port: 1 } };
    });
    expect(seen).toBe(1);
    expect(outcome).toEqual({
      jobId: 'j0001',
      status: 'done',
      summary: 'ready',
      result: { port: 1 },
    });
    expect(writer.state().jobs[0]?.ended).toMatchObject({ status: 'done', result: { port: 1 } });
    expect(jobs.running()).toEqual([]);
  });

  it('throws its own error when it fails while the caller waits, and keeps it in the ledger', async () => {
    const failing = jobs.start(job(), CALL, async () => {
      throw new PreconditionError('not now', { code: 'E_BUSY', fix: 'wait' });
    });
    await expect(failing).rejects.toThrow('not now');
    expect(writer.state().jobs[0]?.ended).toMatchObject({ status: 'failed', errorCode: 'E_BUSY' });
  });

  it('outlives the call that began it and is waited for by another', async () => {
    const work = heldWork();
    const outcome = await jobs.start(job({ waitS: 0 }), CALL, work.body);
    expect(outcome.status).toBe('running');
    expect(jobs.running()).toEqual(['j0001']);
    const waiting = jobs.wait(writer, { jobId: 'j0001', waitS: 5 }, CALL);
    work.end();
    expect((await waiting).status).toBe('done');
    expect((await jobs.wait(writer, { jobId: 'j0001', waitS: 5 }, CALL)).result).toEqual({ n: 1 });
  });

  it('stops being waited for when the caller goes away, and runs on', async () => {
    const work = heldWork();
    const gone = new AbortController();
    const waiting = jobs.start(job({ waitS: 50 }), { ...CALL, signal: gone.signal }, work.body);
    gone.abort();
    expect((await waiting).status).toBe('running');
    work.end();
    await jobs.wait(writer, { jobId: 'j0001', waitS: 5 }, CALL);
    expect(writer.state().jobs[0]?.ended?.status).toBe('done');
  });

  it('is cancelled once and for all, with what it had recorded kept', async () => {
    const work = heldWork();
    await jobs.start(job({ waitS: 0 }), CALL, work.body);
    expect((await jobs.cancel(writer, 'j0001')).status).toBe('cancelled');
    expect((await jobs.cancel(writer, 'j0001')).status).toBe('cancelled');
    expect(writer.state().jobs).toHaveLength(1);
  });

  it('is refused while another of its kind runs, but not beside one of another kind', async () => {
    const work = heldWork();
    await jobs.start(job({ waitS: 0 }), CALL, work.body);
    await expect(jobs.start(job(), CALL, work.body)).rejects.toThrow(
      refusal('E_JOB_RUNNING', 'A deploy is running already (j0001)', '"job_id":"j0001"'),
    );
    expect(writer.state().jobs).toHaveLength(1);
    const other = await jobs.start(job({ kind: 'benchmark' }), CALL, async () => ({
      summary: '',
      result: {},
    }));
    expect(other).toMatchObject({ jobId: 'j0002', status: 'done' });
    work.end();
  });

  it('tells a waiting caller something at least every 15 s, and never waits beyond 50 s', async () => {
    const clock = createFastClock();
    const fast = createJobs({ clock, pid: 1 });
    const heard: { atMs: number; text: string }[] = [];
    const work = heldWork();
    const startedMs = clock.monotonicMs();
    const call: Call = {
      ...CALL,
      onProgress: (text) => heard.push({ atMs: clock.monotonicMs() - startedMs, text }),
    };
    const outcome = await fast.start(job({ waitS: 600 }), call, work.body);
    expect(outcome.status).toBe('running');
    expect(Math.round((clock.monotonicMs() - startedMs) / 1000)).toBe(50);
    expect(heard.length).toBeGreaterThanOrEqual(3);
    expect(heard[0]?.text).toMatch(/deploy j0001 runs for 15 s: started/);
    work.end();
  });

  it('passes on what the work reports', async () => {
    const heard: string[] = [];
    const call: Call = { ...CALL, onProgress: (text) => heard.push(text) };
    await jobs.start(job(), call, async (context) => {
      context.onProgress('pulling \u001B[31mimage');
      return { summary: '', result: {} };
    });
    expect(heard).toEqual(['pulling image']);
  });

  it('names the job that does not exist', async () => {
    await expect(jobs.wait(writer, { jobId: 'j0042', waitS: 0 }, CALL)).rejects.toThrow(
      refusal('E_NO_JOB', 'no job j0042', 'get_status'),
    );
  });
});

describe('jobs of a process that is gone', () => {
  it('are ended as interrupted by the next writer, and the trials keep what was measured', async () => {
    const work = heldWork();
    await jobs.start(job({ waitS: 0 }), CALL, work.body);
    const before = writer.state().trials;
    await writer.close(); // as a crash would leave it: a job without an end
    const next = test.reopen();
    const reopened = await next.app.sessions.use();
    expect(reopened.state().jobs[0]?.ended).toMatchObject({
      status: 'interrupted',
      errorCode: 'E_INTERRUPTED',
    });
    expect(reopened.state().trials).toEqual(before);
    const outcome = await next.app.jobs.wait(reopened, { jobId: 'j0001', waitS: 0 }, CALL);
    expect(outcome.status).toBe('interrupted');
    await next.app.sessions.close();
    work.end();
  });

  it('leaves the work of a closed session without an end instead of failing', async () => {
    const work = heldWork();
    await jobs.start(job({ waitS: 0 }), CALL, work.body);
    const waiting = jobs.wait(writer, { jobId: 'j0001', waitS: 5 }, CALL);
    await writer.close();
    work.end();
    expect((await waiting).status).toBe('interrupted');
  });
});
