import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const requirementsDir = join(root, 'scripts/real/requirements');

/** Ending of a second list, whose packages are installed without what they ask for. */
const NO_DEPS = '.no-deps.txt';

/** One virtual environment below `.real/`, made from `scripts/real/requirements/<name>.txt`. */
export interface PythonEnv {
  readonly name: string;
  /** Folder of its programs, for PATH. */
  readonly bin: string;
  readonly python: string;
}

/** Names of the requirement sets, one environment each. */
export function listRequirementSets(): readonly string[] {
  return readdirSync(requirementsDir)
    .filter((name) => name.endsWith('.txt') && !name.endsWith(NO_DEPS))
    .map((name) => basename(name, '.txt'))
    .toSorted();
}

/** Makes the environment unless it stands already with exactly this list; throws with pip's last lines otherwise. */
export function ensurePythonEnv(name: string): PythonEnv {
  const file = join(requirementsDir, `${name}.txt`);
  const bare = join(requirementsDir, `${name}${NO_DEPS}`);
  const lists = [file, bare].filter((path) => existsSync(path));
  const wanted = lists.map((path) => readFileSync(path, 'utf8')).join('');
  const folder = join(root, '.real', name);
  const stamp = join(folder, 'autodebug-stamp.txt');
  const env = { name, bin: join(folder, 'bin'), python: join(folder, 'bin', 'python') };
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return env;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(root, '.real'), { recursive: true });
  run('python3', ['-m', 'venv', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  run(env.python, [...install, '-r', file]);
  if (lists.includes(bare)) run(env.python, [...install, '--no-deps', '-r', bare]);
  writeFileSync(stamp, wanted);
  return env;
}

function run(command: string, args: readonly string[]): void {
  try {
    execFileSync(command, [...args], { stdio: 'pipe', timeout: 900_000 });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    const tail = (stderr?.toString('utf8') ?? String(error)).split('\n').slice(-15).join('\n');
    throw new Error(`${command} ${args.join(' ')} failed:\n${tail}`);
  }
}
