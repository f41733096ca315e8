import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { InvalidInputError } from '../../core/errors.ts';

/** True when `path` is `folder` or lies below it, by name. */
function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}

/** The real path of a path that may not exist yet: its nearest existing folder, resolved, and the rest. */
function realPathOf(path: string): string {
  if (existsSync(path) || isSymlink(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPathOf(parent), path.slice(parent.length));
}

function isSymlink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/**
 * An absolute path that lies, links resolved, inside one of the folders.
 * Throws: InvalidInputError `E_PATH`.
 */
export function confine(path: string, base: string, folders: readonly string[]): string {
  if (path.includes('\0')) throw outside(path);
  const absolute = resolve(base, path);
  let real: string;
  try {
    real = realPathOf(absolute);
  } catch {
    throw outside(path);
  }
  if (folders.some((folder) => isInside(realPathOf(folder), real))) return absolute;
  throw outside(path);
}

function outside(path: string): InvalidInputError {
  return new InvalidInputError(
    `The path "${path.slice(0, 200)}" leads outside the folders that autodebug may use.`,
    {
      code: 'E_PATH',
      fix: 'Name a file inside the project, or set AUTODEBUG_PROJECT_DIR to the folder that holds it.',
    },
  );
}
