import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDstackSetup } from '../../../../mcp-server/adapters/deploy/dstack/setup.ts';
import { createProcessRunner } from '../../../../mcp-server/adapters/process/run.ts';
import type { SetupRequest } from '../../../../mcp-server/ports/deploy.ts';
import { type Bench, FLEET, NEVER, openBench, requestIn, SERVICE, SESSION } from './bench.ts';

let bench: Bench;
let hub: Server;
let hubUrl = '';
const asked: { url: string; authorization: string | undefined }[] = [];
let hubStatus = 200;

beforeEach(async () => {
  bench = await openBench();
  hub = createServer((request, response) => {
    asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
    response.writeHead(hubStatus);
    response.end('{}');
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  hubUrl = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await bench.close();
  hub.closeAllConnections();
  await new Promise((resolve) => hub.close(resolve));
  asked.splice(0);
  hubStatus = 200;
});

async function check(
  change: Partial<SetupRequest> = {},
  env: Record<string, string | undefined> = {},
) {
  const findings = await checkDstackSetup(
    {
      runner: bench.server.runner(),
      environment: { ...bench.environment, HF_ENDPOINT: hubUrl, ...env },
      homeDir: '/nonexistent',
    },
    { serviceYaml: SERVICE, budget: null, sessionId: SESSION, ...change },
    NEVER,
  );
  return (name: string) => findings.find((finding) => finding.check === name);
}

describe('check_setup names what would cost money or time at night', () => {
  test('a file in order on a server in order has no failure', async () => {
    const of = await check();
    for (const name of [
      'dstack_cli',
      'dstack_login',
      'dstack_backends',
      'service_env',
      'service_secret',
      'service_image',
      'service_cache',
      'model_access',
    ]) {
      expect([name, of(name)?.level]).toEqual([name, 'ok']);
    }
  });

  test('no login, with the file still checked', async () => {
    const of = await check({}, { DSTACK_TOKEN: undefined });
    expect(of('dstack_login')).toMatchObject({
      level: 'fail',
      fix: expect.stringContaining('dstack project add'),
    });
    expect(of('service_image')?.level).toBe('ok');
  });

  test('a missing command, and a server that does not answer', async () => {
    const of = await check();
    expect(of('dstack_cli')?.level).toBe('ok');
    const missing = await checkDstackSetup(
      {
        runner: createProcessRunner(),
        environment: { DSTACK_BIN: '/no/such/dstack' },
        homeDir: '/nonexistent',
      },
      { serviceYaml: null, budget: null, sessionId: null },
      NEVER,
    );
    expect(missing[0]).toMatchObject({
      check: 'dstack_cli',
      level: 'fail',
      fix: expect.stringContaining('DSTACK_BIN'),
    });
    expect(
      (await check({}, { DSTACK_SERVER_URL: 'http://127.0.0.1:9' }))('dstack_login'),
    ).toMatchObject({ level: 'fail' });
  });

  test('a project without a backend', async () => {
    bench.server.backends = [];
    expect((await check())('dstack_backends')).toMatchObject({ level: 'fail' });
  });

  test('a fleet whose machines outlive the session: by the default of three days, by off, by kept nodes', async () => {
    const idle = async (configuration: Record<string, unknown>, name = 'f1') => {
      bench.server.fleets.splice(0);
      bench.server.fleets.push({ name, configuration, instances: [] });
      return (await check())('dstack_fleet_idle')?.level;
    };
    expect(await idle({ idle_duration: null, nodes: { min: 0, max: 2 } })).toBe('warn');
    expect(await idle({ idle_duration: -1, nodes: { min: 0, max: 2 } })).toBe('warn');
    expect(await idle({ idle_duration: 600, nodes: { min: 1, max: 2 } })).toBe('warn');
    expect(await idle({ idle_duration: 600, nodes: { min: 0, max: 2 } })).toBeUndefined();
    expect(await idle({ idle_duration: 0, nodes: { min: 0, max: 2 } })).toBeUndefined();
    expect(await idle({ idle_duration: null, ssh_config: { hosts: ['h'] } })).toBeUndefined();
    expect(await idle({ idle_duration: null }, FLEET)).toBeUndefined();
  });

  test('a name of the environment that is not set', async () => {
    const finding = (await check({}, { HF_TOKEN: undefined }))('service_env');
    expect(finding).toMatchObject({ level: 'fail', message: expect.stringContaining('HF_TOKEN') });
  });

  test.each([
    ['HF_TOKEN=hf-in-the-clear', 'HF_TOKEN'],
    ['MODE=hf_abcdefghijklmnopqrstuv', 'its text'],
  ])('a secret in clear (%s), whose value is not repeated', async (line, where) => {
    const serviceYaml = SERVICE.replace('MODE=fast', line);
    const finding = (await check({ serviceYaml }))('service_secret');
    expect(finding).toMatchObject({ level: 'fail', message: expect.stringContaining(where) });
    expect(JSON.stringify(finding)).not.toContain(line.split('=')[1]);
  });

  test('a reference to a secret is none', async () => {
    const serviceYaml = SERVICE.replace('MODE=fast', 'API_KEY=${{ secrets.KEY }}');
    expect((await check({ serviceYaml }))('service_secret')?.level).toBe('ok');
  });

  test.each([
    ['lmsysorg/sglang', 'warn'],
    ['lmsysorg/sglang:latest', 'warn'],
    ['lmsysorg/sglang:nightly-dev-20261101', 'warn'],
    ['registry:5000/sglang', 'warn'],
    ['registry:5000/sglang:v1', 'ok'],
    ['x@sha256:0123', 'ok'],
  ])('image %s is %s', async (image, level) => {
    const serviceYaml = SERVICE.replace('lmsysorg/sglang:v0.5.9', image);
    expect((await check({ serviceYaml }))('service_image')?.level).toBe(level);
  });

  test('no cache volume, and uploads by a relative path', async () => {
    const serviceYaml = `${SERVICE.replace(/volumes:\n.*\n.*\n/, '')}files: [./x.py]\n`;
    const of = await check({ serviceYaml });
    expect(of('service_cache')).toMatchObject({
      level: 'warn',
      fix: expect.stringContaining('instance_path'),
    });
    expect(of('service_files')).toMatchObject({ level: 'fail' });
  });

  test('a gated model: its config.json is asked with the token at the pinned revision', async () => {
    const serviceYaml = SERVICE.replace('--model-path m/x', '--model-path m/x --revision abc123');
    hubStatus = 403;
    expect((await check({ serviceYaml }))('model_access')).toMatchObject({ level: 'fail' });
    expect(asked).toEqual([
      { url: '/m/x/resolve/abc123/config.json', authorization: 'Bearer hush-hush-4711' },
    ]);
    hubStatus = 404;
    expect((await check({ serviceYaml }))('model_access')).toMatchObject({ level: 'warn' });
    hubStatus = 307;
    expect((await check({ serviceYaml }))('model_access')).toMatchObject({ level: 'ok' });
  });

  test('a hub that does not answer is a warning', async () => {
    const of = await check({}, { HF_ENDPOINT: 'http://127.0.0.1:9' });
    expect(of('model_access')).toMatchObject({ level: 'warn' });
  });

  test('a dstack server on this very machine that rents from a paid backend', async () => {
    expect((await check())('dstack_server_here')).toMatchObject({ level: 'warn' });
    bench.server.backends = [];
    expect((await check())('dstack_server_here')).toBeUndefined();
  });

  test('a contract without price limits', async () => {
    const { budget } = requestIn('/w');
    expect((await check({ budget }))('price_limits')?.level).toBe('ok');
    expect((await check({ budget: { ...budget, maxUsdPerHour: 0 } }))('price_limits')?.level).toBe(
      'fail',
    );
  });

  test('a file that is no service is one failure with its line', async () => {
    expect((await check({ serviceYaml: 'type: task' }))('service_file')).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('line 1'),
    });
  });
});
