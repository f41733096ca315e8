// The main job on real input: the whole loop, with no model in the driver's seat, on a real engine with a real small model.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAIN, ROOT } from '../e2e/harness.ts';
import { onlySession, readLedger } from '../e2e/ledger-file.ts';
import type { Json } from '../json.ts';
import { ensureLlamaCpp } from './llamacpp.ts';

let dir: string;
let sessionsDir: string;
let environment: Record<string, string | undefined>;
let ledger: Json[];

async function autodebug(...args: string[]): Promise<{ status: number | null; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: dir,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, output };
}

const data = (type: string): Json[] =>
  ledger.filter((event) => event.type === type).map((event) => event.data);

/** Requests of the measurements that failed, each with what our client said of it. */
function failedRequests(): Json[] {
  const kept = data('evidence_stored').filter((one) => one.kind === 'requests');
  return kept.flatMap(({ path }) => {
    const file = join(sessionsDir, onlySession(sessionsDir), path);
    const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n');
    return lines
      .map((line): Json => JSON.parse(line))
      .filter((record) => record.phase === 'measure' && record.failure !== null)
      .map(({ failure, failureDetail }) => ({ path, failure, failureDetail }));
  });
}

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'autodebug-llama-')));
  sessionsDir = join(dir, 'sessions');
  for (const file of ['contract.yml', 'dstack-baseline.yml'])
    cpSync(join(ROOT, 'examples/llamacpp-cpu', file), join(dir, file));
  environment = ensureLlamaCpp().environment;
  const run = await autodebug('run', '--contract', 'contract.yml', '--trials', '3');
  process.stderr.write(run.output);
  expect(run.status, run.output.slice(-3000)).toBe(0);
  ledger = readLedger(sessionsDir);
}, 1_500_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the loop on a real llama.cpp server', () => {
  test('measured its own noise before it judged anything', () => {
    const calibrated = ledger.findIndex((event) => event.type === 'calibrated');
    const judged = ledger.findIndex((event) => event.type === 'trial_judged');
    expect(calibrated).toBeGreaterThan(0);
    expect(judged).toBeGreaterThan(calibrated);
    expect(
      data('measurement_recorded').filter((one) => one.purpose === 'calibrate').length,
    ).toBeGreaterThanOrEqual(3);
  });

  test('judged at least three trials over real knobs', () => {
    const planned = data('trial_planned').filter((one) => one.parentId !== null);
    expect(planned.length).toBeGreaterThanOrEqual(3);
    expect(new Set(planned.map((one) => JSON.stringify(one.changes))).size).toBe(planned.length);
    expect(new Set(data('trial_judged').map((one) => one.trialId)).size).toBeGreaterThanOrEqual(3);
  });

  test('counted tokens as the engine counts them', () => {
    const asked = data('session_opened')[0]?.contract.terms.workload.components[0].outputTokens;
    expect(asked).toBeGreaterThan(0);
    for (const one of data('measurement_recorded')) {
      expect(one.summary.outputTokens).toBe(one.summary.completed * asked);
    }
  });

  test('lost no request to its own client, and at most one in a hundred to a busy machine', () => {
    const failed = failedRequests();
    process.stderr.write(`failed requests: ${JSON.stringify(failed)}\n`);
    const attempted = data('measurement_recorded').reduce(
      (sum, one) => sum + one.summary.attempted,
      0,
    );
    expect(failed.length / attempted, JSON.stringify(failed)).toBeLessThanOrEqual(0.01);
    const ours = ['malformed_event', 'no_finish_reason', 'no_usage', 'short_output', 'wrong_model'];
    expect(failed.filter(({ failure }) => ours.includes(failure))).toEqual([]);
  });

  test('confirmed a best on a fresh deployment, or honestly the baseline', () => {
    const best = data('best_moved').at(-1)?.trialId ?? 't0000';
    const confirmed = data('best_confirmed').at(-1);
    expect(confirmed?.trialId).toBe(best);
    expect(typeof confirmed?.holds).toBe('boolean');
    expect(confirmed?.measurements.length).toBeGreaterThan(0);
  });

  test('left nothing running, and one log and one deployable file per trial', () => {
    const ids = (type: string): Set<string> => new Set(data(type).map((one) => one.deploymentId));
    expect(ids('deployment_gone')).toEqual(ids('deploy_intended'));
    const files = readdirSync(sessionsDir);
    const trials = data('trial_planned').length;
    expect(files.filter((name) => /^debug-.*\.md$/.test(name))).toHaveLength(trials);
    expect(files.filter((name) => /^dstack-.*\.yml$/.test(name))).toHaveLength(trials);
    expect(readdirSync(join(sessionsDir, onlySession(sessionsDir)))).toContain('report.html');
  });

  test('wrote logs whose every number can be looked up', async () => {
    const verified = await autodebug('verify', 'sessions', '--json');
    const result = JSON.parse(
      verified.output.split('\n').find((line) => line.startsWith('{')) ?? '{}',
    );
    expect(result.failed).toEqual([]);
    expect(result.checked).toBeGreaterThan(5);
    const log = readFileSync(
      join(sessionsDir, readdirSync(sessionsDir).find((name) => name.startsWith('debug-')) ?? ''),
      'utf8',
    );
    expect(log).toMatch(/\*\*Metrics\*\*: TTFT=[\d.]+s, TBOT=[\d.]+s, TTLT=[\d.]+s, Errors=\d+/);
  }, 60_000);
});
