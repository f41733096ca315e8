import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { BACKEND_IDS, type BackendId, Contract } from '../core/contract/contract.ts';
import { draftContract, type InitAnswers } from '../core/contract/draft-contract.ts';
import { InvalidInputError, PreconditionError } from '../core/errors.ts';
import { isRecord, parseJson, parseWith } from '../core/parse.ts';
import { parseServiceFile } from '../core/service/service-file.ts';

export interface InitDeps {
  readonly workingDir: string;
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks one question on the terminal. Null when: there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | null;
  readonly write: (text: string) => void;
}

interface InitOptions {
  readonly traffic?: string;
  readonly limits?: string;
  readonly dollars?: string;
  readonly backend?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const QUESTIONS: Readonly<Record<keyof InitAnswers, string>> = {
  traffic:
    'Traffic: prompt and output tokens, and how many at once or per second\n  (e.g. prompts 1024, outputs 256, concurrency 16): ',
  limits:
    'Limits to hold: TTFT and TBOT in ms, context in tokens\n  (e.g. ttft 500, tbot 20, context 8192): ',
  dollars: 'Dollars: in total and per hour (e.g. 20 total, 3 per hour): ',
};

/** What the agent may do without asking; spending stays bounded by the contract. */
const ALLOW = [
  'mcp__plugin_autodebug_autodebug__*',
  'mcp__autodebug__*',
  'Skill(autodebug)',
  'Skill(autodebug:autodebug)',
];

async function answer(
  deps: InitDeps,
  options: InitOptions,
  field: keyof InitAnswers,
): Promise<string> {
  const given = options[field];
  if (given !== undefined) return given;
  if (deps.ask === null) {
    throw new PreconditionError(`There is no terminal to ask for ${field} on.`, {
      code: 'E_NO_TERMINAL',
      fix: `Give --${field} "…", as in: ${QUESTIONS[field].split('(')[1]?.replace('): ', '') ?? ''}`,
    });
  }
  return deps.ask(QUESTIONS[field]);
}

/** Logins and keys that are there already, by name only. */
function findLogins(deps: InitDeps): string[] {
  const found: string[] = [];
  const has = (name: string): boolean => (deps.env[name] ?? '') !== '';
  if (existsSync(join(deps.homeDir, '.dstack', 'config.yml')) || has('DSTACK_TOKEN'))
    found.push('dstack login');
  if (existsSync(join(deps.homeDir, '.graphsignal', 'config.yml')) || has('GRAPHSIGNAL_API_KEY'))
    found.push('Graphsignal key');
  if (has('HF_TOKEN')) found.push('HF_TOKEN');
  return found;
}

function chooseBackend(options: InitOptions, logins: readonly string[]): BackendId {
  const asked = options.backend;
  const known = BACKEND_IDS.find((backend) => backend === asked);
  if (asked !== undefined && known === undefined) {
    throw new InvalidInputError(`--backend is "${asked.slice(0, 40)}".`, {
      code: 'E_INVALID_ARGUMENT',
      fix: `Use one of ${BACKEND_IDS.join(', ')}.`,
    });
  }
  return known ?? (logins.includes('dstack login') ? 'dstack' : 'simulated');
}

const plainText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** GPU of the service's resources; a service without one runs on the CPU. */
function readGpu(resources: Readonly<Record<string, unknown>>): { name: string; count: number } {
  const gpu = resources['gpu'];
  const spec = isRecord(gpu)
    ? `${plainText(gpu['name'])}:${plainText(gpu['count'])}`
    : plainText(gpu);
  const parts = spec.split(':');
  const isVendor = (part: string): boolean => /^(nvidia|amd|google|intel)$/i.test(part);
  const name = parts.find((part) => /^[A-Za-z]/.test(part) && !isVendor(part)) ?? 'cpu';
  const count = parts.find((part) => /^\d+$/.test(part));
  return { name, count: name === 'cpu' ? 0 : Number(count ?? 1) };
}

/** The agent's settings as a person has them. Throws: InvalidInputError `E_FILE` where they are no JSON object. */
async function readSettings(file: string): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(file)) return {};
  const settings = parseJson(await readFile(file, 'utf8'));
  if (isRecord(settings)) return settings;
  throw new InvalidInputError('.claude/settings.json is not a JSON object.', {
    code: 'E_FILE',
    fix: 'Correct it or move it away, then run autodebug init again.',
  });
}

/** Adds the allow rules to the agent's settings and keeps all else in them. */
async function writePermissions(
  file: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const permissions = isRecord(settings['permissions']) ? settings['permissions'] : {};
  const allow = Array.isArray(permissions['allow']) ? permissions['allow'] : [];
  const merged = {
    ...settings,
    permissions: { ...permissions, allow: [...new Set([...allow, ...ALLOW])] },
  };
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(merged, null, 2)}\n`);
}

function refuseOverwrite(contractFile: string, options: InitOptions): void {
  if (!existsSync(contractFile) || options.force === true) return;
  throw new PreconditionError('contract.yml exists already.', {
    code: 'E_FILE_EXISTS',
    fix: 'Edit it, or write it anew with --force.',
  });
}

/** Writes contract and permissions; returns their paths relative to the working folder. */
async function writeFiles(
  deps: InitDeps,
  contractFile: string,
  drafted: unknown,
): Promise<string[]> {
  parseWith(Contract, drafted, {
    name: 'The drafted contract',
    fix: 'Answer again, as in the examples.',
    code: 'E_INIT_ANSWER',
  });
  const settingsFile = join(deps.workingDir, '.claude', 'settings.json');
  const settings = await readSettings(settingsFile);
  const head =
    '# Terms of an autodebug session. Only a person changes this file; the budget may be amended later.';
  await writeFile(contractFile, `${head}\n${stringify(drafted)}`);
  await writePermissions(settingsFile, settings);
  return [contractFile, settingsFile].map((file) => relative(deps.workingDir, file));
}

async function runInit(
  deps: InitDeps,
  serviceArgument: string | undefined,
  options: InitOptions,
): Promise<void> {
  const serviceFile = serviceArgument ?? 'dstack-baseline.yml';
  const contractFile = join(deps.workingDir, 'contract.yml');
  refuseOverwrite(contractFile, options);
  const service = parseServiceFile(
    await readService(join(deps.workingDir, serviceFile), serviceFile),
  );
  const model = service.modelName ?? 'unknown';
  const found = findLogins(deps);
  const backend = chooseBackend(options, found);
  const say = (text: string): void => (options.json === true ? undefined : deps.write(text));
  say(
    `Service ${serviceFile}: model ${model}. Found: ${found.join(', ') || 'no login'}. Backend: ${backend}.\n`,
  );
  const answers = {
    traffic: await answer(deps, options, 'traffic'),
    limits: await answer(deps, options, 'limits'),
    dollars: await answer(deps, options, 'dollars'),
  };
  const drafted = draftContract(answers, {
    serviceFile,
    model,
    backend,
    gpu: readGpu(service.resources),
  });
  const written = await writeFiles(deps, contractFile, drafted);
  say(
    `Wrote ${written.join(' and ')}.\nNext: /autodebug in your agent, or autodebug run --contract contract.yml\n`,
  );
  if (options.json === true) deps.write(`${JSON.stringify({ written, backend, found })}\n`);
}

async function readService(path: string, shown: string): Promise<string> {
  if (!existsSync(path)) {
    throw new InvalidInputError(`The service file ${shown} does not exist.`, {
      code: 'E_FILE',
      fix: 'Name your dstack service file: autodebug init service.yml',
    });
  }
  return readFile(path, 'utf8');
}

/** `autodebug init [service.yml]`: three questions, then contract.yml and the agent's permission rules. */
export function registerInit(program: Command, deps: InitDeps): void {
  program
    .command('init')
    .description(
      'ask three questions (traffic, limits, dollars) and write the contract and permission rules',
    )
    .argument('[service]', 'dstack service file', undefined)
    .option('--traffic <text>', 'answer to the first question')
    .option('--limits <text>', 'answer to the second')
    .option('--dollars <text>', 'answer to the third')
    .option(
      '--backend <backend>',
      `one of ${BACKEND_IDS.join(', ')}; default: dstack where a login is found`,
    )
    .option('--force', 'overwrite contract.yml')
    .option('--json', 'print one JSON object')
    .action((service: string | undefined, options: InitOptions) => runInit(deps, service, options));
}
