// Starts a deployment with the local backend, says so, and waits to be killed.
import { readFileSync } from 'node:fs';
import { createLocalDeploy } from '../../mcp-server/adapters/deploy/local.ts';
import { createProcessRunner } from '../../mcp-server/adapters/process/run.ts';
import type { DeployRequest } from '../../mcp-server/ports/deploy.ts';

const request = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as DeployRequest;
/** Long enough for the test to look at it alive, however slow the machine. */
const LIFE_MS = 8000;
const deploy = createLocalDeploy({ environment: process.env, runner: createProcessRunner() });
await deploy.start(
  { ...request, deadlineAtMs: Date.now() + LIFE_MS },
  new AbortController().signal,
);
process.stdout.write('started\n');
setInterval(() => undefined, 1000);
