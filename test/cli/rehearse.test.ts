import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, test } from 'vitest';
import { createProjectFiles } from '../../mcp-server/adapters/store/project-files.ts';
import type { ToolReply } from '../../mcp-server/app/autopilot.ts';
import { registerRehearse } from '../../mcp-server/cli/rehearse.ts';
import { refusal } from '../fakes/refusal.ts';

const CONTRACT = [
  'version: 1',
  'terms:',
  '  backend: simulated',
  '  repeats: 3',
  '  loadPoints: [{ kind: closed, concurrency: 4, requests: 64 }]',
  'budget: { maxTotalUsd: 20, maxUsdPerTrial: 5, maxUsdPerHour: 5 }',
  '',
].join('\n');

const ok = (data: Record<string, unknown>): ToolReply => ({ ok: true, data });

/** Answers of a server on which everything works; a call of a killed one never comes back. */
const HEALTHY: Record<string, ToolReply> = {
  open_session: ok({ summary: 'Session s260322-k3f9qa is open.' }),
  deploy: ok({
    summary: 't0000 serves.',
    jobId: 'j0001',
    status: 'ready',
    outcome: { kind: 'ready', priceUsdPerHour: 3.6 },
  }),
  benchmark: ok({ summary: 'probe of t0000', jobId: 'j0002', status: 'done' }),
  fetch_telemetry: ok({ summary: 'no data: not logged in', jobId: 'j0003', status: 'done' }),
  get_status: ok({ summary: 'best: none' }),
  stop_deployments: ok({
    summary: 'd0000-1 is gone.',
    jobId: 'j0004',
    status: 'done',
    stopped: [{ proof: ['process group 4711: none'], costUsd: 0.25 }],
  }),
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

async function rehearseWith(
  answers: Record<string, ToolReply>,
  args: readonly string[] = [],
  text: string | null = CONTRACT,
) {
  const dir = mkdtempSync(join(tmpdir(), 'ad-rehearse-'));
  folders.push(dir);
  const contract = join(dir, 'contract.yml');
  if (text !== null) writeFileSync(contract, text);
  const seen = {
    text: '',
    exitCode: -1,
    calls: [] as { tool: string; args: Record<string, unknown> }[],
    connections: 0,
    kills: 0,
    env: {} as Readonly<Record<string, string>>,
  };
  let nowMs = Date.parse('2026-03-22T15:00:00Z');
  const program = new Command().exitOverride();
  registerRehearse(program, {
    connect: async (env) => {
      seen.connections += 1;
      seen.env = env;
      return {
        callTool: async (tool, callArgs) => {
          seen.calls.push({ tool, args: callArgs });
          nowMs += 60_000;
          return answers[tool] ?? { ok: false, text: 'E_X: no.' };
        },
        kill: () => {
          seen.kills += 1;
        },
        close: async () => undefined,
      };
    },
    files: async () =>
      createProjectFiles({ projectDir: dir, sessionsDir: join(dir, 'sessions'), presetsDir: dir }),
    nowMs: () => nowMs,
    sleep: async () => undefined,
    write: (text) => {
      seen.text += text;
    },
    setExitCode: (code) => {
      seen.exitCode = code;
    },
  });
  const argv = ['node', 'autodebug', 'rehearse', '--contract', contract, ...args];
  await program.parseAsync(argv);
  return { ...seen, dir };
}

describe('rehearse', () => {
  test('plays every phase, kills the server once and goes on with another, and records that it passed', async () => {
    const run = await rehearseWith(HEALTHY);
    expect(run.exitCode).toBe(0);
    expect([run.connections, run.kills]).toEqual([2, 1]);
    const names = ['open', 'deploy', 'load', 'telemetry', 'crash', 'teardown'];
    for (const name of names) expect(run.text).toMatch(new RegExp(`^${name} +\\d`, 'm'));
    expect(run.text).toContain('cost: $0.250');
    // A trial: 1 min deploy + 3 repeats of 1 min × 64/8 requests + 1 min telemetry + 1 min teardown = 27 min,
    // at 3.60 USD per hour 1.62 USD; 20 USD buy 12 of them.
    expect(run.text).toContain('about 12 trials (maxTotalUsd ends it first)');
    const record = readFileSync(join(run.dir, 'sessions/.rehearsal/simulated.json'), 'utf8');
    expect(JSON.parse(record)).toMatchObject({ ok: true, backend: 'simulated', costUsd: 0.25 });
  });

  test('lowers the budget to what it may cost and forces its own precondition, in a folder of its own', async () => {
    const run = await rehearseWith(HEALTHY, ['--max-usd', '1.5']);
    expect(run.calls[0]).toMatchObject({
      tool: 'open_session',
      args: {
        contract: { budget: { maxTotalUsd: 1.5, maxUsdPerTrial: 1.5, maxUsdPerHour: 5 } },
        force: [{ check: 'rehearsal' }],
      },
    });
    expect(run.env['AUTODEBUG_SESSIONS_DIR']).toContain('.rehearsal');
  });

  test('when a phase fails it still tears down, says what failed, and records nothing', async () => {
    const { fetch_telemetry: _gone, ...broken } = HEALTHY;
    const run = await rehearseWith(broken);
    expect(run.exitCode).toBe(1);
    expect(run.text).toContain('FAILED: fetch_telemetry: E_X: no.');
    expect(run.calls.at(-1)).toMatchObject({ tool: 'stop_deployments', args: { final: true } });
    expect(() => readFileSync(join(run.dir, 'sessions/.rehearsal/simulated.json'))).toThrow(
      'ENOENT',
    );
  });

  test('a deployment that does not serve ends it after the teardown', async () => {
    const failed = ok({
      summary: 't0000 does not serve (oom).',
      jobId: 'j0001',
      status: 'failed',
      outcome: { kind: 'failed' },
    });
    const run = await rehearseWith({ ...HEALTHY, deploy: failed });
    expect(run.exitCode).toBe(1);
    expect(run.text).toContain('FAILED: t0000 does not serve (oom).');
    expect(run.calls.map((call) => call.tool)).toEqual([
      'open_session',
      'deploy',
      'stop_deployments',
    ]);
  });

  test('a job that something else ended fails its phase, and it still tears down', async () => {
    const benchmark = ok({ summary: 'half of it', jobId: 'j0002', status: 'cancelled' });
    const run = await rehearseWith({ ...HEALTHY, benchmark });
    expect(run.exitCode).toBe(1);
    expect(run.text).toMatch(
      /FAILED: benchmark: E_JOB: the job j0002 was cancelled: half of it Fix: rehearse again/,
    );
    expect(run.calls.at(-1)?.tool).toBe('stop_deployments');
  });

  test.each([
    ['is not there', null, /contract\.yml is not there/, 'autodebug init'],
    ['is not YAML', 'terms:\n  a: [1\n', /contract\.yml is not YAML at line \d/, 'autodebug init'],
    ['lacks a budget', 'terms: {}\n', /terms or budget is missing/, 'autodebug init'],
    [
      'names a backend that is none',
      CONTRACT.replace('simulated', 'cloud'),
      /terms\.backend is "cloud"/,
      'dstack, local, simulated',
    ],
  ] as const)('a contract that %s is refused before anything starts', async (...row) => {
    const [, text, message, fix] = row;
    await expect(rehearseWith(HEALTHY, [], text)).rejects.toThrow(
      refusal('E_CONTRACT', message, fix),
    );
  });

  test('with --json it prints one object and nothing else', async () => {
    const run = await rehearseWith(HEALTHY, ['--json']);
    expect(JSON.parse(run.text)).toMatchObject({
      ok: true,
      trials: { trials: 12, limit: 'maxTotalUsd' },
      priceUsdPerHour: 3.6,
    });
  });
});
