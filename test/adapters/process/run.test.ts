import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { isSameProcess } from '../../../mcp-server/adapters/process/identity.ts';
import { createProcessRunner } from '../../../mcp-server/adapters/process/run.ts';

const runner = createProcessRunner();
const node = (code: string) => ({ command: process.execPath, args: ['-e', code] });

describe('the process runner', () => {
  test('returns exit code, output and error output apart, and passes arguments without a shell', async () => {
    const code =
      'process.stdout.write(process.argv[1]); process.stderr.write("oops"); process.exit(3)';
    const result = await runner.run({
      command: process.execPath,
      args: ['-e', code, '--', '$HOME; rm -rf "x"'],
      timeoutMs: 10_000,
    });
    expect(result).toMatchObject({
      exitCode: 3,
      stdout: '$HOME; rm -rf "x"',
      stderr: 'oops',
      timedOut: false,
      notFound: false,
    });
  });

  test('a missing binary is an answer', async () => {
    const result = await runner.run({ command: 'no-such-binary-4711', args: [], timeoutMs: 5000 });
    expect(result).toMatchObject({ notFound: true, exitCode: null, timedOut: false });
  });

  test('a program that can not be executed is an answer, too, and not a missing one', async () => {
    const result = await runner.run({ command: '/tmp', args: [], timeoutMs: 5000 });
    expect(result).toMatchObject({ notFound: false, exitCode: null });
  });

  test('a folder that is not there is not taken for a missing binary', async () => {
    const request = { command: 'true', args: [], cwd: '/no/such/folder', timeoutMs: 5000 };
    expect(await runner.run(request)).toMatchObject({ notFound: false, exitCode: null });
  });

  test('gives the child exactly the environment that it was told, and the input', async () => {
    const code =
      'let s="";process.stdin.on("data",(d)=>{s+=d}).on("end",()=>console.log(Object.keys(process.env).join(),s))';
    const result = await runner.run({
      ...node(code),
      env: { ONLY: '1' },
      input: 'hello',
      timeoutMs: 10_000,
    });
    expect(result.stdout).toBe('ONLY hello\n');
  });

  test('ends the whole group at the time-out, grandchildren included', async () => {
    const result = await runner.run({
      command: '/bin/sh',
      args: ['-c', 'sleep 60 & echo $!; wait'],
      timeoutMs: 600,
    });
    expect(result).toMatchObject({ timedOut: true, notFound: false });
    await sleep(200);
    expect(isSameProcess({ pid: Number(result.stdout.trim()), startedAt: null })).toBe(false);
  });

  test('ends the group when the caller aborts, without calling it a time-out', async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 300);
    const result = await runner.run({
      command: 'sleep',
      args: ['60'],
      timeoutMs: 30_000,
      signal: abort.signal,
    });
    expect(result.timedOut).toBe(false);
    expect(result.durationMs).toBeLessThan(5000);
  });

  test('a signal that is aborted already starts nothing that lasts', async () => {
    const signal = AbortSignal.abort();
    const result = await runner.run({ command: 'sleep', args: ['60'], timeoutMs: 30_000, signal });
    expect(result.durationMs).toBeLessThan(5000);
  });

  test('never shares its standard streams with a child', async () => {
    const code = 'console.log(require("fs").readlinkSync("/proc/self/fd/0"))';
    const result = await runner.run({ ...node(code), timeoutMs: 10_000 });
    expect(result.stdout.trim()).toBe('/dev/null');
  });
});
