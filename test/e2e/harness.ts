import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { stringify } from 'yaml';
import type { Json } from '../json.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MAIN = join(ROOT, 'dist', 'main.js');

/** A project folder with a service file and a contract, in the system's temporary folder. */
export interface Project {
  readonly dir: string;
  readonly sessionsDir: string;
  remove(): void;
}

export function makeProject(
  contract: unknown,
  serviceFile = join(ROOT, 'dstack-baseline.yml'),
): Project {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'autodebug-e2e-')));
  cpSync(serviceFile, join(dir, 'dstack-baseline.yml'));
  writeFileSync(join(dir, 'contract.yml'), stringify(contract));
  return {
    dir,
    sessionsDir: join(dir, 'sessions'),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** A small contract on the simulated backend; the terms can be changed one by one. */
export function simulatedContract(
  terms: Record<string, unknown> = {},
  budget: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    version: 1,
    terms: {
      model: { id: 'meta-llama/Llama-3.1-8B-Instruct' },
      backend: 'simulated',
      serviceFile: 'dstack-baseline.yml',
      objective: { metric: 'outputTokensPerS', direction: 'maximise', minEffectRatio: 0.02 },
      slo: [{ metric: 'ttftMs', quantile: 'p95', max: 4000 }],
      workload: { id: 'e2e', components: [{ inputTokens: 64, outputTokens: 64 }] },
      loadPoints: [{ kind: 'closed', concurrency: 8, requests: 16 }],
      seeds: { search: 5, confirm: 1005 },
      allowedHardware: [{ gpu: 'H100', count: 1, memoryGb: 80 }],
      minContextTokens: 4096,
      ...terms,
    },
    budget: {
      maxTotalUsd: 20,
      maxUsdPerHour: 5,
      maxUsdPerTrial: 3,
      maxDeployments: 20,
      maxWallHours: 1,
      maxMinutesPerTrial: 20,
      maxMinutesToReady: 3,
      ...budget,
    },
  };
}

interface ToolResult {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Json;
}

export interface Server {
  readonly client: Client;
  readonly pid: number;
  readonly stderr: () => string;
  /** One call; never throws for a tool's own error. */
  call(tool: string, args?: Record<string, unknown>): Promise<ToolResult>;
  /** Calls, and polls the job to its end. Throws on an error result. */
  done(tool: string, args?: Record<string, unknown>): Promise<Json>;
  close(): Promise<void>;
}

/** The built server as a child process, spoken to by a real MCP client over stdio. */
export async function startServer(
  projectDir: string,
  env: Record<string, string> = {},
): Promise<Server> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, 'mcp'],
    cwd: projectDir,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      AUTODEBUG_PROJECT_DIR: projectDir,
      ...env,
    },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const client = new Client({ name: 'e2e', version: '1.0.0' });
  await client.connect(transport);
  const call = async (tool: string, args: Record<string, unknown> = {}): Promise<ToolResult> => {
    const result = await client.callTool({ name: tool, arguments: args }, undefined, {
      timeout: 70_000,
    });
    const content = result.content as { type: string; text?: string }[];
    const text = content.map((block) => block.text ?? '').join('\n');
    return { isError: result.isError === true, text, data: result.structuredContent };
  };
  const done = async (tool: string, args: Record<string, unknown> = {}): Promise<Json> => {
    let reply = await call(tool, args);
    while (!reply.isError && reply.data?.status === 'running' && reply.data?.jobId) {
      reply = await call('wait_job', { job_id: reply.data.jobId, wait_s: 45 });
    }
    if (reply.isError) throw new Error(`${tool}: ${reply.text}\n${stderr.slice(-2000)}`);
    return reply.data;
  };
  return {
    client,
    pid: transport.pid ?? 0,
    stderr: () => stderr,
    call,
    done,
    close: () => client.close(),
  };
}

/** A measurement that the machine itself spoiled is asked for again, as get_status would; this often. */
const SPOILED_AT_MOST = 3;

/** Does what get_status asks for until it asks for one of `until`, or for nothing. Returns the last step. */
export async function driveUntil(
  server: Server,
  until: readonly string[],
): Promise<{ tool: string | null; args: Record<string, unknown> }> {
  let spoiled = 0;
  for (let turn = 0; turn < 60; turn += 1) {
    const { next } = await server.done('get_status');
    if (next === null || next.tool === null || until.includes(next.tool))
      return next ?? { tool: null, args: {} };
    try {
      await server.done(next.tool, next.args);
    } catch (error) {
      spoiled += 1;
      if (!String(error).includes('E_NOT_CALIBRATED') || spoiled > SPOILED_AT_MOST) throw error;
    }
  }
  throw new Error(`get_status never asked for ${until.join(' or ')}`);
}
