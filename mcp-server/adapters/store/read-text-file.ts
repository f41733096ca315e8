import { readFile, stat } from 'node:fs/promises';
import { InvalidInputError } from '../../core/errors.ts';

/** Largest dataset that is read. Source: own reasoning; ShareGPT's public file is 640 MB. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** Text of a file that a person named on the command line. Throws: InvalidInputError `E_FILE`. */
export async function readTextFile(path: string): Promise<string> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || !facts.isFile() || facts.size > MAX_BYTES) {
    const why =
      facts === null ? 'does not exist' : facts.isFile() ? 'is larger than 1 GB' : 'is no file';
    throw new InvalidInputError(`${path.slice(0, 300)} ${why}.`, {
      code: 'E_FILE',
      fix: 'Name a readable file.',
    });
  }
  return readFile(path, 'utf8');
}
