import { removeWrapper } from './edit-launch.ts';
import { scanShell } from './shell-words.ts';

/** The program that starts a service with its profiler. Source: Graphsignal's documentation, `graphsignal-run <command>`. */
const PROFILER = 'graphsignal-run';

/** True where a launch command starts the engine behind the profiler's wrapper. */
export function hasProfiler(command: string): boolean {
  return scanShell(command).words.some(
    ({ value }) => value.slice(value.lastIndexOf('/') + 1) === PROFILER,
  );
}

/** The service text without the profiler's wrapper. Throws: InvalidInputError `E_LAUNCH` when there is none. */
export const withoutProfiler = (text: string): string => removeWrapper(text, PROFILER);
