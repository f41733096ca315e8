#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import type { ServerConnection } from './cli/demo.ts';
import { COMMANDS, type KillableConnection } from './commands.ts';
import type { Composition } from './compose.ts';
import {
  AutodebugError,
  BudgetError,
  ConfigError,
  InvalidInputError,
  PreconditionError,
} from './core/errors.ts';
import { isRecord } from './core/parse.ts';

const here = dirname(fileURLToPath(import.meta.url));
const packageRoot = join(here, '..');

/** Source: docs/architecture.md. */
const EXIT = { ok: 0, failed: 1, usage: 2, precondition: 3 } as const;

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  const version = isRecord(manifest) ? manifest['version'] : null;
  return typeof version === 'string' ? version : '0.0.0';
}

async function compose(env: Readonly<Record<string, string>> = {}): Promise<Composition> {
  const { composeApp } = await import('./compose.ts');
  return composeApp({
    env: { ...process.env, ...env },
    cwd: process.cwd(),
    pid: process.pid,
    toolVersion: readVersion(),
    presetsDir: join(here, 'workloads'),
    homeDir: homedir(),
    onError: (error) => {
      process.stderr.write(
        `autodebug: ${error instanceof Error ? error.message : String(error)}\n`,
      );
    },
  });
}

/** Longer than any call of ours blocks. */
const CALL_TIMEOUT_MS = 70_000;

const Reply = z.looseObject({
  isError: z.boolean().optional(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  structuredContent: z.unknown().optional(),
});

/** Starts this program as a server of its own and speaks to it as any MCP client would. */
async function connectServer(env: Readonly<Record<string, string>>): Promise<KillableConnection> {
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { getDefaultEnvironment, StdioClientTransport } = await import(
    '@modelcontextprotocol/sdk/client/stdio.js'
  );
  const { selfCommand } = await import('./adapters/process/self-command.ts');
  const { command, args } = selfCommand('main', ['mcp']);
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: { ...getDefaultEnvironment(), ...env },
    stderr: 'inherit',
  });
  const client = new Client({ name: 'autodebug-demo', version: readVersion() });
  await client.connect(transport);
  return {
    callTool: async (name, callArguments) => {
      const options = { timeout: CALL_TIMEOUT_MS };
      const call = { name, arguments: callArguments };
      return toToolReply(Reply.parse(await client.callTool(call, undefined, options)));
    },
    kill: () => {
      if (transport.pid !== null) process.kill(transport.pid, 'SIGKILL');
    },
    close: async () => {
      const peakMemoryMb = readPeakMemoryMb(transport.pid);
      await client.close();
      return { peakMemoryMb };
    },
  };
}

function toToolReply(
  reply: z.infer<typeof Reply>,
): Awaited<ReturnType<ServerConnection['callTool']>> {
  const text = reply.content.map((block) => block.text ?? '').join('\n');
  if (reply.isError !== true) {
    return { ok: true, data: isRecord(reply.structuredContent) ? reply.structuredContent : {} };
  }
  return { ok: false, text };
}

/** Highest resident memory of a process. Null when: the system does not tell. Source: proc(5), VmHWM. */
function readPeakMemoryMb(pid: number | null): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('autodebug')
    .description(
      'Makes an LLM inference service faster, cheaper and free of errors, and proves it.',
    )
    .version(readVersion())
    .exitOverride()
    .showHelpAfterError('(autodebug --help lists the commands)');
  const named = Object.hasOwn(COMMANDS, argv[2] ?? '') ? COMMANDS[argv[2] ?? ''] : undefined;
  for (const register of named === undefined ? Object.values(COMMANDS) : [named]) {
    await register(program, { packageRoot, compose, connectServer });
  }
  overrideExit(program);
  await program.parseAsync([...argv]);
}

/** Commander would end the process itself, with 1 for a usage error. */
function overrideExit(command: Command): void {
  for (const child of command.commands) {
    child.exitOverride();
    overrideExit(child);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!(error instanceof AutodebugError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : 'unknown';
    process.stderr.write(`E_BUG: ${stack}\n`);
    return EXIT.failed;
  }
  process.stderr.write(`${error.toText()}\n`);
  if (error instanceof InvalidInputError) return EXIT.usage;
  const isPrecondition =
    error instanceof PreconditionError ||
    error instanceof ConfigError ||
    error instanceof BudgetError;
  return isPrecondition ? EXIT.precondition : EXIT.failed;
}

try {
  await main(process.argv);
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
