import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { bigLedger } from '../../test/fixtures/big-ledger.ts';

export interface ServerFigures {
  readonly startToToolsListMs: number;
  readonly definitionTokens: number;
  readonly toolsListKb: number;
  readonly statusBytes: number;
  readonly statusMs: number;
}

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

async function connect(projectDir: string): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1.0.0' });
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: projectDir,
    AUTODEBUG_PROJECT_DIR: projectDir,
  };
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, 'mcp'],
      env,
      stderr: 'ignore',
    }),
  );
  return client;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Start to tools/list of the built stdio server, sizes of the definitions, and get_status on 1,000 trials. */
export async function benchServer(): Promise<ServerFigures> {
  const projectDir = mkdtempSync(join(tmpdir(), 'autodebug-bench-'));
  const { sessionId, text } = bigLedger(1000);
  mkdirSync(join(projectDir, 'sessions', sessionId), { recursive: true });
  writeFileSync(join(projectDir, 'sessions', sessionId, 'ledger.jsonl'), text);
  const starts: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const startedAt = performance.now();
    const client = await connect(projectDir);
    await client.listTools();
    starts.push(performance.now() - startedAt);
    await client.close();
  }
  const client = await connect(projectDir);
  const list = await client.listTools();
  const definitions = list.tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    inputSchema,
  }));
  const first = await client.callTool({ name: 'get_status', arguments: { session_id: sessionId } });
  const calls: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const startedAt = performance.now();
    await client.callTool({ name: 'get_status', arguments: { session_id: sessionId } });
    calls.push(performance.now() - startedAt);
  }
  await client.close();
  rmSync(projectDir, { recursive: true, force: true });
  return {
    startToToolsListMs: median(starts),
    definitionTokens: Math.ceil(JSON.stringify(definitions).length / 4),
    toolsListKb: JSON.stringify(list).length / 1024,
    statusBytes: Buffer.byteLength(JSON.stringify(first.structuredContent)),
    statusMs: median(calls),
  };
}
