import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { causeOf } from '../../../../mcp-server/adapters/deploy/dstack/cause.ts';
import { parseHandle } from '../../../../mcp-server/adapters/deploy/dstack/handle.ts';
import { renderApplied } from '../../../../mcp-server/adapters/deploy/dstack/render.ts';
import {
  isTerminal,
  parseRun,
  type Run,
} from '../../../../mcp-server/adapters/deploy/dstack/run-json.ts';
import { viewRun } from '../../../../mcp-server/adapters/deploy/dstack/status.ts';
import { parseServiceFile } from '../../../../mcp-server/core/service/service-file.ts';
import type { DeployRequest } from '../../../../mcp-server/ports/deploy.ts';
import { type RunState, runJson } from '../../../fakes/fake-dstack-run.ts';
import {
  type Bench,
  FLEET,
  NEVER,
  openBench,
  requestIn,
  SERVICE,
  SESSION,
  settle,
} from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const applied = (change: Partial<DeployRequest> = {}) => {
  const { text, notes } = renderApplied(requestIn('/w', change));
  return { text, notes, yaml: parse(text) as Record<string, unknown> };
};
const withLine = (line: string): string => `${SERVICE}${line}\n`;

function runIn(state: RunState): Run {
  const fake = bench.server.addRun({ name: 'x', env: [], tags: {} });
  const run = parseRun(runJson(fake, state));
  if (run === null) throw new Error('the fake run does not parse');
  return run;
}

describe('point 13: the applied text carries every limit of the contract', () => {
  test('price, durations, one replica, no retry, own fleet, one GPU count, probe until ready', () => {
    expect(applied().yaml).toMatchObject({
      name: `ad-${SESSION}-t0007-2`,
      max_price: 4,
      max_duration: '3600s',
      idle_duration: '600s',
      retry: false,
      replicas: 1,
      fleets: [FLEET],
      gateway: false,
      resources: { gpu: 'H100:80GB:1' },
      probes: [{ type: 'http', url: '/health', until_ready: true }],
    });
  });
  test('tags say whose it is and until when, and the profiler is told the deployment', () => {
    const { yaml } = applied({ deadlineAtMs: 1_790_000_000_000 });
    expect(yaml['tags']).toMatchObject({
      'autodebug-session': SESSION,
      'autodebug-deployment': 'd0007-2',
      'autodebug-deadline': '1790000000',
    });
    expect(yaml['env']).toEqual(
      expect.arrayContaining([
        'HF_TOKEN',
        'MODE=fast',
        'GRAPHSIGNAL_TAG_AUTODEBUG_DEPLOYMENT=d0007-2',
      ]),
    );
  });
  test('the commands and the comments of the user stay, and the user’s own text is untouched', () => {
    const { text } = applied();
    expect(text).toContain("# the user's own words");
    expect(parseServiceFile(text).commands).toEqual(parseServiceFile(SERVICE).commands);
  });
  test('a lower limit of the user is kept, a higher one is not', () => {
    expect(
      applied({ serviceYaml: withLine('max_price: 2.5\nmax_duration: 10m') }).yaml,
    ).toMatchObject({ max_price: 2.5, max_duration: '600s' });
    expect(
      applied({ serviceYaml: withLine('max_price: 99\nmax_duration: off') }).yaml,
    ).toMatchObject({ max_price: 4, max_duration: '3600s' });
  });
  test('what would scale, schedule, retry or end the run by another rule is not applied, and that is said', () => {
    const own =
      'replicas: 1..4\nscaling: {metric: rps, target: 2}\nretry: true\nschedule: {cron: "0 1 * * *"}\nutilization_policy: {min_gpu_utilization: 10, time_window: 5m}\nfleets: [mine]';
    const { yaml, notes } = applied({ serviceYaml: withLine(own) });
    expect(yaml).toMatchObject({ replicas: 1, retry: false, fleets: [FLEET] });
    expect(Object.keys(yaml)).not.toEqual(expect.arrayContaining(['scaling']));
    expect(notes.join()).toMatch(/schedule.*scaling.*utilization_policy/);
  });
  test('own probes stay, but only until they have passed', () => {
    const { yaml } = applied({
      serviceYaml: withLine('probes: [{type: http, url: /ready, interval: 3s}]'),
    });
    expect(yaml['probes']).toEqual([
      { type: 'http', url: '/ready', interval: '3s', until_ready: true },
    ]);
  });
  test('a gateway is used only where the contract says so', () => {
    expect(applied({ loadPath: 'gateway' }).yaml).not.toHaveProperty('gateway');
    expect(applied({ serviceYaml: withLine('gateway: mine') }).yaml).toMatchObject({
      gateway: 'mine',
    });
  });
  test.each(['maxUsdPerHour', 'maxUsdPerTrial'] as const)(
    'without %s in the contract nothing is rented',
    async (key) => {
      const request = bench.requestOf();
      const budget = { ...request.budget, [key]: 0 };
      await expect(bench.deploy.start({ ...request, budget }, NEVER)).rejects.toMatchObject({
        code: 'E_NO_LIMIT',
        message: expect.stringContaining(key),
      });
      expect(bench.server.calls).toEqual([]);
    },
  );
  test.each([
    ['A100:80GB:1', 'H100', 'E_HARDWARE'],
    ['H100:80GB:2', 'H100', 'E_HARDWARE'],
    ['H100:1..4', 'H100', 'E_HARDWARE'],
    ['???', 'H100', 'E_HARDWARE'],
  ])('gpu %s is refused where the contract allows one %s', (gpu, _, code) => {
    const serviceYaml = SERVICE.replace('gpu: H100:80GB', `gpu: "${gpu}"`);
    expect(() => applied({ serviceYaml })).toThrow(expect.objectContaining({ code }));
  });
  test.each([
    ['gpu: 24GB..', [{ gpu: 'L4', count: 1 }], 'L4:24GB..:1'],
    ['gpu: nvidia:80GB', [{ gpu: 'H100', count: 2 }], 'nvidia:H100:80GB:2'],
    ['gpu: 1', [{ gpu: 'H100', count: 1 }], 'H100:1'],
    ['cpu: 4..', [{ gpu: 'H100', count: 1 }], 'H100:1'],
    ['cpu: 4..', [{ gpu: 'cpu', count: 0 }], 0],
    ['gpu: 0', [{ gpu: 'cpu', count: 1 }], 0],
  ])('%s under %o asks for exactly %s', (line, allowedHardware, gpu) => {
    const serviceYaml = SERVICE.replace('gpu: H100:80GB', line);
    expect(applied({ serviceYaml, allowedHardware }).yaml['resources']).toMatchObject({ gpu });
  });
});

describe('point 14: the name is known before the run is made, and what is there is compared with it', () => {
  test('facts, reaper file and guard stand before apply is called', async () => {
    const request = bench.requestOf();
    let seen = false;
    bench.server.onCli = ({ argv, file }) => {
      if (argv[0] === 'apply' && file?.includes('type: service') === true) {
        seen =
          existsSync(join(request.workDir, 'dstack-deployment.json')) &&
          bench.guarded.seen.started === 1;
      }
      return null;
    };
    await bench.deploy.start(request, NEVER);
    expect(seen).toBe(true);
    expect(bench.guarded.seen.specs.at(0)).toMatchObject({ runName: request.runName, runId: null });
    expect(bench.guarded.seen.specs.at(-1)).toMatchObject({ runId: bench.server.runs[0]?.id });
  });
  test('a run of the intended name is found after a crash; a stranger’s, or another session’s, is not', async () => {
    const request = bench.requestOf();
    const { sessionId, runName, workDir } = request;
    bench.server.addRun({ name: runName, env: [], tags: { 'autodebug-session': 'another' } });
    expect(await bench.deploy.find({ sessionId, runName, workDir }, NEVER)).toBeNull();
    bench.server.runs.splice(0);
    await bench.deploy.start(request, NEVER);
    expect(await bench.deploy.find({ sessionId, runName, workDir }, NEVER)).toMatchObject({
      runName,
    });
    expect(
      await bench.deploy.find({ sessionId: 's260322-other1', runName, workDir }, NEVER),
    ).toBeNull();
  });
});

describe('point 15: exit 0 is not success, and a time-out may have made a run', () => {
  test('a run that is not listed after exit 0 is an error, and the guard is let go', async () => {
    bench.server.onCli = ({ argv, file }) =>
      argv[0] === 'apply' && file?.includes('type: service') === true
        ? { stdout: 'Run x submitted, detaching...' }
        : null;
    await expect(bench.deploy.start(bench.requestOf(), NEVER)).rejects.toMatchObject({
      code: 'E_APPLY',
    });
    expect(bench.guarded.seen).toMatchObject({ started: 1, ended: 1 });
  });
  test('a run that a timed-out apply made is looked for and stopped', async () => {
    const request = bench.requestOf();
    bench.server.onCli = ({ argv, file }) => {
      if (argv[0] !== 'apply' || file?.includes('type: service') !== true) return null;
      bench.server.addRun(parse(file) as Record<string, unknown>);
      return { hangMs: 10_000_000 };
    };
    await expect(bench.deploy.start(request, NEVER)).rejects.toMatchObject({
      code: 'E_DSTACK_TIMEOUT',
    });
    expect(bench.server.callsOf('stop').map(({ argv }) => argv[1])).toEqual([request.runName]);
    expect(bench.guarded.seen.ended).toBe(1);
  });
  test('while nobody can tell whether a run was made, the guard stays', async () => {
    let down = false;
    bench.server.onCli = ({ argv, file }) => {
      if (argv[0] === 'apply' && file?.includes('type: service') === true) down = true;
      return down ? { exitCode: 1, stdout: 'Failed to connect to dstack server http://x' } : null;
    };
    await expect(bench.deploy.start(bench.requestOf(), NEVER)).rejects.toMatchObject({
      code: 'E_MAYBE_CREATED',
    });
    expect(bench.guarded.seen).toMatchObject({ started: 1, ended: 0 });
  });
});

describe('point 16: status is asked at intervals and has a deadline to be ready', () => {
  test('the phase is shown while waiting, the pull with its progress', () => {
    const pull = { downloaded_bytes: 40, total_bytes: 100, extracted_bytes: 0 };
    expect(viewRun(runIn({ status: 'provisioning', jobStatus: 'pulling', pull }))).toEqual({
      kind: 'starting',
      phase: 'pulling 40 %',
    });
    expect(viewRun(runIn({ status: 'submitted', jobStatus: 'submitted' }))).toEqual({
      kind: 'starting',
      phase: 'submitted',
    });
    expect(viewRun(runIn({ status: 'running', jobStatus: 'running', streak: 0 }))).toEqual({
      kind: 'starting',
      phase: 'loading',
    });
  });
  test('a run that is not ready in the minutes of the contract has failed by deadline', async () => {
    const handle = parseHandle(
      await bench.deploy.start(
        bench.requestOf({ serviceYaml: SERVICE.replace('MODE=fast', 'FAKE_FATE=never') }),
        NEVER,
      ),
    );
    const late = { ...handle, readyByMs: Date.now() - 1 };
    expect(await bench.deploy.status(late, NEVER)).toMatchObject({
      kind: 'failed',
      reason: 'deadline',
    });
  });
  test('a service that was ready once is past that deadline', async () => {
    const handle = parseHandle(await bench.deploy.start(bench.requestOf(), NEVER));
    expect(await settle(bench.deploy, handle)).toMatchObject({ kind: 'ready' });
    bench.server.health = 503;
    expect(await bench.deploy.status({ ...handle, readyByMs: Date.now() - 1 }, NEVER)).toEqual({
      kind: 'starting',
      phase: 'loading',
    });
  });
});

describe('point 17: terminated, failed and done are the end, and done is a failure for a server', () => {
  test.each(['terminated', 'failed', 'done'])('%s is terminal', (status) => {
    expect(isTerminal(runIn({ status, jobStatus: 'failed' }))).toBe(true);
  });
  test('a command that ended with 0 is an engine that exited', () => {
    const run = runIn({
      status: 'done',
      jobStatus: 'done',
      terminationReason: 'all_jobs_done',
      jobReason: 'done_by_runner',
      exitStatus: 0,
      provisioned: true,
    });
    expect(viewRun(run)).toMatchObject({ kind: 'failed', reason: 'exited', exitCode: 0 });
  });
});

describe('point 18: the cause is read from the last submission of each job', () => {
  test.each([
    ['failed_to_start_due_to_no_capacity', null, 'no_capacity'],
    ['creating_container_error', 'pullImage error: manifest unknown', 'image_pull_failure'],
    ['creating_container_error', 'createContainer error: bad mount', 'container_error'],
    ['container_exited_with_error', null, 'exited'],
    ['interrupted_by_no_capacity', null, 'spot_interruption'],
    ['instance_unreachable', null, 'instance_unreachable'],
    ['max_duration_exceeded', null, 'max_duration'],
    ['waiting_runner_limit_exceeded', null, 'provisioning_timeout'],
    ['terminated_due_to_utilization_policy', null, 'utilization_policy'],
    ['log_quota_exceeded', null, 'log_quota'],
  ])('%s (%s) is %s', (jobReason, jobMessage, reason) => {
    const run = runIn({
      status: 'failed',
      jobStatus: 'failed',
      terminationReason: 'job_failed',
      jobReason,
      jobMessage,
    });
    expect(causeOf(run).reason).toBe(reason);
  });
  test('a replica that the server ended because another failed does not hide the cause', () => {
    const run = runIn({
      status: 'failed',
      jobStatus: 'terminated',
      jobReason: 'terminated_by_server',
    });
    const guilty = runIn({
      status: 'failed',
      jobStatus: 'failed',
      jobReason: 'container_exited_with_error',
      exitStatus: 137,
      provisioned: true,
    });
    const cause = causeOf({ ...run, jobs: [...run.jobs, ...guilty.jobs] });
    expect(cause).toMatchObject({ reason: 'exited', phase: 'running', exitCode: 137 });
    expect(cause.message).toContain('killed, mostly for memory');
  });
});
