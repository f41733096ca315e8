import { parseDocument } from 'yaml';
import { Contract } from '../core/contract/contract.ts';
import { contractBasics, fillDefaults, listFilled } from '../core/contract/fill-defaults.ts';
import { loadPathFaults } from '../core/contract/load-path.ts';
import { describeIssues, type IssueReport } from '../core/describe-issues.ts';
import { AutodebugError, ConfigError, InvalidInputError } from '../core/errors.ts';
import { isRecord } from '../core/parse.ts';
import { cleanText } from '../core/redact.ts';
import { parseServiceFile, type ServiceFile } from '../core/service/service-file.ts';
import { WorkloadSpec } from '../core/workload/workload.ts';
import type { App } from './app.ts';
import { readPreset } from './resolve-workload.ts';

type Reach = Pick<App, 'files' | 'deploys'>;

export interface ContractSource {
  /** Where it was written, for messages. */
  readonly name: string;
  readonly raw: unknown;
  /** Folder that its relative paths start from. */
  readonly baseDir: string;
}

export interface ReadContract {
  readonly contract: Contract;
  readonly baseDir: string;
  readonly filledDefaults: readonly string[];
}

const FIX = 'Correct the named fields; docs/contract.schema.json lists all of them.';

/** Folder of a path, without its last part. */
const folderOf = (path: string): string =>
  path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'), 1));

/** Reads a contract file. Throws: InvalidInputError `E_CONTRACT` naming file and line, `E_FILE`, `E_PATH`. */
export async function readContractFile(app: Reach, path: string): Promise<ContractSource> {
  const text = await app.files.readProject(path);
  const shown = cleanText(path, 200);
  const document = parseDocument(text);
  const error = document.errors[0];
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? '?';
    throw new InvalidInputError(`${shown} line ${line} is not YAML (${error.code}).`, {
      code: 'E_CONTRACT',
      fix: 'Correct the syntax at that line.',
    });
  }
  const raw: unknown = document.toJS({ maxAliasCount: 20 });
  return { name: shown, raw, baseDir: folderOf(app.files.resolve(path)) };
}

/**
 * Fills what is safe, checks everything, and says which fields were filled.
 * Throws: InvalidInputError `E_CONTRACT` by field; ConfigError `E_NO_BUDGET` on a paid backend without limits.
 */
export async function checkContract(app: Reach, source: ContractSource): Promise<ReadContract> {
  const basics = contractBasics(source.raw);
  const paid = [...app.deploys.values()].some(
    (deploy) => deploy.backend === basics.backend && deploy.paid,
  );
  if (paid) refuseWithoutBudget(source.raw);
  const filled = fillDefaults(source.raw, {
    service: await readService(app, basics.serviceFile, source.baseDir),
    workload: await readWorkload(app, basics.workload),
    paid,
  });
  const parsed = Contract.safeParse(filled);
  if (!parsed.success)
    throw contractError(source.name, describeIssues(parsed.error.issues, filled));
  checkSense(source.name, parsed.data);
  return {
    contract: parsed.data,
    baseDir: source.baseDir,
    filledDefaults: listFilled(source.raw, parsed.data),
  };
}

/** The service file must be there and readable; its contents matter only for defaults. */
async function readService(
  app: Reach,
  path: unknown,
  baseDir: string,
): Promise<ServiceFile | null> {
  if (typeof path !== 'string') return null;
  return parseServiceFile(await app.files.readProject(path, baseDir));
}

async function readWorkload(app: Reach, workload: unknown): Promise<WorkloadSpec | null> {
  if (typeof workload !== 'string') return WorkloadSpec.safeParse(workload).data ?? null;
  return readPreset(app, workload, (shown) => ({
    code: 'E_CONTRACT',
    message: `terms.workload: there is no preset ${shown}.`,
  }));
}

function refuseWithoutBudget(raw: unknown): void {
  const budget = isRecord(raw) ? raw['budget'] : undefined;
  const missing = ['maxTotalUsd', 'maxUsdPerHour'].filter(
    (key) => !isRecord(budget) || budget[key] === undefined,
  );
  if (missing.length === 0) return;
  throw new ConfigError(
    `The backend costs real money and budget.${missing.join(' and budget.')} is not set.`,
    {
      code: 'E_NO_BUDGET',
      fix: 'Ask the person for the dollars in total and per hour, and write both into the contract.',
    },
  );
}

function contractError(name: string, report: IssueReport): AutodebugError {
  const unknown = report.unknownKeys.map((key) => `${key}: unknown field`);
  const faults = [...unknown, ...report.faults].slice(0, 6).map((fault) => cleanText(fault, 200));
  return new InvalidInputError(`${name} is not a valid contract: ${faults.join('; ')}.`, {
    code: 'E_CONTRACT',
    fix: FIX,
  });
}

function checkSense(name: string, contract: Contract): void {
  const { terms, budget } = contract;
  const faults: string[] = [...loadPathFaults(terms)];
  if (terms.seeds.search === terms.seeds.confirm) {
    faults.push(
      'terms.seeds: search and confirm must differ, so that the confirmation is held out',
    );
  }
  if (budget.maxUsdPerTrial > budget.maxTotalUsd) {
    faults.push('budget.maxUsdPerTrial is larger than budget.maxTotalUsd');
  }
  if (faults.length === 0) return;
  throw new InvalidInputError(`${name} is not a valid contract: ${faults.join('; ')}.`, {
    code: 'E_CONTRACT',
    fix: FIX,
  });
}
