import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { parseDocument } from 'yaml';
import { rehearsalFile } from '../app/rehearsal.ts';
import { BACKEND_IDS, type BackendId } from '../core/contract/contract.ts';
import { InvalidInputError } from '../core/errors.ts';
import { isRecord } from '../core/parse.ts';
import { cleanText } from '../core/redact.ts';
import type { ProjectFiles } from '../ports/project-files.ts';
import { type Phase, type Rehearsal, type RehearsalServer, rehearse } from './rehearsal-phases.ts';

export interface RehearseDeps {
  /** Starts this program as an MCP server of its own, in that environment. */
  readonly connect: (env: Readonly<Record<string, string>>) => Promise<RehearsalServer>;
  readonly files: (projectDir: string) => Promise<ProjectFiles>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly write: (text: string) => void;
  readonly setExitCode: (code: number) => void;
}

interface RehearseOptions {
  readonly contract: string;
  readonly maxUsd: number;
  readonly json: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Requests of a shortened load point: twice its concurrency, at least 4, never more than the contract asks. */
const SHORT_ROUNDS = 2;

/** `autodebug rehearse`: everything a paid night needs, once, for at most some dollars. */
export function registerRehearse(program: Command, deps: RehearseDeps): void {
  program
    .command('rehearse')
    .description(
      'deploy, load, read telemetry, crash on purpose, tear down: once, for little money',
    )
    .requiredOption('--contract <file>', 'contract to rehearse')
    .option('--max-usd <dollars>', 'most that this rehearsal may cost', readDollars, 2)
    .option('--json', 'print one JSON object', false)
    .action((options: RehearseOptions) => runRehearsal(deps, options));
}

function readDollars(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('expected dollars, such as 2');
}

async function runRehearsal(deps: RehearseDeps, options: RehearseOptions): Promise<void> {
  const contract = await readContract(options.contract);
  const backend = readBackend(options.contract, contract.terms['backend'] ?? 'simulated');
  const projectDir = dirname(resolve(options.contract));
  const files = await deps.files(projectDir);
  const stamp = new Date(deps.nowMs()).toISOString().slice(0, 19).replaceAll(':', '-');
  const env = {
    AUTODEBUG_PROJECT_DIR: projectDir,
    AUTODEBUG_SESSIONS_DIR: join(files.sessionsDir, '.rehearsal', stamp),
  };
  const rehearsal = await rehearse({
    connect: () => deps.connect(env),
    nowMs: deps.nowMs,
    sleep: deps.sleep,
    onPhase: (phase) => (options.json ? undefined : deps.write(phaseLine(phase))),
    open: {
      contract: { ...contract.raw, budget: lowerBudget(contract.budget, options.maxUsd) },
      force: [{ check: 'rehearsal', reason: 'This is the rehearsal itself.' }],
    },
    shortLoad: shortLoad(contract.terms),
  });
  const trials = trialsAffordable(rehearsal, contract);
  if (rehearsal.ok) {
    const record = { at: new Date(deps.nowMs()).toISOString(), backend, ...rehearsal, trials };
    await files.writeOutput(rehearsalFile(backend), `${JSON.stringify(record, null, 1)}\n`);
  }
  deps.write(
    options.json
      ? `${JSON.stringify({ backend, ...rehearsal, trials })}\n`
      : `${backend === 'simulated' ? 'SIMULATED: ' : ''}${summary(rehearsal, trials)}`,
  );
  deps.setExitCode(rehearsal.ok ? 0 : 1);
}

interface RawContract {
  readonly raw: Fields;
  readonly terms: Fields;
  readonly budget: Fields;
}

/** The contract as written; open_session checks it. Throws: InvalidInputError `E_CONTRACT`. */
async function readContract(file: string): Promise<RawContract> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) throw refuse(file, 'is not there');
  const document = parseDocument(text);
  const line = document.errors[0]?.linePos?.[0].line;
  if (document.errors.length > 0) throw refuse(file, `is not YAML at line ${line ?? '?'}`);
  const raw: unknown = document.toJS({ maxAliasCount: 20 });
  if (isRecord(raw) && isRecord(raw['terms']) && isRecord(raw['budget'])) {
    return { raw, terms: raw['terms'], budget: raw['budget'] };
  }
  throw refuse(file, 'is no contract: terms or budget is missing');
}

function refuse(file: string, why: string): InvalidInputError {
  return new InvalidInputError(`${cleanText(file, 200)} ${why}.`, {
    code: 'E_CONTRACT',
    fix: 'Name a contract file; autodebug init writes one.',
  });
}

function readBackend(file: string, value: unknown): BackendId {
  const known = BACKEND_IDS.find((backend) => backend === value);
  if (known !== undefined) return known;
  const shown = cleanText(JSON.stringify(value), 40);
  throw new InvalidInputError(`${cleanText(file, 200)}: terms.backend is ${shown}.`, {
    code: 'E_CONTRACT',
    fix: `Use one of ${BACKEND_IDS.join(', ')}.`,
  });
}

/** Limits of the contract, none of them above what the rehearsal may cost. */
function lowerBudget(budget: Fields, maxUsd: number): Fields {
  const lower = (name: string, limit: number): number => {
    const value = budget[name];
    return typeof value === 'number' ? Math.min(value, limit) : limit;
  };
  return {
    ...budget,
    maxTotalUsd: lower('maxTotalUsd', maxUsd),
    maxUsdPerTrial: lower('maxUsdPerTrial', maxUsd),
    maxDeployments: 2,
    maxTrials: 1,
  };
}

function loadPointsOf(terms: Fields): readonly Fields[] {
  const points = terms['loadPoints'];
  return Array.isArray(points) ? points.filter(isRecord) : [];
}

const numberOf = (value: unknown, fallback: number): number =>
  typeof value === 'number' ? value : fallback;

function shortLoad(terms: Fields): readonly Fields[] {
  const points = loadPointsOf(terms);
  const shown = points.length === 0 ? [{ kind: 'closed', concurrency: 2, requests: 4 }] : points;
  return shown.slice(0, 1).map((point) => {
    const rounds = numberOf(point['concurrency'], 2) * SHORT_ROUNDS;
    return { ...point, requests: Math.min(numberOf(point['requests'], 4), Math.max(4, rounds)) };
  });
}

interface Affordable {
  readonly trials: number;
  /** The limit of the contract that ends it first. */
  readonly limit: string;
}

/** How many trials the contract's budget buys at this pace and price, by its tightest limit. Null when: it failed. */
function trialsAffordable(rehearsal: Rehearsal, contract: RawContract): Affordable | null {
  if (!rehearsal.ok) return null;
  const seconds = secondsPerTrial(rehearsal, contract.terms);
  const usdPerTrial = ((rehearsal.priceUsdPerHour ?? 0) * seconds) / 3600;
  const limitOf = (name: string): number => numberOf(contract.budget[name], Infinity);
  const limits: readonly Affordable[] = [
    {
      limit: 'maxTotalUsd',
      trials: usdPerTrial <= 0 ? Infinity : limitOf('maxTotalUsd') / usdPerTrial,
    },
    { limit: 'maxWallHours', trials: (limitOf('maxWallHours') * 3600) / Math.max(1, seconds) },
    { limit: 'maxDeployments', trials: limitOf('maxDeployments') },
    { limit: 'maxTrials', trials: limitOf('maxTrials') },
  ];
  const tightest = limits.toSorted((one, other) => one.trials - other.trials)[0];
  if (tightest === undefined || !Number.isFinite(tightest.trials)) return null;
  return { ...tightest, trials: Math.floor(tightest.trials) };
}

/** A trial at the pace of the rehearsal: a start, the contract's whole load for every repeat, telemetry, teardown. */
function secondsPerTrial(rehearsal: Rehearsal, terms: Fields): number {
  const secondsOf = (name: string): number =>
    rehearsal.phases.find((phase) => phase.name === name)?.seconds ?? 0;
  const requestsOf = (points: readonly Fields[], fallback: number): number =>
    points.reduce((sum, point) => sum + numberOf(point['requests'], fallback), 0);
  const share = requestsOf(loadPointsOf(terms), 64) / Math.max(1, requestsOf(shortLoad(terms), 4));
  const load = secondsOf('load') * Math.max(1, share) * numberOf(terms['repeats'], 3);
  return secondsOf('deploy') + load + secondsOf('telemetry') + secondsOf('teardown');
}

function phaseLine(phase: Phase): string {
  const { seconds } = phase;
  const time = seconds < 60 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
  const usd = (phase.usd === null ? '-' : `$${phase.usd.toFixed(3)}`).padStart(8);
  return `${phase.name.padEnd(10)}${time.padStart(9)}${usd}  ${cleanText(phase.note, 120)}\n`;
}

function summary(rehearsal: Rehearsal, trials: Affordable | null): string {
  const lines: string[] = [];
  if (rehearsal.problem !== null) lines.push(`FAILED: ${cleanText(rehearsal.problem, 500)}`);
  if (rehearsal.costUsd !== null) lines.push(`cost: $${rehearsal.costUsd.toFixed(3)}`);
  if (trials !== null) {
    lines.push(`the contract buys about ${trials.trials} trials (${trials.limit} ends it first)`);
  }
  if (rehearsal.ok) lines.push('rehearsed: everything worked and nothing is left running');
  return `${lines.join('\n')}\n`;
}
