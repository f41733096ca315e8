import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLocalDeploy } from '../../mcp-server/adapters/deploy/local.ts';
import { createProcessRunner } from '../../mcp-server/adapters/process/run.ts';
import { stopDeployments } from '../../mcp-server/app/stop-deployments.ts';
import type { LedgerWriter } from '../../mcp-server/ports/ledger-store.ts';
import { CALL, createTestApp, openTestSession, type TestApp } from '../fakes/test-app.ts';
import { ensureLlamaCpp } from './llamacpp.ts';

const EXAMPLE = readFileSync(
  fileURLToPath(new URL('../../examples/llamacpp-cpu/dstack-baseline.yml', import.meta.url)),
  'utf8',
);
const apps: TestApp[] = [];

/** The example's service file on another port. */
export const exampleOnPort = (port: number): string => EXAMPLE.replaceAll('8117', String(port));

/** Opens a session over the local backend whose baseline is this service. */
export async function openLlamaSession(
  service: string,
): Promise<{ readonly tested: TestApp; readonly writer: LedgerWriter }> {
  const { environment } = ensureLlamaCpp();
  const tested = createTestApp(createLocalDeploy({ environment, runner: createProcessRunner() }));
  apps.push(tested);
  const writer = await openTestSession(
    tested,
    { maxTotalUsd: 0, maxUsdPerHour: 0, maxUsdPerTrial: 0, maxMinutesToReady: 2 },
    { service, engine: 'llamacpp' },
  );
  return { tested, writer };
}

/** Stops what the opened sessions still run. */
export async function closeLlamaSessions(): Promise<void> {
  for (const one of apps.splice(0)) {
    await stopDeployments(one.app, { final: true, wait_s: 50 }, CALL).catch(() => undefined);
    await one.close();
  }
}
