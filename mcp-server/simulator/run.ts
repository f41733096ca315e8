import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { AutodebugError } from '../core/errors.ts';
import { parseServiceFile } from '../core/service/service-file.ts';
import type { SimConfig } from './core/config.ts';
import { knownFlags } from './core/known-flags.ts';
import { type Launched, launchEngine } from './core/launch.ts';
import { resolveService } from './core/launch-config.ts';
import { simulatedPriceUsdPerHour } from './core/prices.ts';
import { readyLines, type StartLine, startupLines } from './core/startup-lines.ts';
import type { PrintLine } from './http/log-writer.ts';
import { createSimServer } from './http/server.ts';
import { createSimService, type SimService } from './http/sim-service.ts';

export interface SimulatorOptions {
  /** Path of the dstack service file. */
  readonly serviceFile: string;
  readonly port: number;
  readonly host: string;
  readonly seed: number;
  readonly launchSeed: number;
  /** Shortens start-up; never a measured latency. */
  readonly fastStart: boolean;
}

/** Start-up lines follow each other this fast under --fast-start. Units: ms. */
const FAST_MS = 4;
/** How long a refused launch takes before it ends: imports, argument parsing. Units: ms. */
const REFUSE_MS = 1500;

const EXIT_UNSUPPORTED = 3;

const print: PrintLine = (stream, line) => {
  process[stream].write(`${line}\n`);
};

function printError(lines: readonly string[]): void {
  for (const line of lines) print('stderr', line);
}

async function printLines(lines: readonly StartLine[], fast: boolean): Promise<void> {
  for (const line of lines) {
    await delay(fast ? Math.min(FAST_MS, line.afterMs) : line.afterMs);
    print(line.stream, line.render(Date.now()));
  }
}

function listen(server: Server, options: SimulatorOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : options.port);
    });
  });
}

/** Resolves with the exit code once a signal or a crash ends the service. */
function untilEnd(onEnd: (end: (code: number) => void) => void): Promise<number> {
  return new Promise((resolve) => {
    onEnd(resolve);
    process.once('SIGTERM', () => resolve(0));
    process.once('SIGINT', () => resolve(130));
  });
}

function createService(
  config: SimConfig,
  launched: Launched,
  options: SimulatorOptions,
): { service: SimService; crashed: Promise<readonly string[]> } {
  let tell: (lines: readonly string[]) => void = () => undefined;
  const crashed = new Promise<readonly string[]>((resolve) => {
    tell = resolve;
  });
  const service = createSimService({
    config,
    engine: launched.engine,
    onCrash: (lines) => tell(lines),
    print,
    facts: {
      simulated: true,
      engine: config.engine,
      gpu: config.gpu.name,
      gpuCount: config.gpuCount,
      model: config.servedName,
      priceUsdPerHour: simulatedPriceUsdPerHour(config.gpu.name, config.gpuCount),
      seed: options.seed,
      launchSeed: options.launchSeed,
    },
  });
  return { service, crashed };
}

async function serve(
  config: SimConfig,
  launched: Launched,
  options: SimulatorOptions,
): Promise<number> {
  await printLines(startupLines(config, launched.memory), options.fastStart);
  const { service, crashed } = createService(config, launched, options);
  const server = createSimServer(service);
  const port = await listen(server, options);
  await printLines(readyLines(config, port), options.fastStart);
  service.setReady();
  const code = await untilEnd((end) => {
    void crashed.then((lines) => {
      printError(lines);
      end(1);
    });
  });
  service.stop();
  server.close();
  server.closeAllConnections();
  return code;
}

async function start(options: SimulatorOptions): Promise<number> {
  const service = parseServiceFile(await readFile(options.serviceFile, 'utf8'));
  const resolved = resolveService(service, knownFlags);
  if (resolved.kind === 'unsupported') {
    printError([
      `E_SIMULATOR: ${resolved.message} Fix: name a model, GPU and engine that the simulator knows.`,
    ]);
    return EXIT_UNSUPPORTED;
  }
  const launched = resolved.kind === 'refused' ? resolved : launchEngine(resolved.config, options);
  if (launched.kind === 'refused' || resolved.kind === 'refused') {
    await delay(options.fastStart ? FAST_MS : REFUSE_MS);
    printError(launched.kind === 'refused' ? launched.lines : []);
    return launched.kind === 'refused' ? launched.exitCode : 1;
  }
  return serve(resolved.config, launched, options);
}

const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

/** Runs a service file's engine in simulation until it is stopped. Resolves with the exit code that the engine would give. */
export async function runSimulator(options: SimulatorOptions): Promise<number> {
  try {
    return await start(options);
  } catch (error) {
    if (isPortTaken(error)) {
      printError([
        `ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', ${options.port}): address already in use`,
      ]);
      return 1;
    }
    const text =
      error instanceof AutodebugError
        ? error.toText()
        : `E_SIMULATOR: ${String(error)} Fix: name a readable file with --service and a free --port.`;
    printError([text]);
    return EXIT_UNSUPPORTED;
  }
}
