import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { InvalidInputError } from '../../core/errors.ts';
import type { ProjectFiles } from '../../ports/project-files.ts';
import { confine } from './confine.ts';

/** Largest file that is read as text. Source: own reasoning; service files and contracts are kilobytes. */
const MAX_READ_BYTES = 2 * 1024 * 1024;
/** Largest output that is read back: a session's report with its tables. */
const MAX_OUTPUT_BYTES = 32 * 1024 * 1024;

export interface ProjectFilesOptions {
  readonly projectDir: string;
  readonly sessionsDir: string;
  /** Folder of the shipped workload presets. */
  readonly presetsDir: string;
}

/** Files of the project, confined to it with links resolved. */
export function createProjectFiles(options: ProjectFilesOptions): ProjectFiles {
  const readable = [options.projectDir, options.sessionsDir];
  const output = (path: string): string =>
    confine(path, options.sessionsDir, [options.sessionsDir]);
  const resolvePath = (path: string, baseDir?: string): string =>
    confine(path, baseDir ?? options.projectDir, readable);
  return {
    projectDir: options.projectDir,
    sessionsDir: options.sessionsDir,
    resolve: resolvePath,
    readProject: async (path, baseDir) =>
      readText(resolvePath(path, baseDir), path, MAX_READ_BYTES),
    readOutput: async (path) => readIfThere(output(path), path),
    writeOutput: async (path, text) => {
      const target = output(path);
      await mkdir(dirname(target), { recursive: true });
      await writeFileAtomic(target, text);
    },
    createOutput: async (path, text) => createFile(output(path), text),
    listOutputs: async (path) => listFolder(output(path)),
    readPreset: async (id) =>
      /^[a-z][a-z0-9-]{0,39}$/.test(id)
        ? readIfThere(join(options.presetsDir, `${id}.yaml`), id)
        : null,
    listPresets: async () =>
      listFolder(options.presetsDir)
        .filter((name) => name.endsWith('.yaml'))
        .map((name) => name.slice(0, -'.yaml'.length)),
  };
}

function readText(absolute: string, shown: string, maxBytes: number): string {
  let stats: ReturnType<typeof statSync>;
  try {
    stats = statSync(absolute);
  } catch {
    throw fileError(
      shown,
      'does not exist',
      'Check the path; it is relative to the project or the contract file.',
    );
  }
  if (!stats.isFile()) throw fileError(shown, 'is not a file', 'Name a text file.');
  if (stats.size > maxBytes) {
    throw fileError(
      shown,
      `is larger than ${maxBytes} bytes`,
      'Name the right file, or make it smaller.',
    );
  }
  try {
    return readFileSync(absolute, 'utf8');
  } catch {
    throw fileError(shown, 'cannot be read', 'Give this user the right to read it.');
  }
}

function fileError(shown: string, what: string, fix: string): InvalidInputError {
  return new InvalidInputError(`The file "${shown.slice(0, 200)}" ${what}.`, {
    code: 'E_FILE',
    fix,
  });
}

function readIfThere(absolute: string, shown: string): string | null {
  try {
    statSync(absolute);
  } catch {
    return null;
  }
  return readText(absolute, shown, MAX_OUTPUT_BYTES);
}

/** Creates a file whole or not at all: written beside its place, then linked, which fails on a taken name. */
async function createFile(target: string, text: string): Promise<boolean> {
  mkdirSync(dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}.draft`;
  await writeFileAtomic(draft, text);
  try {
    linkSync(draft, target);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function listFolder(absolute: string): readonly string[] {
  try {
    return readdirSync(absolute).toSorted();
  } catch {
    return [];
  }
}
