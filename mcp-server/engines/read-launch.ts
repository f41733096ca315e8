import { InvalidInputError } from '../core/errors.ts';
import { type Launch, parseLaunch } from '../core/service/launch.ts';
import { parseServiceFile, type ServiceFile } from '../core/service/service-file.ts';
import type { Engine } from './engine.ts';
import { detectEngine, ENGINES } from './index.ts';

export interface EngineService {
  readonly service: ServiceFile;
  readonly launch: Launch;
  readonly engine: Engine;
}

/**
 * Reads a service file and the engine that it starts.
 * Throws: InvalidInputError `E_LAUNCH` when the last command starts no engine we know, or another one does as well.
 */
export function readEngineService(text: string): EngineService {
  const service = parseServiceFile(text);
  const { launch } = service;
  if (launch === null) throw refuse(service.launchProblem ?? 'There is no launch command.');
  const engine = detectEngine(launch.argv);
  const others = service.commands.slice(0, -1).filter(startsEngine);
  if (engine === null)
    throw refuse(
      others.length > 0
        ? 'The engine is started by an earlier command than the last.'
        : `The last command starts ${launch.argv.slice(0, 3).join(' ').slice(0, 80)}, which is none of ${titles()}.`,
    );
  if (others.length > 0) throw refuse('Several commands start an engine.');
  return { service, launch, engine };
}

const titles = (): string =>
  Object.values(ENGINES)
    .map((engine) => engine.title)
    .join(', ');

function startsEngine(command: string): boolean {
  try {
    return detectEngine(parseLaunch(command).argv) !== null;
  } catch {
    return false;
  }
}

function refuse(message: string): InvalidInputError {
  return new InvalidInputError(message, {
    code: 'E_LAUNCH',
    fix: 'Start exactly one engine, in the last entry of commands: python -m sglang.launch_server, sglang serve, vllm serve or llama-server.',
  });
}
