import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { estimateCostUsd, priceOf } from '../../../../mcp-server/adapters/deploy/dstack/cost.ts';
import { serviceRoot } from '../../../../mcp-server/adapters/deploy/dstack/endpoint.ts';
import { parseHandle } from '../../../../mcp-server/adapters/deploy/dstack/handle.ts';
import { parseRun, type Run } from '../../../../mcp-server/adapters/deploy/dstack/run-json.ts';
import { instanceOf, viewRun } from '../../../../mcp-server/adapters/deploy/dstack/status.ts';
import { type RunState, runJson } from '../../../fakes/fake-dstack-run.ts';
import { FAKE_TOKEN } from '../../../fakes/fake-dstack-server.ts';
import { type Bench, FLEET, NEVER, openBench, SERVICE, SESSION, settle } from './bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

const withLine = (line: string): string => `${SERVICE}${line}\n`;

function runIn(state: RunState): Run {
  const fake = bench.server.addRun({ name: 'x', env: [], tags: {} });
  const run = parseRun(runJson(fake, state));
  if (run === null) throw new Error('the fake run does not parse');
  return run;
}

describe('point 19: ready means running, probed, and a 2xx by the URL', () => {
  test('ready tells endpoint, machine and price', async () => {
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    const status = await settle(bench.deploy, handle);
    expect(status).toEqual({
      kind: 'ready',
      endpoint: {
        baseUrl: `${bench.server.url}/proxy/services/main/ad-${SESSION}-t0007-2`,
        model: 'm/x',
        auth: 'dstack',
      },
      instance: {
        id: 'i-0123456789abcdef0',
        gpu: 'H100',
        driver: '570.86.15',
        region: 'us-east-1',
      },
      priceUsdPerHour: 2.5,
    });
  });
  test('no probe result yet is not ready, and an older deployment does not count', () => {
    expect(viewRun(runIn({ status: 'running', jobStatus: 'running', streak: null }))).toEqual({
      kind: 'starting',
      phase: 'loading',
    });
    const run = runIn({ status: 'running', jobStatus: 'running', streak: 3 });
    const next = runIn({ status: 'running', jobStatus: 'provisioning' });
    for (const job of next.jobs)
      for (const submission of job.job_submissions) submission.deployment_num = 1;
    expect(viewRun({ ...run, jobs: [...run.jobs, ...next.jobs] }).kind).toBe('starting');
    expect(instanceOf(next)).toMatchObject({ id: null });
  });
  test.each([
    [404, 'registering'],
    [502, 'loading'],
    [308, 'loading'],
  ])('a %i by the URL is still %s', async (health, phase) => {
    bench.server.health = health;
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await bench.deploy.status(handle, NEVER)).toEqual({ kind: 'starting', phase });
  });
});

describe('point 20: the base URL is absolute or hangs below the server; the bearer is the dstack token unless auth is off', () => {
  test.each([
    ['https://run.example.com', 'http://s', 'https://run.example.com'],
    ['/proxy/services/main/r/', 'http://s:3000', 'http://s:3000/proxy/services/main/r'],
    ['/proxy/services/main/r/', 'https://s/dstack/', 'https://s/dstack/proxy/services/main/r'],
  ])('%s below %s is %s', (url, server, root) => {
    expect(serviceRoot(url, server)).toBe(root);
  });
  test('headers are given for a service of dstack only', async () => {
    const endpoint = { baseUrl: 'http://x', model: 'm' };
    expect(await bench.deploy.authHeaders({ ...endpoint, auth: 'dstack' })).toEqual({
      authorization: `Bearer ${FAKE_TOKEN}`,
    });
    expect(await bench.deploy.authHeaders({ ...endpoint, auth: 'none' })).toEqual({});
  });
});

describe('point 21: a gateway is named as what buffers', () => {
  test('check_setup warns of a gateway in the file or in the project', async () => {
    const level = async (serviceYaml: string) => {
      const findings = await bench.deploy.checkSetup(
        { serviceYaml, budget: null, sessionId: null },
        NEVER,
      );
      return findings.find(({ check }) => check === 'dstack_gateway')?.level;
    };
    expect(await level(SERVICE)).toBeUndefined();
    expect(await level(withLine('gateway: false'))).toBeUndefined();
    expect(await level(withLine('gateway: true'))).toBe('warn');
    bench.server.gateways = [{ name: 'g', default: true }];
    expect(await level(SERVICE)).toBe('warn');
  });
});

describe('point 22: logs are decoded, redacted and capped', () => {
  test('pages are joined, base64 is decoded, env values and the token are hidden', async () => {
    bench.server.logLines = [
      'one\n',
      'HF says hush-hush-4711\n',
      `auth ${FAKE_TOKEN}\n`,
      '\u001b[31mred\u001b[0m\n',
      'last\n',
    ];
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    const text = await bench.deploy.logs(handle, { maxBytes: 10_000, signal: NEVER });
    expect(text).toBe('one\nHF says [redacted]\nauth [redacted]\nred\nlast\n');
    expect(await bench.deploy.logs(handle, { maxBytes: 8, signal: NEVER })).toBe('last\n');
  });
  test('where REST gives no logs, the command does', async () => {
    bench.server.onPost = (path) => (path.endsWith('logs/poll') ? [500, 'oops'] : null);
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    expect(await bench.deploy.logs(handle, { maxBytes: 10_000, signal: NEVER })).toContain(
      'loading weights',
    );
  });
  test('no file of the deployment holds the token or a value from the environment', async () => {
    const request = bench.requestOf();
    await bench.deploy.start(request, NEVER);
    for (const name of ['dstack-applied.yml', 'dstack-fleet.yml', 'dstack-deployment.json']) {
      const text = readFileSync(join(request.workDir, name), 'utf8');
      expect(text).not.toContain(FAKE_TOKEN);
      expect(text).not.toContain('hush-hush-4711');
    }
  });
});

describe('point 23: teardown is graceful, then an abort, then proven; a leak is loud', () => {
  test('a run that does not end by stop is aborted after its grace time', async () => {
    bench.server.stopMs = Number.POSITIVE_INFINITY;
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    const proof = await bench.deploy.stop(handle, NEVER);
    expect(proof).toMatchObject({ gone: true });
    expect(bench.server.callsOf('stop').map(({ argv }) => argv.includes('-x'))).toEqual([
      false,
      true,
    ]);
    expect(proof.proof.join('; ')).toMatch(
      /run status: terminated; job submissions: all finished; fleet .* idle/,
    );
  });
  test('a run that never ends is reported as a leak, and its guard stays', async () => {
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    const run = bench.server.runs[0];
    if (run !== undefined) run.state = { status: 'terminating', jobStatus: 'terminating' };
    const proof = await bench.deploy.stop(handle, NEVER);
    expect(proof.gone).toBe(false);
    expect(proof.proof.join('; ')).toContain('LEAK');
    expect(bench.guarded.seen.ended).toBe(0);
  });
  test('a server that does not answer proves nothing', async () => {
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    bench.server.onCli = () => ({
      exitCode: 1,
      stdout: 'Failed to connect to dstack server http://x',
    });
    expect(await bench.deploy.stop(handle, NEVER)).toMatchObject({ gone: false });
  });
  test('releasing a session deletes its fleet, and says which instance stays when it does not go', async () => {
    await bench.deploy.start(bench.requestOf(), NEVER);
    bench.server.onCli = ({ argv }) =>
      argv.includes('delete') ? { stdout: 'Fleet deleted' } : null;
    const leak = await bench.deploy.releaseSession(SESSION, NEVER);
    expect(leak.gone).toBe(false);
    expect(leak.proof.join('; ')).toContain('busy');
    bench.server.onCli = null;
    expect(await bench.deploy.releaseSession(SESSION, NEVER)).toMatchObject({ gone: true });
    expect(bench.server.fleets).toEqual([]);
  });
  test('a fleet of the session’s name without its tag is left alone', async () => {
    bench.server.fleets.push({ name: FLEET, configuration: {}, instances: [] });
    expect(await bench.deploy.releaseSession(SESSION, NEVER)).toMatchObject({ gone: false });
    expect(bench.server.fleets).toHaveLength(1);
  });
});

describe('point 24: only our own runs are stopped, by id and tag, and by one teardown for all', () => {
  test('a stranger’s run that took the name after ours had ended is not stopped', async () => {
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    const ours = bench.server.runs[0];
    if (ours !== undefined) ours.state = { status: 'failed', jobStatus: 'failed' };
    bench.server.addRun({ name: `ad-${SESSION}-t0007-2`, env: [], tags: {} });
    expect(await bench.deploy.stop(handle, NEVER)).toMatchObject({ gone: true });
    expect(bench.server.callsOf('stop')).toEqual([]);
  });
  test('a run with our id and without our tags is left alone', async () => {
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    const ours = bench.server.runs[0];
    if (ours !== undefined) ours.configuration['tags'] = {};
    expect(await bench.deploy.stop(handle, NEVER)).toMatchObject({ gone: false });
    expect(bench.server.callsOf('stop')).toEqual([]);
  });
  test('the guard’s end by deadline or idleness is told as such', async () => {
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    bench.guarded.endWith('idle');
    expect(await bench.deploy.status(handle, NEVER)).toMatchObject({
      kind: 'failed',
      reason: 'idle',
    });
  });
});

describe('point 25: cost is our clock times the price, beside what dstack says', () => {
  test('price is per hour of the whole machine, and counts from the submission on', () => {
    const run = runIn({ status: 'running', jobStatus: 'running', provisioned: true, streak: 3 });
    expect(priceOf(run)).toBe(2.5);
    const start = Date.parse(run.jobs[0]?.job_submissions[0]?.submitted_at ?? '');
    // half an hour at 2.5 USD per hour
    expect(estimateCostUsd(run, start + 1_800_000)).toBeCloseTo(1.25, 6);
  });
  test('nothing was provisioned, nothing is owed', () => {
    expect(
      estimateCostUsd(runIn({ status: 'submitted', jobStatus: 'submitted' }), Date.now() + 9e6),
    ).toBe(0);
  });
  test('a stop gives both numbers and calls neither a bill', async () => {
    const handle = await bench.deploy.start(bench.requestOf(), NEVER);
    await settle(bench.deploy, handle);
    const proof = await bench.deploy.stop(handle, NEVER);
    expect(proof.costUsd).toBe(2.5);
    expect(proof.proof.join('; ')).toMatch(
      /estimated cost: .* by our clock, 2\.5000 USD by dstack \(neither is a bill\)/,
    );
  });
});

describe('a login that changed to another server', () => {
  test('proves nothing about a deployment of the first one, and finds nothing in its place', async () => {
    const request = bench.requestOf();
    const handle = parseHandle(await bench.deploy.start(request, NEVER));
    const other = await openBench();
    const { sessionId, runName, workDir } = request;
    expect(await other.deploy.stop(handle, NEVER)).toMatchObject({ gone: false });
    await expect(other.deploy.status(handle, NEVER)).rejects.toMatchObject({
      code: 'E_DSTACK_OTHER_SERVER',
    });
    await expect(other.deploy.find({ sessionId, runName, workDir }, NEVER)).rejects.toMatchObject({
      code: 'E_DSTACK_OTHER_SERVER',
    });
    expect(other.guarded.seen.ended).toBe(0);
    await other.close();
  });
});
