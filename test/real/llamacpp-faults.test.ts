// Faults of a real llama.cpp, each through the whole path: deploy, benchmark, diagnose, by a real MCP client.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../../mcp-server/adapters/process/tcp-ports.ts';
import { type Project, type Server, startServer } from '../e2e/harness.ts';
import type { Json } from '../json.ts';
import { cpuContract, makeCpuProject } from './cpu-project.ts';
import { ensureLlamaCpp } from './llamacpp.ts';

let environment: Record<string, string>;
const open: { project: Project; server: Server }[] = [];

beforeAll(() => {
  const { environment: all, modelPath } = ensureLlamaCpp();
  environment = { PATH: all['PATH'] ?? '', LLAMA_MODEL: modelPath };
});

afterAll(async () => {
  for (const { project, server } of open.splice(0)) {
    await server.call('stop_deployments', { final: true, wait_s: 45 });
    await server.close();
    project.remove();
  }
});

interface Fault {
  /** Runs in the same shell before the engine does. */
  readonly before?: string;
  readonly flags?: string;
  readonly inputTokens?: number;
}

async function startFaulty(fault: Fault): Promise<Server> {
  const port = await findFreePort();
  const launch = `llama-server --model "$LLAMA_MODEL" --alias gemma-3-270m --host 127.0.0.1 --port ${port} --metrics --threads 1 --parallel 1 ${fault.flags ?? '--ctx-size 4096'}`;
  const contract = cpuContract({
    model: 'gemma-3-270m',
    inputTokens: fault.inputTokens ?? 16,
    minContextTokens: 256,
  });
  const commands = fault.before === undefined ? [launch] : [fault.before, launch];
  const project = makeCpuProject(contract, {
    commands,
    port,
    model: 'gemma-3-270m',
    env: ['LLAMA_MODEL'],
  });
  const server = await startServer(project.dir, environment);
  open.push({ project, server });
  await server.done('open_session', { contract_file: 'contract.yml' });
  return server;
}

const firstCause = (diagnosed: Json): Json => diagnosed.causes[0];

describe('faults of a real llama.cpp server', () => {
  test('a flag that it does not know fails the start, and the diagnosis names the flag', async () => {
    const server = await startFaulty({ flags: '--ctx-size 4096 --no-such-flag' });
    const deployed = await server.done('deploy');
    expect(deployed).toMatchObject({ outcome: { gone: true } });
    const cause = firstCause(await server.done('diagnose'));
    expect(cause.cause).toBe('bad_flag_unknown');
    expect(JSON.stringify(cause.evidence)).toContain('invalid argument: --no-such-flag');
  });

  test('a model that does not fit the memory limit fails the start, and the diagnosis says that the weights do not fit', async () => {
    const server = await startFaulty({ before: 'ulimit -v 300000' });
    await server.done('deploy');
    const cause = firstCause(await server.done('diagnose'));
    expect(cause.cause).toBe('weights_do_not_fit');
    expect(JSON.stringify(cause.evidence)).toContain('mmap failed: Cannot allocate memory');
  });

  test('a KV cache beyond the memory limit is told from weights beyond it', async () => {
    const server = await startFaulty({ before: 'ulimit -v 1600000', flags: '--ctx-size 2000000' });
    await server.done('deploy');
    expect(firstCause(await server.done('diagnose')).cause).toBe('kv_cache_too_small');
  });

  test('a chat template that cannot be parsed fails the start, and the diagnosis quotes the parser', async () => {
    const template = '{% for message in messages %}{{ message.content }';
    const server = await startFaulty({ flags: `--ctx-size 4096 --chat-template '${template}'` });
    await server.done('deploy');
    const cause = firstCause(await server.done('diagnose'));
    expect(cause.cause).toBe('tokenizer_or_template');
    expect(JSON.stringify(cause.evidence)).toContain('Parser Error');
  });

  test('prompts longer than the context are refused by the engine, and the diagnosis says so', async () => {
    const server = await startFaulty({ flags: '--ctx-size 256', inputTokens: 600 });
    await server.done('deploy');
    const measured = await server.done('benchmark', { purpose: 'probe' });
    expect(measured.summary).toContain('errors 8/8');
    const logs = await server.done('fetch_logs');
    expect(JSON.stringify(logs.events)).toContain('exceeds the available context size');
    expect(firstCause(await server.done('diagnose')).cause).toBe('context_too_long');
  });
});
