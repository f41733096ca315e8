import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Contract } from '../../mcp-server/core/contract/contract.ts';
import { MAIN, makeProject, type Project, startServer } from './harness.ts';

let project: Project;

beforeAll(() => {
  project = makeProject({});
  mkdirSync(join(project.dir, '.claude'));
  writeFileSync(
    join(project.dir, '.claude', 'settings.json'),
    JSON.stringify({ model: 'x', permissions: { allow: ['Bash(ls)'], deny: ['Read(.env)'] } }),
  );
});

afterAll(() => project.remove());

const ANSWERS = [
  '--traffic',
  'prompts 512, outputs 128, concurrency 8',
  '--limits',
  'ttft 800, tbot 25, context 4096',
  '--dollars',
  '10 total, 4 per hour',
];

function init(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: process.env['PATH'] ?? '', HOME: project.dir };
  const done = spawnSync(process.execPath, [MAIN, 'init', ...args], {
    cwd: project.dir,
    encoding: 'utf8',
    env,
  });
  return { status: done.status, stdout: done.stdout, stderr: done.stderr };
}

describe('autodebug init', () => {
  test('does not overwrite a contract that a person has', () => {
    const { status, stderr } = init('dstack-baseline.yml', ...ANSWERS);
    expect(status).toBe(3);
    expect(stderr).toContain('E_FILE_EXISTS');
  });

  test('says which answer it needs where there is no terminal to ask on', () => {
    const { status, stderr } = init('dstack-baseline.yml', '--force', '--traffic', 'concurrency 8');
    expect(status).toBe(3);
    expect(stderr).toMatch(/E_NO_TERMINAL.*limits/);
  });

  test.each([
    [
      'a file that does not exist',
      ['nothing.yml', ...ANSWERS],
      /^E_FILE: .*nothing\.yml.* Fix: .*init service\.yml/,
    ],
    [
      'an unknown backend',
      ['dstack-baseline.yml', ...ANSWERS, '--backend', 'cloud'],
      /^E_INVALID_ARGUMENT: --backend is "cloud"\. Fix: .*dstack, local, simulated/,
    ],
    [
      'traffic without a load',
      ['dstack-baseline.yml', ...ANSWERS, '--traffic', 'a lot'],
      /^E_INIT_ANSWER: .*"a lot" names no concurrency or rate\. Fix: .*concurrency 16/,
    ],
    [
      'half a request at once',
      ['dstack-baseline.yml', ...ANSWERS, '--traffic', 'concurrency 1.5'],
      /^E_INIT_ANSWER: .*terms\.loadPoints\.0\.concurrency: .* Fix: Answer again/,
    ],
  ])('refuses %s, names the fix, and leaves the contract as it was', (_case, args, said) => {
    const contract = (): string => readFileSync(join(project.dir, 'contract.yml'), 'utf8');
    const before = contract();
    const { status, stderr } = init(...args, '--force');
    expect(status).toBe(2);
    expect(stderr).toMatch(said);
    expect(contract()).toBe(before);
  });

  test('refuses settings that are no JSON object, and writes nothing at all', () => {
    const files = ['contract.yml', join('.claude', 'settings.json')];
    const read = (): string[] => files.map((file) => readFileSync(join(project.dir, file), 'utf8'));
    const settings = join(project.dir, '.claude', 'settings.json');
    const good = readFileSync(settings, 'utf8');
    writeFileSync(settings, '{"model": "x",');
    const before = read();
    const { status, stderr } = init('dstack-baseline.yml', ...ANSWERS, '--force');
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^E_FILE: \.claude\/settings\.json is not a JSON object\. Fix: Correct it/,
    );
    expect(read()).toEqual(before);
    writeFileSync(settings, good);
  });

  test('writes a valid contract and adds permissions without losing any, and the server opens it', async () => {
    const { status, stdout } = init('dstack-baseline.yml', '--force', '--json', ...ANSWERS);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      written: ['contract.yml', join('.claude', 'settings.json')],
      backend: 'simulated',
      found: [],
    });
    const contract = Contract.parse(parse(readFileSync(join(project.dir, 'contract.yml'), 'utf8')));
    expect(contract.terms.allowedHardware).toMatchObject([{ gpu: 'H100', count: 1 }]);
    const settings = JSON.parse(
      readFileSync(join(project.dir, '.claude', 'settings.json'), 'utf8'),
    );
    expect(settings.model).toBe('x');
    expect(settings.permissions.deny).toEqual(['Read(.env)']);
    expect(settings.permissions.allow).toContain('Bash(ls)');
    expect(settings.permissions.allow).toContain('mcp__plugin_autodebug_autodebug__*');

    const server = await startServer(project.dir);
    const opened = await server.done('open_session', { contract_file: 'contract.yml' });
    expect(opened.next.tool).toBe('deploy');
    await server.close();
  }, 30_000);
});
