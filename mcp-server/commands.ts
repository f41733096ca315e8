import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ServerConnection } from './cli/demo.ts';
import type { Composition } from './compose.ts';
import { guardStdout } from './stdout-guard.ts';

/** A server as a child process that may be killed as a crash would. */
export interface KillableConnection extends ServerConnection {
  readonly kill: () => void;
}

/** What the commands are built from; each is made only when its command runs. */
interface CommandParts {
  readonly packageRoot: string;
  readonly compose: (env?: Readonly<Record<string, string>>) => Promise<Composition>;
  readonly connectServer: (env: Readonly<Record<string, string>>) => Promise<KillableConnection>;
}

type Register = (program: Command, parts: CommandParts) => Promise<void>;

/** Ended by a person. Source: docs/architecture.md; 128 + SIGINT. */
const EXIT_INTERRUPTED = 130;

const write = (text: string): void => {
  process.stdout.write(text);
};
const writeError = (text: string): void => {
  process.stderr.write(text);
};
const setExitCode = (code: number): void => {
  process.exitCode = code;
};
const terminal = {
  write,
  setExitCode,
  nowMs: () => Date.now(),
  columns: process.stdout.columns ?? 80,
  colour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
};

const appOf = (parts: CommandParts) => async (): Promise<Composition['app']> =>
  (await parts.compose()).app;

function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    process.exitCode = EXIT_INTERRUPTED;
    controller.abort();
  });
  return controller.signal;
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function askOnTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(`${question} `);
  } finally {
    lines.close();
  }
}

const mcp: Register = async (program, parts) => {
  const { registerMcp } = await import('./cli/mcp.ts');
  const serve = async (): Promise<void> => {
    const protocolOut = guardStdout();
    const { serveMcp } = await import('./serve.ts');
    await serveMcp(await parts.compose(), protocolOut);
  };
  registerMcp(program, { serve });
};

const init: Register = async (program) => {
  const { registerInit } = await import('./cli/init.ts');
  registerInit(program, {
    workingDir: process.cwd(),
    homeDir: homedir(),
    env: process.env,
    ask: process.stdin.isTTY ? askOnTerminal : null,
    write,
  });
};

const demo: Register = async (program, parts) => {
  const { registerDemo } = await import('./cli/demo.ts');
  registerDemo(program, {
    ...terminal,
    packageRoot: parts.packageRoot,
    workingDir: process.cwd(),
    connect: parts.connectServer,
    readSessions: async (sessionsDir) => {
      const { verify } = await import('./app/verify.ts');
      const { app } = await parts.compose({ AUTODEBUG_SESSIONS_DIR: sessionsDir });
      return { ...(await app.sessions.read()), verified: await verify(app) };
    },
  });
};

const run: Register = async (program, parts) => {
  const { registerRun } = await import('./cli/run.ts');
  registerRun(program, {
    ...terminal,
    signal: interruptSignal(),
    createCaller: async (projectDir) => {
      const { createLocalCaller } = await import('./local-caller.ts');
      return createLocalCaller(await parts.compose({ AUTODEBUG_PROJECT_DIR: projectDir }));
    },
  });
};

const bench: Register = async (program) => {
  const { registerBench } = await import('./cli/bench.ts');
  const { createLoadGenerator } = await import('./adapters/load/load-generator.ts');
  const { writeFile } = await import('node:fs/promises');
  const { readTextFile } = await import('./adapters/store/read-text-file.ts');
  const { sha256 } = await import('./adapters/clock/sha256-hasher.ts');
  registerBench(program, {
    ...terminal,
    readText: readTextFile,
    hash: sha256,
    writeError,
    load: createLoadGenerator(),
    env: process.env,
    isTerminal: process.stderr.isTTY,
    signal: interruptSignal(),
    saveFile: (path, text) => writeFile(path, text),
  });
};

const readText = async (path: string): Promise<string> =>
  (await import('node:fs/promises')).readFile(path, 'utf8');

const diagnose: Register = async (program) => {
  const { registerDiagnose } = await import('./cli/diagnose.ts');
  const { diagnoseCase } = await import('./app/diagnose-case.ts');
  registerDiagnose(program, { diagnoseCase, readText, write, writeError, setExitCode });
};

const read: Register = async (program) => {
  const { registerRead } = await import('./cli/read.ts');
  const { readArtefact } = await import('./app/read-artefact.ts');
  registerRead(program, { readArtefact, readText, write, writeError, setExitCode });
};

const compare: Register = async (program) => {
  const { registerCompare } = await import('./cli/compare.ts');
  const { readResultFile } = await import('./adapters/store/read-result-file.ts');
  registerCompare(program, { readFile: readResultFile, write, setExitCode });
};

const status: Register = async (program, parts) => {
  const { registerStatus } = await import('./cli/status.ts');
  registerStatus(program, { app: appOf(parts), write });
};

const stop: Register = async (program, parts) => {
  const { registerStop } = await import('./cli/stop.ts');
  registerStop(program, { app: appOf(parts), write, setExitCode });
};

const doctor: Register = async (program, parts) => {
  const { registerDoctor } = await import('./cli/doctor.ts');
  const nodeVersion = process.versions.node;
  registerDoctor(program, { app: appOf(parts), nodeVersion, write, setExitCode });
};

const verify: Register = async (program, parts) => {
  const { registerVerify } = await import('./cli/verify.ts');
  const app = async (options: { readonly sessionsDir?: string } = {}) => {
    const { sessionsDir } = options;
    const env = sessionsDir === undefined ? {} : { AUTODEBUG_SESSIONS_DIR: resolve(sessionsDir) };
    return (await parts.compose(env)).app;
  };
  registerVerify(program, { app, write, setExitCode });
};

const report: Register = async (program, parts) => {
  const { registerReport } = await import('./cli/report.ts');
  registerReport(program, { app: appOf(parts), write, columns: terminal.columns });
};

const hook: Register = async (program, parts) => {
  const { registerHook } = await import('./cli/hook.ts');
  const { app } = await parts.compose();
  registerHook(program, { createDeps: () => app, readStdin, write, writeError });
};

const simulate: Register = async (program) => {
  const { registerSimulate } = await import('./cli/simulate.ts');
  const { runSimulator } = await import('./simulator/run.ts');
  registerSimulate(program, { runSimulator, setExitCode });
};

const rehearse: Register = async (program, parts) => {
  const { registerRehearse } = await import('./cli/rehearse.ts');
  const { setTimeout: sleep } = await import('node:timers/promises');
  registerRehearse(program, {
    // The backend's logins and the names that the service takes from the environment are needed as they are.
    connect: (env) => parts.connectServer({ ...definedEnvironment(), ...env }),
    files: async (projectDir) => {
      const { app } = await parts.compose({ AUTODEBUG_PROJECT_DIR: projectDir });
      return app.files;
    },
    nowMs: () => Date.now(),
    sleep: (ms) => sleep(ms),
    write,
    setExitCode,
  });
};

function definedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env);
  return Object.fromEntries(
    entries.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

const guard: Register = async (program) => {
  const { registerGuard } = await import('./cli/guard.ts');
  const { runGuard } = await import('./adapters/process/guard-run.ts');
  registerGuard(program, { runGuard });
};

/** Every command, in the order of the help; a module is loaded only when its command is called, or for help. */
export const COMMANDS: Readonly<Record<string, Register>> = {
  mcp,
  init,
  demo,
  run,
  bench,
  diagnose,
  read,
  compare,
  status,
  simulate,
  rehearse,
  stop,
  doctor,
  verify,
  report,
  hook,
  guard,
};
