import type { Contract } from '../core/contract/contract.ts';
import { AutodebugError } from '../core/errors.ts';
import { cleanText } from '../core/redact.ts';
import { parseServiceFile } from '../core/service/service-file.ts';
import type { Deploy, SetupFinding } from '../ports/deploy.ts';
import type { Answer, App, Call } from './app.ts';
import { checkContract, readContractFile } from './read-contract.ts';
import { reviewService } from './review-service.ts';

export interface CheckSetupArgs {
  readonly session_id?: string | undefined;
  readonly contract_file?: string | undefined;
  /** Version of the running Node, e.g. `20.19.0`. */
  readonly nodeVersion: string;
}

export interface CheckSetupAnswer extends Answer {
  readonly ready: boolean;
  readonly findings: readonly SetupFinding[];
}

/** Where a contract is looked for when none is named. */
const DEFAULT_CONTRACT = 'contract.yml';
/** Source: package.json, engines. */
const MIN_NODE = [20, 19] as const;
/** Late wake-ups above this make the client a part of the measurement. Source: own reasoning, 1 % of a 100 ms TTFT. */
const MAX_LAG_MS = 10;
const LAG_SAMPLES = 20;
const LAG_NAP_MS = 10;

/** Tool `check_setup`: every prerequisite with its fix. Creates nothing that costs. */
export async function checkSetup(
  app: App,
  args: CheckSetupArgs,
  call: Call,
): Promise<CheckSetupAnswer> {
  const terms = await readTerms(app, args);
  const findings = [
    checkNode(args.nodeVersion),
    await checkSessions(app),
    await checkIgnored(app),
    ...terms.findings,
    ...(await checkBackend(app, terms, call)),
    await checkTelemetry(app, call),
    await checkClient(app),
  ];
  const failed = findings.filter((finding) => finding.level === 'fail');
  return {
    summary: summarise(findings),
    warnings: [],
    next:
      failed.length > 0
        ? null
        : { tool: 'open_session', args: nextArgs(args), why: 'Every prerequisite is there.' },
    ready: failed.length === 0,
    findings,
  };
}

function nextArgs(args: CheckSetupArgs): Record<string, unknown> {
  return args.contract_file === undefined ? {} : { contract_file: args.contract_file };
}

function summarise(findings: readonly SetupFinding[]): string {
  const bad = findings.filter((finding) => finding.level !== 'ok');
  const head = `${findings.length - bad.length} of ${findings.length} checks are fine.`;
  const lines = bad.map(
    (finding) =>
      `${finding.level} ${finding.check}: ${finding.message}${finding.fix === null ? '' : ` Fix: ${finding.fix}`}`,
  );
  return [head, ...lines].slice(0, 15).join('\n');
}

interface Terms {
  readonly contract: Contract | null;
  readonly serviceYaml: string | null;
  readonly findings: readonly SetupFinding[];
}

/** Contract and service file, from the session or from the file; what is missing or malformed is a finding. */
async function readTerms(app: App, args: CheckSetupArgs): Promise<Terms> {
  try {
    const { contract, baseDir } = await findContract(app, args);
    const found: SetupFinding = {
      check: 'contract',
      level: 'ok',
      message: `The contract is complete (backend ${contract.terms.backend}).`,
      fix: null,
    };
    return await readBaseline(app, { contract, baseDir, found });
  } catch (error) {
    return { contract: null, serviceYaml: null, findings: [failure('contract', error)] };
  }
}

async function findContract(
  app: App,
  args: CheckSetupArgs,
): Promise<{ readonly contract: Contract; readonly baseDir: string }> {
  if (args.session_id !== undefined) {
    const { state } = await app.ledgers.read(args.session_id);
    return { contract: state.contract, baseDir: state.baseDir };
  }
  return checkContract(app, await readContractFile(app, args.contract_file ?? DEFAULT_CONTRACT));
}

async function readBaseline(
  app: App,
  terms: {
    readonly contract: Contract;
    readonly baseDir: string;
    readonly found: SetupFinding;
  },
): Promise<Terms> {
  const { contract, baseDir, found } = terms;
  try {
    const serviceYaml = await app.files.readProject(contract.terms.serviceFile, baseDir);
    const service = parseServiceFile(serviceYaml);
    return { contract, serviceYaml, findings: [found, ...reviewService(service)] };
  } catch (error) {
    return { contract, serviceYaml: null, findings: [found, failure('service_file', error)] };
  }
}

/** A known error as a finding with its fix. */
function failure(check: string, error: unknown): SetupFinding {
  if (!(error instanceof AutodebugError)) throw error;
  return { check, level: 'fail', message: error.message, fix: error.fix };
}

async function checkBackend(app: App, terms: Terms, call: Call): Promise<readonly SetupFinding[]> {
  const chosen = terms.contract === null ? null : app.deploys.get(terms.contract.terms.backend);
  const backends: readonly Deploy[] =
    chosen === null || chosen === undefined ? [...app.deploys.values()] : [chosen];
  const request = {
    serviceYaml: terms.serviceYaml,
    budget: terms.contract?.budget ?? null,
    sessionId: null,
  };
  const findings = await Promise.all(
    backends.map(async (backend) => {
      call.onProgress(`looking at ${backend.backend}`);
      try {
        return await backend.checkSetup(request, call.signal);
      } catch (error) {
        return [failure(backend.backend, error)];
      }
    }),
  );
  return findings.flat();
}

function checkNode(version: string): SetupFinding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]);
  return {
    check: 'node',
    level: isNew ? 'ok' : 'fail',
    message: `Node is ${version}.`,
    fix: isNew ? null : `Install Node ${MIN_NODE.join('.')} or newer.`,
  };
}

async function checkSessions(app: App): Promise<SetupFinding> {
  try {
    await app.files.writeOutput('.setup/writable', 'ok\n');
    return {
      check: 'sessions',
      level: 'ok',
      message: 'The sessions folder can be written.',
      fix: null,
    };
  } catch {
    return {
      check: 'sessions',
      level: 'fail',
      message: 'The sessions folder cannot be written.',
      fix: 'Give this user the right to write below sessions/, or set AUTODEBUG_SESSIONS_DIR.',
    };
  }
}

/** Outputs hold logs and evidence: they do not belong into a repository by accident. */
async function checkIgnored(app: App): Promise<SetupFinding> {
  const text = await app.files.readProject('.gitignore').catch(() => '');
  const isIgnored = text
    .split('\n')
    .some((line) => /^\/?sessions(\/(\*\*?)?)?\s*$/.test(line.trim()));
  return {
    check: 'gitignore',
    level: isIgnored ? 'ok' : 'warn',
    message: isIgnored ? 'git ignores sessions/.' : 'git does not ignore sessions/.',
    fix: isIgnored ? null : 'Add the line sessions/* to .gitignore.',
  };
}

async function checkTelemetry(app: App, call: Call): Promise<SetupFinding> {
  const status = await app.telemetry.profilerStatus(call.signal);
  const detail = cleanText(status.detail, 200);
  return {
    check: 'telemetry',
    level: status.loggedIn ? 'ok' : 'warn',
    message: status.loggedIn
      ? `Graphsignal answers (${status.client ?? 'client unknown'}).`
      : `No Graphsignal login: ${detail}. The engine's own metrics are still read.`,
    fix: status.loggedIn
      ? null
      : 'Log in with graphsignal-context, or set its API key in the environment.',
  };
}

/** How late this process wakes up: a slow client is a part of what it measures. */
async function checkClient(app: App): Promise<SetupFinding> {
  const lags: number[] = [];
  for (let sample = 0; sample < LAG_SAMPLES; sample += 1) {
    const before = app.clock.monotonicMs();
    await app.clock.sleep(LAG_NAP_MS);
    lags.push(app.clock.monotonicMs() - before - LAG_NAP_MS);
  }
  const worst = lags.toSorted((a, b) => a - b).at(-2) ?? 0;
  const isFast = worst <= MAX_LAG_MS;
  return {
    check: 'client',
    level: isFast ? 'ok' : 'warn',
    message: `This process wakes up ${Math.max(0, worst).toFixed(1)} ms late at worst.`,
    fix: isFast
      ? null
      : 'Run the load from a quieter machine; short latencies cannot be judged here.',
  };
}
