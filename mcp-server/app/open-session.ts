import { stringify } from 'yaml';
import { canonicalJson } from '../core/contract/canonical-json.ts';
import type { Budget, Contract } from '../core/contract/contract.ts';
import { AutodebugError, InvalidInputError } from '../core/errors.ts';
import type { SessionState } from '../core/ledger/state.ts';
import type { Forced } from '../core/ledger/vocabulary.ts';
import { unprovableClauses } from '../core/metrics/counts-needed.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { renderBrief } from '../core/report/brief.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App } from './app.ts';
import { activateLoop } from './hooks.ts';
import { planBaseline } from './plan-trial.ts';
import {
  type ContractSource,
  checkContract,
  type ReadContract,
  readContractFile,
} from './read-contract.ts';
import { requireRehearsal } from './rehearsal.ts';

export interface OpenSessionArgs {
  readonly session_id?: string | undefined;
  readonly contract_file?: string | undefined;
  readonly contract?: Readonly<Record<string, unknown>> | undefined;
  readonly client_session?: string | undefined;
  readonly force: readonly Forced[];
}

export interface OpenSessionAnswer extends Answer {
  readonly sessionId: string;
  readonly resumed: boolean;
  readonly contractHash: string;
  readonly filledDefaults: readonly string[];
}

interface Opened {
  readonly writer: LedgerWriter;
  readonly resumed: boolean;
  readonly filledDefaults: readonly string[];
  readonly warnings: readonly string[];
}

/** Tool `open_session`: creates a session from a contract, or goes on with the open one of the same terms. */
export async function openSession(app: App, args: OpenSessionArgs): Promise<OpenSessionAnswer> {
  const opened = await openOrResume(app, args);
  const { writer } = opened;
  if (writer.state().trials.length === 0) await planOrEnd(app, writer);
  if (args.client_session !== undefined) await noteLoop(app, args.client_session, writer);
  const state = writer.state();
  const nowMs = app.clock.nowMs();
  const filled =
    opened.filledDefaults.length === 0 ? [] : [`Filled: ${opened.filledDefaults.join('; ')}`];
  return {
    summary: [
      `Session ${state.sessionId} ${opened.resumed ? 'goes on' : 'is open'}.`,
      renderBrief(state, nowMs),
      ...filled,
    ].join('\n'),
    warnings: opened.warnings,
    next: nextStep(state, nowMs),
    sessionId: state.sessionId,
    resumed: opened.resumed,
    contractHash: state.contractHash,
    filledDefaults: opened.filledDefaults,
  };
}

/** A session whose baseline cannot be planned is over before it began; the contract or the file has to change first. */
async function planOrEnd(app: App, writer: LedgerWriter): Promise<void> {
  try {
    await planBaseline(app, writer);
  } catch (error) {
    const detail = error instanceof AutodebugError ? error.code : 'E_BUG';
    await writer.append({
      type: 'session_stopped',
      data: { reason: 'infeasible', detail: `The baseline could not be planned (${detail}).` },
    });
    throw error;
  }
}

async function noteLoop(app: App, clientSession: string, writer: LedgerWriter): Promise<void> {
  const startedAt = new Date(app.clock.nowMs()).toISOString();
  await activateLoop(app, { clientSession, sessionId: writer.sessionId, startedAt });
}

async function openOrResume(app: App, args: OpenSessionArgs): Promise<Opened> {
  if (args.contract_file !== undefined && args.contract !== undefined) {
    throw new InvalidInputError('open_session got both contract_file and contract.', {
      code: 'E_INVALID_ARGUMENT',
      fix: 'Give one of them; the file is the better place, since a person can change its budget.',
    });
  }
  const source = await findSource(app, args);
  if (source === null) return resume(app, args.session_id);
  const read = await checkContract(app, source);
  const hash = app.hash(canonicalJson(read.contract.terms));
  const same = await findSession(app, hash, args.session_id);
  return same === null
    ? create(app, { read, hash, force: args.force })
    : goOn(app, same, { read, isFile: args.contract === undefined });
}

/** Files that are taken when no contract is named and no session is open. */
const USUAL_NAMES = ['contract.yml', 'contract.yaml', 'autodebug.yml'];

async function findSource(app: App, args: OpenSessionArgs): Promise<ContractSource | null> {
  if (args.contract !== undefined) {
    return { name: 'contract', raw: args.contract, baseDir: app.files.projectDir };
  }
  if (args.contract_file !== undefined) return readContractFile(app, args.contract_file);
  if (args.session_id !== undefined || (await hasUnfinished(app))) return null;
  for (const name of USUAL_NAMES) {
    const source = await readContractFile(app, name).catch((error: unknown) => {
      if (error instanceof InvalidInputError && error.code === 'E_FILE') return null;
      throw error;
    });
    if (source !== null) return source;
  }
  throw new InvalidInputError('There is no session to go on with and no contract was given.', {
    code: 'E_NO_CONTRACT',
    fix: 'Call open_session with {"contract_file":"contract.yml"} (autodebug init writes one), or with its fields as contract: {terms, budget}.',
  });
}

async function states(app: App): Promise<readonly SessionState[]> {
  const ids = (await app.ledgers.list()).toReversed();
  const reads = await Promise.all(ids.map((id) => app.ledgers.read(id).catch(() => null)));
  return reads.flatMap((read) => (read === null ? [] : [read.state]));
}

async function hasUnfinished(app: App): Promise<boolean> {
  return (await states(app)).some((state) => state.stopped === null);
}

/** The newest session of these terms that is not over; one that a cap ended counts, a person may have raised it. */
async function findSession(
  app: App,
  hash: string,
  sessionId: string | undefined,
): Promise<SessionState | null> {
  const open = (await states(app)).filter(
    (state) => state.stopped === null || state.stopped.data.reason === 'cap',
  );
  const same = open.find(
    (state) =>
      state.contractHash === hash && (sessionId === undefined || state.sessionId === sessionId),
  );
  if (sessionId === undefined || same !== undefined) return same ?? null;
  throw new InvalidInputError(
    `The contract has other measurement terms than session ${sessionId}.`,
    {
      code: 'E_OTHER_TERMS',
      fix: 'Leave session_id out: other measurement terms are another session. Only the budget may change.',
    },
  );
}

async function resume(app: App, sessionId: string | undefined): Promise<Opened> {
  const writer = await app.sessions.use(sessionId);
  return { writer, resumed: true, filledDefaults: [], warnings: [] };
}

async function create(
  app: App,
  given: { readonly read: ReadContract; readonly hash: string; readonly force: readonly Forced[] },
): Promise<Opened> {
  const { contract, baseDir, filledDefaults } = given.read;
  await requireRehearsal(app, contract.terms.backend, given.force);
  const others = (await states(app)).filter((state) => state.stopped === null);
  const writer = await app.sessions.create({
    sessionId: newSessionId(app),
    contract,
    contractHash: given.hash,
    baseDir,
    toolVersion: app.toolVersion,
    filledDefaults: [...filledDefaults],
    forced: [...given.force],
  });
  await writeContract(app, writer.sessionId, contract);
  const beside = others
    .slice(0, 3)
    .map(
      (state) =>
        `Session ${state.sessionId} stays open beside it: its measurement terms differ in ${differingTerms(state.contract, contract).join(', ') || 'nothing'}, so this is another session.`,
    );
  const warnings = [...beside, ...unprovableClauses(contract.terms)];
  return { writer, resumed: false, filledDefaults, warnings };
}

function newSessionId(app: App): string {
  const day = new Date(app.clock.nowMs()).toISOString().slice(2, 10).replaceAll('-', '');
  return `s${day}-${app.random.token(6)}`;
}

function differingTerms(a: Contract, b: Contract): readonly string[] {
  const before: Readonly<Record<string, unknown>> = a.terms;
  return Object.entries(b.terms)
    .filter(([key, value]) => canonicalJson(value) !== canonicalJson(before[key]))
    .map(([key]) => `terms.${key}`);
}

async function writeContract(app: App, sessionId: string, contract: Contract): Promise<void> {
  const head =
    '# The frozen contract of this session, defaults filled in. Its terms are hashed in the ledger.\n';
  await app.files.writeOutput(`${sessionId}/contract.yml`, head + stringify(contract));
}

/** Goes on with a session; a budget that a person changed in the file is noted, one that a tool call raises is not. */
async function goOn(
  app: App,
  state: SessionState,
  given: { readonly read: ReadContract; readonly isFile: boolean },
): Promise<Opened> {
  const writer = await app.sessions.use(state.sessionId);
  const { budget } = given.read.contract;
  const was = writer.state().budget;
  if (canonicalJson(budget) === canonicalJson(was)) {
    return { writer, resumed: true, filledDefaults: [], warnings: [] };
  }
  if (!given.isFile && isRaised(budget, was)) {
    const warning =
      "The budget in the call is higher than the session's and was not taken: only a person raises it, in the contract file.";
    return { writer, resumed: true, filledDefaults: [], warnings: [warning] };
  }
  await writer.append({ type: 'budget_amended', data: { budget, was } });
  await writeContract(app, writer.sessionId, { ...state.contract, budget });
  return {
    writer,
    resumed: true,
    filledDefaults: [],
    warnings: ['The budget was amended; the ledger notes it.'],
  };
}

function isRaised(budget: Budget, was: Budget): boolean {
  const before: Readonly<Record<string, number | undefined>> = was;
  return Object.entries(budget).some(([key, value]) => {
    const old = before[key];
    return value !== undefined && old !== undefined && value > old;
  });
}
