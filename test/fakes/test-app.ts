import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCryptoRandom } from '../../mcp-server/adapters/clock/crypto-random.ts';
import { sha256 } from '../../mcp-server/adapters/clock/sha256-hasher.ts';
import { createSystemClock } from '../../mcp-server/adapters/clock/system-clock.ts';
import { createEvidenceStore } from '../../mcp-server/adapters/store/evidence-store.ts';
import { createLedgerStore } from '../../mcp-server/adapters/store/ledger-store.ts';
import { createProjectFiles } from '../../mcp-server/adapters/store/project-files.ts';
import type { App, Call } from '../../mcp-server/app/app.ts';
import { createJobs } from '../../mcp-server/app/jobs.ts';
import { createSessions, type OpenSessions } from '../../mcp-server/app/sessions.ts';
import { type Budget, Contract } from '../../mcp-server/core/contract/contract.ts';
import type { EventData } from '../../mcp-server/core/ledger/events.ts';
import type { Clock } from '../../mcp-server/ports/clock.ts';
import type { Deploy } from '../../mcp-server/ports/deploy.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';

/** The real kernel over a folder of its own, with a backend that the test chooses. No network, no engine. */
export interface TestApp {
  readonly app: App & { readonly sessions: OpenSessions };
  readonly dir: string;
  /** A second process over the same folder. */
  reopen(deploy?: Deploy): TestApp;
  close(): Promise<void>;
}

export const CALL: Call = { signal: new AbortController().signal, onProgress: () => undefined };
export const SESSION_ID = 's260322-k3f9qa';

/** A clock whose sleeps pass at once, so that deadlines of minutes are tested in milliseconds. */
export function createFastClock(): Clock {
  const system = createSystemClock();
  let skippedMs = 0;
  return {
    nowMs: () => system.nowMs() + skippedMs,
    monotonicMs: () => system.monotonicMs() + skippedMs,
    sleep: async (ms) => {
      skippedMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export function createTestApp(
  deploy: Deploy,
  options: { readonly clock?: Clock; readonly dir?: string } = {},
): TestApp {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'ad-app-'));
  const sessionsDir = join(dir, 'sessions');
  const clock = options.clock ?? createSystemClock();
  const ledgers = createLedgerStore({ sessionsDir, clock, hash: sha256, secrets: [] });
  // Waits of callers are real even where the clock of the work skips its pauses.
  const jobs = createJobs({ clock: createSystemClock(), pid: process.pid });
  const sessions = createSessions({ ledgers, jobs });
  const presetsDir = fileURLToPath(new URL('../../mcp-server/workloads', import.meta.url));
  const unused = async (): Promise<never> => {
    throw new Error('not part of this test');
  };
  const app: App & { readonly sessions: OpenSessions } = {
    toolVersion: '0.0.0',
    secrets: [],
    clock,
    random: createCryptoRandom(),
    hash: sha256,
    files: createProjectFiles({ projectDir: dir, sessionsDir, presetsDir }),
    ledgers,
    evidence: createEvidenceStore({ sessionsDir, hash: sha256, secrets: [] }),
    deploys: new Map([[deploy.backend, deploy]]),
    load: { run: unused, complete: unused },
    telemetry: {
      scrapeMetrics: async () => ({ kind: 'none', reason: 'test', raw: null, client: null }),
      serverInfo: async () => ({
        kind: 'data',
        raw: '{"/server_info":{"version":"0.5.6"}}',
        client: 'http',
        notes: [],
      }),
      profilerContext: async () => ({ kind: 'none', reason: 'test', raw: null, client: null }),
      profilerStatus: async () => ({ loggedIn: false, client: null, detail: 'test' }),
    },
    sessions,
    jobs,
  };
  return {
    app,
    dir,
    reopen: (other) => createTestApp(other ?? deploy, { clock, dir }),
    close: async () => {
      await sessions.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export const SERVICE = [
  'type: service',
  'name: chat',
  'image: lmsysorg/sglang:v0.5.6',
  'model: meta-llama/Llama-3.1-8B-Instruct',
  'port: 8000',
  'commands:',
  '  - python -m sglang.launch_server --model-path meta-llama/Llama-3.1-8B-Instruct --port 8000',
  'resources:',
  '  gpu: H100:1',
  '',
].join('\n');

/** Opens a session with a planned baseline, as `open_session` would. */
export async function openTestSession(
  test: TestApp,
  budget: Partial<Budget> = {},
  { modelId, terms, ...trial }: TestSession = {},
): Promise<LedgerWriter> {
  const contract = Contract.parse({
    version: 1,
    terms: {
      model: { id: modelId ?? 'meta-llama/Llama-3.1-8B-Instruct' },
      backend: [...test.app.deploys.keys()][0],
      serviceFile: 'service.yml',
      objective: { metric: 'outputTokensPerS', direction: 'maximise' },
      workload: 'chat',
      loadPoints: [{ kind: 'closed', concurrency: 4, requests: 8 }],
      seeds: { search: 1, confirm: 2 },
      allowedHardware: [{ gpu: 'H100', count: 1 }],
      minContextTokens: 2048,
      ...terms,
    },
    budget: {
      maxTotalUsd: 20,
      maxUsdPerHour: 5,
      maxUsdPerTrial: 5,
      maxDeployments: 10,
      maxWallHours: 8,
      ...budget,
    },
  });
  const writer = await test.app.sessions.create({
    sessionId: SESSION_ID,
    contract,
    contractHash: 'test',
    baseDir: test.dir,
    toolVersion: '0.0.0',
    filledDefaults: [],
    forced: [],
  });
  await planTestTrial(test, writer, trial);
  return writer;
}

type TestTrial = Partial<EventData<'trial_planned'>> & { readonly service?: string };

interface TestSession extends TestTrial {
  readonly modelId?: string | undefined;
  /** Terms of the contract that differ. */
  readonly terms?: Readonly<Record<string, unknown>>;
}

/** Appends a planned trial with its file. */
export async function planTestTrial(
  test: TestApp,
  writer: LedgerWriter,
  { service = SERVICE, ...change }: TestTrial,
): Promise<void> {
  const trialId = change.trialId ?? 't0000';
  const file = `dstack-${trialId}.yml`;
  await test.app.files.writeOutput(file, service);
  await writer.append({
    type: 'trial_planned',
    data: {
      trialId,
      parentId: null,
      hypothesis: {
        change: 'none',
        why: 'the baseline',
        evidence: [],
        expected: 'none',
        refutedBy: 'none',
      },
      changes: [],
      file,
      stamp: '2026-03-22T15:00:00Z',
      configHash: trialId,
      command: 'python -m sglang.launch_server',
      engine: 'sglang',
      engineVersion: '0.5.6',
      diff: '',
      predicted: { memoryFits: 'yes', memoryNote: '', priceUsdPerHour: null },
      warnings: [],
      forced: [],
      diagnosisId: null,
      touchesQuality: false,
      ...change,
    },
  });
}
