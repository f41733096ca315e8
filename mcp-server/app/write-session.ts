import { InvalidInputError } from '../core/errors.ts';
import { type BulletFault, checkBullet, citationsOf } from '../core/evidence/check-bullet.ts';
import { familiesOf } from '../core/evidence/families.ts';
import { resolveCitation, type Sources } from '../core/evidence/resolve.ts';
import { crashOf } from '../core/judge/from-state.ts';
import type { EventData } from '../core/ledger/events.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { type CrashLine, draftAnalysis } from '../core/report/draft-analysis.ts';
import { oneLine, renderSessionLog } from '../core/report/session-log.ts';
import { classifyLog } from '../core/telemetry/logs.ts';
import { engineById } from '../engines/index.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call } from './app.ts';
import { closeOutcome } from './close-outcome.ts';
import { createLog } from './create-log.ts';
import { draftEngineBullets } from './draft-engine-bullets.ts';
import { readEngineFigures } from './engine-figures.ts';
import { loadSources, sourceIds } from './evidence-sources.ts';
import { planBulletsOf } from './plan-evidence.ts';

export interface WriteSessionArgs {
  readonly trial_id: string;
  readonly analysis: readonly string[];
  readonly findings: readonly string[];
  readonly planned_changes: readonly string[];
  readonly abandon: boolean;
  readonly session_id?: string | undefined;
}

export interface WriteSessionAnswer extends Answer {
  readonly trialId: string;
  readonly file: string;
  readonly outcome: EventData<'trial_closed'>['outcome'];
  /** True when the analysis was drafted from ledger and evidence, since none was given. */
  readonly drafted: boolean;
  readonly citations: number;
}

/** Closes a trial: checks every citation of the analysis, then writes `sessions/debug-<stamp>.md`. */
export async function writeSession(
  app: App,
  args: WriteSessionArgs,
  _call: Call,
): Promise<WriteSessionAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const state = writer.state();
  const trial = findTrial(state, args.trial_id);
  const outcome = closeOutcome(state, trial, args.abandon);
  const drafted = args.analysis.length === 0;
  const analysis = drafted
    ? await draft(app, writer, trial)
    : await checked(app, state, args.analysis.map(bulletText));
  const engine = await readEngineFigures(app, state, trial);
  const render = (stamp: string): string =>
    renderSessionLog({
      state,
      trial,
      stamp,
      engine,
      analysis,
      findings: args.findings.length > 0 ? args.findings : defaultFindings(trial),
      plannedChanges: args.planned_changes,
    });
  const { stamp, file } = await createLog(app, render);
  const after = await writer.append({
    type: 'trial_closed',
    data: { trialId: trial.trialId, stamp, file, outcome },
  });
  const citations = analysis.flatMap(citationsOf);
  const families = familiesOf(after, citations);
  return {
    trialId: trial.trialId,
    file,
    outcome,
    drafted,
    citations: citations.length,
    summary: `${trial.trialId} is ${outcome}: sessions/${file}, ${analysis.length} analysis bullets, ${citations.length} citations checked, from ${families.join(', ') || 'nothing'}.`,
    warnings: [
      ...(drafted ? ['no analysis was given; it was drafted from ledger and evidence alone'] : []),
      ...fewSources(families),
    ],
    next: nextStep(after, app.clock.nowMs()),
  };
}

/** Kinds of witness that an analysis should call. Source: own reasoning: one alone can be wrong without anyone seeing it. */
const MIN_FAMILIES = 3;

function fewSources(families: readonly string[]): readonly string[] {
  return families.length >= MIN_FAMILIES
    ? []
    : [
        `the analysis rests on ${families.join(' and ') || 'nothing'} alone: cite a profile or span, an engine metric, and a log line or attribute as well`,
      ];
}

/** A bullet without the mark that authors may put before it. */
const bulletText = (text: string): string => oneLine(text).replace(/^[-*•]\s+/, '');

function defaultFindings(trial: TrialState): readonly string[] {
  const verdict = trial.judgements.at(-1);
  if (verdict === undefined) return [];
  const gate = verdict.gate === null ? '' : ` by gate ${verdict.gate}`;
  return [`${verdict.verdict}${gate}: ${verdict.reasons[0] ?? 'no reason was given'}`];
}

/** Bullets as given. Throws: InvalidInputError `E_CITATION` naming bullet, number, what stands there, and the fix. */
async function checked(
  app: App,
  state: SessionState,
  bullets: readonly string[],
): Promise<readonly string[]> {
  const sources = await loadSources(app, state, sourceIds(bullets.flatMap(citationsOf)));
  const faults = bullets.flatMap((bullet, index) =>
    faultsOf(bullet, sources).map((fault) => ({ ...fault, index, bullet })),
  );
  const [first] = faults;
  if (first === undefined) return bullets;
  const said = faults
    .slice(0, 6)
    .map(({ index, ...fault }) => `bullet ${index + 1}: ${describeFault(fault)}`)
    .join('; ');
  throw new InvalidInputError(
    `${faults.length} of the analysis cannot be defended: ${said}. First bullet at fault: "${first.bullet.slice(0, 200)}".`,
    { code: 'E_CITATION', fix: first.fix },
  );
}

const faultsOf = (bullet: string, sources: Sources): readonly BulletFault[] =>
  checkBullet(bullet, (citation) => resolveCitation(citation, sources));

function describeFault(fault: BulletFault): string {
  const what = fault.evidence === '' ? '' : `${fault.evidence} ${fault.name}: `;
  return `${what}said "${fault.said}", found ${fault.found}`;
}

/** The drafted bullets that hold under the same check as anybody's. */
async function draft(
  app: App,
  writer: LedgerWriter,
  trial: TrialState,
): Promise<readonly string[]> {
  const crashed = crashOf(trial) !== null;
  const plan = crashed ? await planBulletsOf(app, writer, trial) : [];
  const state = writer.state();
  const bullets = [
    ...draftAnalysis(state, trial, await crashLines(app, state, trial)),
    ...(await draftEngineBullets(app, state, trial)),
    ...plan,
  ];
  const sources = await loadSources(app, state, sourceIds(bullets.flatMap(citationsOf)));
  return bullets.map(oneLine).filter((bullet) => faultsOf(bullet, sources).length === 0);
}

async function crashLines(
  app: App,
  state: SessionState,
  trial: TrialState,
): Promise<readonly CrashLine[]> {
  if (crashOf(trial) === null) return [];
  const logs = [...state.evidence.values()].filter(
    (one) => one.kind === 'engine_log' && one.trialId === trial.trialId,
  );
  const stored = logs.at(-1);
  if (stored === undefined) return [];
  const text = await app.evidence.get(state.sessionId, stored);
  const events = classifyLog(text, engineById(trial.planned.engine));
  const grave = events.filter((event) => event.severity === 'fatal' || event.rootCause);
  return grave.map(({ cls, line }) => ({ evidenceId: stored.evidenceId, cls, line }));
}
