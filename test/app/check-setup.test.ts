import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { checkSetup } from '../../mcp-server/app/check-setup.ts';
import { reviewService } from '../../mcp-server/app/review-service.ts';
import { parseServiceFile } from '../../mcp-server/core/service/service-file.ts';
import { createFakeDeploy } from '../fakes/fake-deploy.ts';
import { CALL, createTestApp, SERVICE, type TestApp } from '../fakes/test-app.ts';

const apps: TestApp[] = [];

afterEach(async () => {
  for (const one of apps.splice(0)) await one.close();
});

const CONTRACT = [
  'version: 1',
  'terms:',
  '  model: { id: meta-llama/Llama-3.1-8B-Instruct }',
  '  backend: simulated',
  '  serviceFile: service.yml',
  '  objective: { metric: outputTokensPerS, direction: maximise }',
  '  workload: tiny',
  '  loadPoints: [{ kind: closed, concurrency: 2, requests: 4 }]',
  '  seeds: { search: 1, confirm: 2 }',
  '  allowedHardware: [{ gpu: H100 }]',
  '  minContextTokens: 2048',
  'budget: { maxTotalUsd: 5, maxUsdPerHour: 5, maxUsdPerTrial: 1, maxDeployments: 5, maxWallHours: 1 }',
  '',
].join('\n');

function setUp(files: Record<string, string>): TestApp {
  const tested = createTestApp(createFakeDeploy());
  apps.push(tested);
  mkdirSync(tested.dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(tested.dir, name), text);
  return tested;
}

const check = (tested: TestApp, nodeVersion = '20.19.0') =>
  checkSetup(tested.app, { contract_file: undefined, nodeVersion }, CALL);

describe('check_setup', () => {
  test('with everything there it is ready and points at open_session', async () => {
    const tested = setUp({
      'contract.yml': CONTRACT,
      'service.yml': SERVICE,
      '.gitignore': 'node_modules\nsessions/*\n',
    });
    const answer = await check(tested);
    expect(answer.findings.filter(({ level }) => level === 'fail')).toEqual([]);
    expect(answer).toMatchObject({ ready: true, next: { tool: 'open_session' } });
    expect(answer.findings.map((finding) => finding.check)).toEqual(
      expect.arrayContaining(['node', 'sessions', 'contract', 'image', 'telemetry', 'client']),
    );
  });

  test('names a missing contract, an old Node and outputs that git would take, each with its fix', async () => {
    const answer = await check(setUp({}), '18.4.0');
    const byName = new Map(answer.findings.map((finding) => [finding.check, finding]));
    expect(answer.ready).toBe(false);
    expect(byName.get('contract')).toMatchObject({ level: 'fail', fix: expect.any(String) });
    expect(byName.get('node')).toMatchObject({ level: 'fail', fix: expect.stringContaining('20') });
    expect(byName.get('gitignore')).toMatchObject({ level: 'warn' });
  });

  test('a malformed service file is a finding that names the line', async () => {
    const tested = setUp({ 'contract.yml': CONTRACT, 'service.yml': 'type: service\n\tport: 1\n' });
    const answer = await check(tested);
    expect(answer.ready).toBe(false);
    expect(JSON.stringify(answer.findings)).toMatch(/line \d/);
  });
});

describe('the review of a service file', () => {
  const review = (lines: string) => {
    const service = parseServiceFile(SERVICE.replace('port: 8000\n', `port: 8000\n${lines}`));
    return new Map(reviewService(service).map((finding) => [finding.check, finding]));
  };

  test('finds a literal secret by name or by shape and never repeats its value', () => {
    const found = review('env:\n  - API_TOKEN=abc123\n  - OTHER=hf_abcdefghijklmnopqrstuvwx\n').get(
      'secrets',
    );
    expect(found).toMatchObject({
      level: 'fail',
      message: expect.stringContaining('API_TOKEN, OTHER'),
    });
    expect(JSON.stringify(found)).not.toMatch(/abc123|hf_abcdef/);
  });

  test('takes a bare name and a reference for what they are', () => {
    const env = 'env:\n  HF_TOKEN: ${{ secrets.HF_TOKEN }}\n  GREETING: hello\n';
    expect(review(env).get('secrets')).toMatchObject({ level: 'ok' });
    expect(review('env:\n  - HF_TOKEN\n').get('secrets')).toMatchObject({ level: 'ok' });
  });

  test('warns of an image without a tag and of latest, with a registry port or without', () => {
    const level = (image: string) => {
      const text = SERVICE.replace(/image: .*/, `image: ${image}`);
      return reviewService(parseServiceFile(text)).find(({ check: name }) => name === 'image')
        ?.level;
    };
    expect(['sglang', 'sglang:latest', 'host:5000/sglang'].map(level)).toEqual([
      'warn',
      'warn',
      'warn',
    ]);
    expect(
      ['sglang:v0.5.9', `sglang@sha256:${'a'.repeat(64)}`, 'host:5000/sglang:v1'].map(level),
    ).toEqual(['ok', 'ok', 'ok']);
  });
});
