import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { causeOf } from '../../mcp-server/adapters/deploy/dstack/cause.ts';
import { createCli } from '../../mcp-server/adapters/deploy/dstack/cli.ts';
import { readCredentials } from '../../mcp-server/adapters/deploy/dstack/credentials.ts';
import {
  classifyFailure,
  collapseOutput,
  saysNotFound,
} from '../../mcp-server/adapters/deploy/dstack/errors.ts';
import { envSecrets, readLogs } from '../../mcp-server/adapters/deploy/dstack/logs.ts';
import { createRest } from '../../mcp-server/adapters/deploy/dstack/rest.ts';
import {
  isFullyFinished,
  parseRun,
  type Run,
} from '../../mcp-server/adapters/deploy/dstack/run-json.ts';
import { readRun } from '../../mcp-server/adapters/deploy/dstack/runs.ts';
import { viewRun } from '../../mcp-server/adapters/deploy/dstack/status.ts';
import { createProcessRunner } from '../../mcp-server/adapters/process/run.ts';
import { type DstackServer, startDstackServer, TOKEN } from './dstack-server.ts';

const NEVER = new AbortController().signal;
const PROJECT = ['--project', 'main'];
let server: DstackServer;

beforeAll(async () => {
  server = await startDstackServer();
});
afterAll(async () => {
  await server.stop();
});

function cliWith(more: Record<string, string> = {}) {
  const environment = server.environment(more);
  const credentials = readCredentials(environment, server.home);
  return createCli({ runner: createProcessRunner(), environment, credentials });
}
const restOf = () => createRest({ url: server.url, token: TOKEN });

function service(name: string, extra = ''): string {
  return `type: service\nname: ${name}\npython: "3.12"\ncommands: [python -m http.server 8000]\nport: 8000\nresources: {gpu: "0"}\n${extra}`;
}

async function apply(file: string, text: string) {
  server.write(file, text);
  return server.dstack(['apply', '-f', file, '-y', '-d', '--no-profile', ...PROJECT]);
}

async function runOf(name: string): Promise<Run> {
  const run = await readRun(cliWith(), { project: 'main', by: { name }, signal: NEVER });
  if (run === null) throw new Error(`${name} is not there`);
  return run;
}

async function waitFor(name: string, isEnd: (run: Run) => boolean): Promise<Run> {
  for (let tries = 0; tries < 60; tries += 1) {
    const run = await runOf(name);
    if (isEnd(run)) return run;
    await sleep(1500);
  }
  return runOf(name);
}

const RETRY = 'retry: {on_events: [no-capacity], duration: 1h}\n';

describe('the real dstack, group by group', () => {
  test('1. a wrong token is refused with exit 1, and we call it a login problem', async () => {
    const result = await cliWith({ DSTACK_TOKEN: 'wrong-token' }).call({
      args: ['ps', '--json', ...PROJECT],
    });
    expect(result.exitCode).toBe(1);
    expect(classifyFailure(result)).toMatchObject({ code: 'E_DSTACK_LOGIN', fault: 'operator' });
    const answer = await createRest({ url: server.url, token: 'wrong-token' }).post(
      '/api/users/get_my_user',
      {},
      NEVER,
    );
    expect(answer).toMatchObject({ kind: 'refused', status: 403 });
  });

  test('2. an unknown project looks empty to ps under the environment triple, and is told by run get', async () => {
    const cli = cliWith({ DSTACK_PROJECT: 'noproj' });
    const ps = await cli.call({ args: ['ps', '--json', '--project', 'noproj'] });
    expect(ps).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('"runs":[]') });
    const get = await cli.call({ args: ['run', '--project', 'noproj', 'get', 'x', '--json'] });
    expect(get.exitCode).toBe(1);
    expect(classifyFailure(get).code).toBe('E_DSTACK_PROJECT');
    // With the login file alone 0.22.5 refuses at once.
    const byFile = await server.dstack(['ps', '--json', '--project', 'noproj']);
    expect(byFile).toMatchObject({ exitCode: 1 });
    expect(classifyFailure(byFile).code).toBe('E_DSTACK_PROJECT');
  });

  test('3. a server that is down is told as unreachable and may be tried again', async () => {
    const result = await cliWith({ DSTACK_SERVER_URL: 'http://127.0.0.1:9' }).call({
      args: ['ps', '--json', ...PROJECT],
    });
    expect(result.exitCode).toBe(1);
    expect(classifyFailure(result)).toMatchObject({
      code: 'E_DSTACK_UNREACHABLE',
      retryable: true,
    });
    expect(
      await createRest({ url: 'http://127.0.0.1:9', token: TOKEN }).post('/x', {}, NEVER),
    ).toEqual({ kind: 'unreachable' });
  });

  test.each([
    ['an unknown key', service('bad-key', 'nonsense: 1\n'), 'E_SERVICE_FILE'],
    ['a bad name', service('BadName'), 'E_SERVICE_FILE'],
    ['an unset variable', service('no-env', 'env: [NO_SUCH_VAR]\n'), 'E_ENV_MISSING'],
    [
      'scaling without a gateway',
      service('scales', 'replicas: 0..2\nscaling: {metric: rps, target: 1}\n'),
      'E_SERVICE_FILE',
    ],
    ['a gateway that is not there', service('wants-gateway', 'gateway: true\n'), 'E_SERVICE_FILE'],
  ])('4. apply refuses %s with exit 1 and a text that we know', async (_, text, code) => {
    const result = await apply('refused.yml', text);
    expect(result.exitCode).toBe(1);
    expect(classifyFailure(result).code).toBe(code);
  });

  test('5. get_plan checks a specification without creating a run, and names an unknown key with 422', async () => {
    const configuration = {
      type: 'service',
      name: 'planned',
      python: '3.12',
      commands: ['a'],
      port: 8000,
    };
    const path = '/api/project/main/runs/get_plan';
    const good = await restOf().post(
      path,
      { run_spec: { run_name: 'planned', configuration } },
      NEVER,
    );
    expect(good).toMatchObject({ kind: 'ok', value: { action: 'create', current_resource: null } });
    const bad = await restOf().post(
      path,
      { run_spec: { run_name: 'planned', configuration: { ...configuration, bogus: 1 } } },
      NEVER,
    );
    expect(bad).toMatchObject({ kind: 'refused', status: 422 });
    expect(
      await readRun(cliWith(), { project: 'main', by: { name: 'planned' }, signal: NEVER }),
    ).toBeNull();
  });

  test('6. apply without a fleet exits 0, and the run fails for want of capacity', async () => {
    const result = await apply('nofleet.yml', service('no-fleet'));
    expect(result.exitCode).toBe(0);
    expect(collapseOutput(result)).toContain('The project has no fleets');
    const run = await waitFor('no-fleet', isFullyFinished);
    expect(run).toMatchObject({ status: 'failed', termination_reason: 'job_failed' });
    expect(causeOf(run)).toMatchObject({
      reason: 'no_capacity',
      phase: 'provisioning',
      exitCode: null,
    });
    expect(viewRun(run)).toMatchObject({ kind: 'failed', reason: 'no_capacity' });
  });

  test('7. with a fleet that has no offers the cause is no capacity too', async () => {
    server.write('fleet.yml', 'type: fleet\nname: f1\nnodes: 0..2\n');
    const made = await server.dstack(['apply', '-f', 'fleet.yml', '-y', '-d', ...PROJECT]);
    expect(made.exitCode).toBe(0);
    await apply('nocap.yml', service('no-cap'));
    const run = await waitFor('no-cap', isFullyFinished);
    expect(causeOf(run)).toMatchObject({ reason: 'no_capacity' });
    expect(causeOf(run).message).toContain('no capacity');
    await apply('nosuch.yml', service('no-such-fleet', 'fleets: [nope]\n'));
    const lost = await waitFor('no-such-fleet', isFullyFinished);
    expect(causeOf(lost)).toMatchObject({ reason: 'no_capacity' });
    expect(causeOf(lost).message).toContain('Failed to use specified fleets');
  });

  test('8. an active run is told apart: unchanged, updated in place, replaced', async () => {
    await apply('active.yml', service('active-run', RETRY));
    const first = await waitFor('active-run', ({ status_message: said }) => said === 'retrying');
    expect(viewRun(first)).toEqual({ kind: 'starting', phase: 'retrying' });
    const same = await apply('active.yml', service('active-run', RETRY));
    expect(same.exitCode).toBe(0);
    expect(collapseOutput(same)).toContain('Detected no changes');
    const updated = await apply('active.yml', service('active-run', `${RETRY}env: [A=b]\n`));
    expect(collapseOutput(updated)).toContain('can be updated in-place');
    expect(updated.exitCode, collapseOutput(updated)).toBe(0);
    expect((await runOf('active-run')).id).toBe(first.id);
    const replaced = await apply(
      'active.yml',
      service('active-run', `${RETRY}env: [A=b]\nmax_price: 2\n`),
    );
    expect(collapseOutput(replaced)).toContain('cannot be updated in-place');
    expect(replaced.exitCode, collapseOutput(replaced)).toBe(0);
    expect((await runOf('active-run')).id).not.toBe(first.id);
  });

  test('9. a run without output has an empty log, by command and by REST', async () => {
    const byCommand = await server.dstack(['logs', 'no-fleet', ...PROJECT]);
    expect(byCommand).toMatchObject({ exitCode: 0, stdout: '' });
    const run = await runOf('no-fleet');
    const source = { cli: cliWith(), rest: restOf(), run, project: 'main', secrets: [] };
    expect(await readLogs(source, { maxBytes: 1000, signal: NEVER })).toBe('');
    const missing = await server.dstack(['logs', 'nope', ...PROJECT]);
    expect(missing.exitCode).toBe(1);
    expect(saysNotFound(missing)).toBe(true);
  });

  test('10. stop returns before the run has ended, may be repeated, and knows no unknown run', async () => {
    await apply('stoppable.yml', service('stoppable', RETRY));
    await waitFor('stoppable', ({ status_message: said }) => said === 'retrying');
    expect(await server.dstack(['stop', 'stoppable', '-y', ...PROJECT])).toMatchObject({
      exitCode: 0,
    });
    expect(await server.dstack(['stop', 'stoppable', '-x', '-y', ...PROJECT])).toMatchObject({
      exitCode: 0,
    });
    const run = await waitFor('stoppable', isFullyFinished);
    expect(run.status).toBe('terminated');
    expect(viewRun(run)).toEqual({ kind: 'gone' });
    expect((await server.dstack(['stop', 'stoppable', '-y', ...PROJECT])).exitCode).toBe(0);
    const unknown = await server.dstack(['stop', 'nope', '-y', ...PROJECT]);
    expect(unknown.exitCode).toBe(1);
    expect(saysNotFound(unknown)).toBe(true);
  });

  test('11. offer answers an empty list with exit 0', async () => {
    const value = await cliWith().json({
      args: ['offer', '--json', '--gpu', '0', '--no-profile', ...PROJECT],
    });
    expect(value).toMatchObject({ offers: [], total_offers: 0 });
  });

  test('12. the proxy answers 404 for a service that has no replica', async () => {
    const response = await fetch(`${server.url}/proxy/services/main/no-fleet/health`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ detail: 'Service main/no-fleet not found' });
  });

  test('13. events come as JSON by REST alone', async () => {
    const { id } = await runOf('no-fleet');
    const { status, body } = await server.post('/api/events/list', {
      within_runs: [id],
      limit: 50,
    });
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain('FAILED_TO_START_DUE_TO_NO_CAPACITY');
  });

  test('14. delete removes the record of an ended run only; by its id it is still found', async () => {
    server.write('active.yml', service('active-run', RETRY));
    const active = await server.dstack(['delete', '-f', 'active.yml', '-y', ...PROJECT]);
    expect(active.exitCode).toBe(1);
    const before = await runOf('no-cap');
    const ended = await server.dstack(['delete', '-f', 'nocap.yml', '-y', ...PROJECT]);
    expect(ended.exitCode).toBe(0);
    expect(
      await readRun(cliWith(), { project: 'main', by: { name: 'no-cap' }, signal: NEVER }),
    ).toBeNull();
    const byId = await readRun(cliWith(), {
      project: 'main',
      by: { id: before.id },
      signal: NEVER,
    });
    expect(byId).toMatchObject({ id: before.id, deleted: true });
  });

  test('15. run get shows values of the environment in clear, and we know which to hide', async () => {
    await apply('leak.yml', service('leaky', 'env: [HF_TOKEN=hf-not-a-real-value, MODE=fast]\n'));
    const raw = await server.dstack(['run', '--project', 'main', 'get', 'leaky', '--json']);
    expect(raw.stdout).toContain('hf-not-a-real-value');
    const run = parseRun(JSON.parse(raw.stdout));
    expect(run).not.toBeNull();
    if (run !== null) expect(envSecrets(run)).toEqual(['hf-not-a-real-value']);
  });

  test('`--project` belongs to run and fleet, not to their get; `run list` and `config` do not exist', async () => {
    const misplaced = await server.dstack(['run', 'get', 'leaky', '--json', ...PROJECT]);
    expect(misplaced).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('Unrecognized arguments'),
    });
    expect((await server.dstack(['run', 'list'])).exitCode).toBe(2);
    expect((await server.dstack(['config'])).exitCode).toBe(2);
  });
});
