import { checkBullet, citationsOf } from '../core/evidence/check-bullet.ts';
import { type Family, familiesOf } from '../core/evidence/families.ts';
import { resolveCitation } from '../core/evidence/resolve.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { cleanText } from '../core/redact.ts';
import { ANALYSIS_HEADING, renderLogHead } from '../core/report/session-log.ts';
import type { App } from './app.ts';
import { readEngineFigures } from './engine-figures.ts';
import { loadSources, sourceIds } from './evidence-sources.ts';
import { type VerifyFailure, type VerifyResult, verifyLedger } from './verify-ledger.ts';

/** What one session log calls as witnesses, e.g. `engine metric`. */
interface LogSources {
  readonly file: string;
  readonly families: readonly Family[];
}

export interface VerifyReport extends VerifyResult {
  readonly logs: readonly LogSources[];
}

type VerifyApp = Pick<App, 'files' | 'ledgers' | 'evidence' | 'hash'>;

interface LogPlace {
  readonly file: string;
  readonly state: SessionState;
  readonly trial: TrialState;
}

/**
 * Checks every session log again: citations and numbers of the analysis against the stored evidence, and everything above
 * the analysis against ledger and evidence; then the ledgers and stored files that they rest on. Takes no lock and changes nothing.
 */
export async function verify(app: VerifyApp): Promise<VerifyReport> {
  const known = await closedTrials(app);
  const results: VerifyResult[] = [];
  for (const sessionId of await app.ledgers.list()) {
    const { state, warnings } = await app.ledgers.read(sessionId);
    results.push(await verifyLedger(app, state, warnings));
  }
  for (const file of (await app.files.listOutputs('.')).filter(isLog)) {
    const place = known.get(file);
    results.push(place === undefined ? unknownLog(file) : await verifyLog(app, { file, ...place }));
  }
  for (const [file, { trial }] of known) {
    if ((await app.files.readOutput(file)) === null) results.push(missingLog(file, trial));
  }
  return {
    checked: results.reduce((sum, result) => sum + result.checked, 0),
    failed: results.flatMap((result) => result.failed),
    logs: await sourcesOf(app, known),
  };
}

async function sourcesOf(
  app: VerifyApp,
  known: ReadonlyMap<string, Omit<LogPlace, 'file'>>,
): Promise<readonly LogSources[]> {
  const logs: LogSources[] = [];
  for (const [file, { state }] of known) {
    const text = (await app.files.readOutput(file)) ?? '';
    const body = text.slice(Math.max(0, text.indexOf(ANALYSIS_HEADING)));
    logs.push({ file, families: familiesOf(state, citationsOf(body)) });
  }
  return logs;
}

const isLog = (name: string): boolean => /^debug-.*\.md$/.test(name);

async function closedTrials(app: VerifyApp): Promise<ReadonlyMap<string, Omit<LogPlace, 'file'>>> {
  const known = new Map<string, Omit<LogPlace, 'file'>>();
  for (const sessionId of await app.ledgers.list()) {
    const { state } = await app.ledgers.read(sessionId);
    for (const trial of state.trials) {
      if (trial.closed === null) continue;
      known.set(trial.closed.file, { state, trial: asClosed(trial) });
    }
  }
  return known;
}

/** A trial with the runs that its log knew: an incumbent is measured again after its log was written. */
function asClosed(trial: TrialState): TrialState {
  const closedAt = trial.closedAt ?? '';
  return { ...trial, measurements: trial.measurements.filter(({ at }) => at <= closedAt) };
}

function failure(
  file: string,
  line: number,
  what: Partial<Omit<VerifyFailure, 'file' | 'line'>>,
): VerifyFailure {
  return { file, line, evidence: '', name: '', said: '', found: '', ...what };
}

function unknownLog(file: string): VerifyResult {
  const found = 'no ledger below the sessions folder names this log';
  return { checked: 1, failed: [failure(file, 1, { name: 'file', said: file, found })] };
}

function missingLog(file: string, trial: TrialState): VerifyResult {
  const what = { evidence: trial.trialId, name: 'file', said: file, found: 'the log is gone' };
  return { checked: 1, failed: [failure(file, 1, what)] };
}

async function verifyLog(app: VerifyApp, place: LogPlace): Promise<VerifyResult> {
  const text = (await app.files.readOutput(place.file)) ?? '';
  const lines = text.split('\n');
  const heading = lines.indexOf(ANALYSIS_HEADING);
  const end = heading < 0 ? lines.length : heading;
  const head = await verifyHead(app, place, lines.slice(0, end));
  const body = await verifyBody(app, place, { lines, from: end });
  const results = [head, body];
  if (heading < 0) {
    const what = { name: ANALYSIS_HEADING, found: 'the analysis is missing' };
    results.push({ checked: 1, failed: [failure(place.file, lines.length, what)] });
  }
  return {
    checked: results.reduce((sum, result) => sum + result.checked, 0),
    failed: results.flatMap((result) => result.failed),
  };
}

/** What stands above the analysis follows from ledger and evidence: it is derived again and must be the same. */
async function verifyHead(
  app: VerifyApp,
  { file, state, trial }: LogPlace,
  lines: readonly string[],
): Promise<VerifyResult> {
  const engine = await readEngineFigures(app, state, trial);
  const stamp = trial.closed?.stamp ?? '';
  const expected = renderLogHead({ state, trial, stamp, engine });
  const failed: VerifyFailure[] = [];
  const count = Math.max(lines.length, expected.length);
  for (let index = 0; index < count; index += 1) {
    const [said, found] = [lines[index] ?? '', expected[index] ?? ''];
    if (said === found) continue;
    failed.push(
      failure(file, index + 1, {
        evidence: trial.trialId,
        name: 'derived line',
        said: cleanText(said, 300),
        found: cleanText(found, 300),
      }),
    );
  }
  return { checked: count, failed };
}

/** Bullets of the analysis are checked whole; citations anywhere below it are looked up. */
async function verifyBody(
  app: VerifyApp,
  { file, state }: LogPlace,
  body: { readonly lines: readonly string[]; readonly from: number },
): Promise<VerifyResult> {
  const entries = body.lines
    .map((text, index) => ({ text, line: index + 1, isAnalysis: isInAnalysis(body.lines, index) }))
    .slice(body.from);
  const sources = await loadSources(
    app,
    state,
    sourceIds(entries.flatMap((entry) => citationsOf(entry.text))),
  );
  const failed: VerifyFailure[] = [];
  for (const { text, line, isAnalysis } of entries) {
    const faults = checkBullet(text.replace(/^- /, ''), (one) => resolveCitation(one, sources));
    const counted = isAnalysis ? faults : faults.filter((fault) => fault.evidence !== '');
    for (const { evidence, name, said, found } of counted) {
      failed.push(failure(file, line, { evidence, name, said, found }));
    }
  }
  return { checked: entries.flatMap((entry) => citationsOf(entry.text)).length, failed };
}

function isInAnalysis(lines: readonly string[], index: number): boolean {
  const text = lines[index] ?? '';
  if (!text.startsWith('- ') || text === '- none') return false;
  const heading = lines.slice(0, index).findLast((line) => /^\*\*[^*]+\*\*$/.test(line));
  return heading === ANALYSIS_HEADING;
}
