import { type Command, InvalidArgumentError } from 'commander';

interface SimulateOptions {
  readonly serviceFile: string;
  readonly port: number;
  readonly host: string;
  readonly seed: number;
  readonly launchSeed: number;
  readonly fastStart: boolean;
}

export interface SimulateDeps {
  /** Runs until the engine ends; resolves with its exit code. */
  readonly runSimulator: (options: SimulateOptions) => Promise<number>;
  readonly setExitCode: (code: number) => void;
}

function readInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected an integer from ${min} to ${max}`);
  };
}

/** `autodebug simulate`: the engine of a service file, simulated, on a local port. */
export function registerSimulate(program: Command, deps: SimulateDeps): void {
  program
    .command('simulate')
    .description('Run the inference engine of a dstack service file in simulation on a local port')
    .requiredOption('--service <file>', 'dstack service YAML whose launch command is simulated')
    .requiredOption('--port <port>', 'port to listen on (0 picks one)', readInteger(0, 65535))
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--seed <n>', 'seed of machine and session', readInteger(0, 2 ** 31), 1)
    .option('--launch-seed <n>', 'seed of this start of the engine', readInteger(0, 2 ** 31), 1)
    .option('--fast-start', 'shorten start-up; measured latencies stay as they are', false)
    .action(
      async (options: {
        service: string;
        port: number;
        host: string;
        seed: number;
        launchSeed: number;
        fastStart: boolean;
      }) => {
        const { service, ...rest } = options;
        deps.setExitCode(await deps.runSimulator({ serviceFile: service, ...rest }));
      },
    );
}
