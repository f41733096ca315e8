import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A program of ours as an argv, whether it runs from source or from the build. */
export interface SelfCommand {
  readonly command: string;
  readonly args: readonly string[];
}

const here = fileURLToPath(import.meta.url);
const extension = here.endsWith('.ts') ? '.ts' : '.js';
const root = join(dirname(here), '..', '..');

/** How to start one of our own modules, named without its extension and relative to the root, e.g. `main`. */
export function selfCommand(module: string, args: readonly string[]): SelfCommand {
  const file = join(root, `${module}${extension}`);
  if (extension === '.js') return { command: process.execPath, args: [file, ...args] };
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { command: process.execPath, args: ['--import', loader, file, ...args] };
}
