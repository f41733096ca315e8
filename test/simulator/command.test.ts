import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SGLANG_8B, serviceText, VLLM_8B } from './configs.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const running = new Set<ChildProcess>();
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulate-'));
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly exit: Promise<number | null>;
}

async function simulate(service: string, port = 0): Promise<Run> {
  const file = join(folder, `service-${Math.random().toString(36).slice(2)}.yml`);
  await writeFile(file, service);
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      'mcp-server/main.ts',
      'simulate',
      '--service',
      file,
      '--port',
      String(port),
      '--fast-start',
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += String(chunk);
  });
  const exit = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return { child, output, exit };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const isHealthy = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health`)).ok;
  } catch {
    return false;
  }
};

describe('autodebug simulate', () => {
  it('ends as SGLang does on a bad flag: usage on stderr, exit 2, nothing on stdout', async () => {
    const { output, exit } = await simulate(
      serviceText(`${SGLANG_8B} --speculative-algorithm ngram`),
    );
    expect(await exit).toBe(2);
    expect(output.stderr).toContain("invalid choice: 'ngram'");
    expect(output.stdout).toBe('');
  });

  it('ends with 1 when graph capture runs out of memory', async () => {
    const { output, exit } = await simulate(serviceText(`${SGLANG_8B} --mem-fraction-static 0.98`));
    expect(await exit).toBe(1);
    expect(output.stderr).toContain('Capture cuda graph failed');
  });

  it('ends with 3 and the line at fault when the file is no service', async () => {
    const { output, exit } = await simulate('type: task\n');
    expect(await exit).toBe(3);
    expect(output.stderr).toContain('E_SERVICE_FILE');
  });

  it.each([
    ['a GPU', serviceText(SGLANG_8B, { gpu: 'B9000:1' }), /the GPU B9000\. Known: .*H100/],
    ['an engine', serviceText('llama-server -m x'), /not llama-server/],
  ])('ends with 3 and names %s that it does not know', async (_case, service, message) => {
    const { output, exit } = await simulate(service);
    expect(await exit).toBe(3);
    expect(output.stderr).toMatch(/^E_SIMULATOR: .* Fix: /);
    expect(output.stderr).toMatch(message);
  });

  it('prints the engine’s start-up, serves, and ends with 0 on SIGTERM', async () => {
    const port = await freePort();
    const { child, output, exit } = await simulate(serviceText(SGLANG_8B), port);
    await expect.poll(() => isHealthy(port), { timeout: 15_000 }).toBe(true);
    await fetch(`http://127.0.0.1:${port}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ prompt: 'hello', max_tokens: 50, ignore_eos: true }),
    });
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output.stderr).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] server_args=ServerArgs\(/);
    expect(output.stderr).toMatch(/KV Cache is allocated\. dtype: torch\.bfloat16, #tokens: \d+/);
    expect(output.stderr).toMatch(/max_total_num_tokens=\d+.*available_gpu_mem=[\d.]+ GB/);
    expect(output.stderr).toContain('The server is fired up and ready to roll!');
    expect(output.stderr).toMatch(/Prefill batch, #new-seq: 1, #new-token: \d+, #cached-token: 0/);
    expect(output.stderr).toMatch(/Decode batch, #running-req: 1, #token: \d+/);
    expect(output.stdout).toBe('');
  });

  it('prints vLLM’s start-up on stdout', async () => {
    const port = await freePort();
    const { child, output, exit } = await simulate(serviceText(VLLM_8B), port);
    await expect.poll(() => isHealthy(port), { timeout: 15_000 }).toBe(true);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(output.stdout).toMatch(/GPU KV cache size: [\d,]+ tokens/);
    expect(output.stdout).toMatch(/Maximum concurrency for 32,768 tokens per request: [\d.]+x/);
    expect(output.stderr).toContain('Application startup complete.');
  });

  it('says that the port is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { output, exit } = await simulate(serviceText(SGLANG_8B), port);
    expect(await exit).toBe(1);
    expect(output.stderr).toContain('address already in use');
    holder.close();
  });
});
