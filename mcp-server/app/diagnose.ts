import { PreconditionError } from '../core/errors.ts';
import type { EventData } from '../core/ledger/events.ts';
import {
  allDeployments,
  findMeasurement,
  findTrial,
  nextDiagnosisId,
} from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { Cause } from '../core/ledger/vocabulary.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { diagnose as applyPlaybook, CLAIM_CONFIDENCE } from '../core/playbook/diagnose.ts';
import { short } from '../core/playbook/fact.ts';
import { describeFloors, floorRows } from '../core/playbook/floor-rows.ts';
import { describeChange } from '../core/service/change.ts';
import type { Answer, App, Call } from './app.ts';
import { observe } from './observe.ts';
import { unmetNotes } from './unmet-notes.ts';

export interface DiagnoseArgs {
  readonly session_id?: string | undefined;
  readonly trial_id?: string | undefined;
  readonly measurement_id?: string | undefined;
}

type Diagnosed = EventData<'diagnosed'>;
type Measurement = EventData<'measurement_recorded'>;

export interface DiagnoseAnswer extends Answer, Diagnosed {
  readonly measurementId: string | null;
}

/** Tool `diagnose`: what limits a trial or why it crashed, from ledger and evidence alone. */
export async function diagnoseTrial(
  app: App,
  args: DiagnoseArgs,
  _call: Call,
): Promise<DiagnoseAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const state = writer.state();
  const { trial, run } = chooseSubject(state, args);
  const observation = await observe(app, state, { trial, run });
  const { causes, missing, ruledOut } = applyPlaybook(observation);
  const diagnosed: Diagnosed = {
    diagnosisId: nextDiagnosisId(state),
    trialId: trial.trialId,
    measurementId: run?.measurementId ?? null,
    causes: [...causes],
    floor: floorRows(observation),
    missing: missing.map((text) => text.slice(0, 200)),
    ruledOut: [...ruledOut],
  };
  const unmet = unmetNotes(observation.requested, observation.effective);
  const after = await writer.append({ type: 'diagnosed', data: diagnosed });
  return {
    ...diagnosed,
    measurementId: run?.measurementId ?? null,
    summary: summaryOf(diagnosed, run),
    warnings: [...warningsOf(diagnosed), ...unmet],
    next: nextStep(after, app.clock.nowMs()),
  };
}

/** The named measurement or trial, else the trial deployed last; of a trial its last whole measurement. */
function chooseSubject(
  state: SessionState,
  args: DiagnoseArgs,
): { readonly trial: TrialState; readonly run: Measurement | null } {
  if (args.measurement_id !== undefined) {
    const run = findMeasurement(state, args.measurement_id).data;
    return { trial: findTrial(state, run.trialId), run };
  }
  const trial = deployedTrial(state, args.trial_id);
  const whole = trial.measurements.filter(({ data }) => !data.flags.includes('INTERRUPTED'));
  const own = whole.findLast(({ data }) => data.purpose !== 'probe') ?? whole.at(-1);
  return { trial, run: own?.data ?? null };
}

function deployedTrial(state: SessionState, wanted: string | undefined): TrialState {
  const trialId = wanted ?? allDeployments(state).at(-1)?.trialId;
  const trial = trialId === undefined ? null : findTrial(state, trialId);
  if (trial === null || trial.deployments.length === 0) {
    throw new PreconditionError(
      `${trialId ?? 'No trial'} was deployed yet: there is nothing to diagnose.`,
      {
        code: 'E_NOT_DEPLOYED',
        fix: 'Call deploy, then benchmark; get_status tells the next step.',
      },
    );
  }
  return trial;
}

function warningsOf(diagnosed: Diagnosed): readonly string[] {
  const below = diagnosed.floor.filter((row) => row.ratio < 1);
  return below.map(
    (row) =>
      `${row.metric} ${short(row.measured)} is beyond its physical limit of ${short(row.floor)}: the measurement or the hardware facts are wrong.`,
  );
}

function summaryOf(diagnosed: Diagnosed, run: Measurement | null): string {
  const subject = run === null ? diagnosed.trialId : `${diagnosed.trialId} (${run.measurementId})`;
  const head = `${diagnosed.diagnosisId}: ${headOf(diagnosed.causes, subject)}`;
  const floors = describeFloors(diagnosed.floor);
  return [
    head,
    ...diagnosed.causes.slice(0, 5).map(causeLine),
    ...checkLines(diagnosed.causes),
    ...ruledOutLines(diagnosed.ruledOut ?? []),
    ...(floors === null ? [] : [`Physical limit: ${floors}.`]),
    ...(diagnosed.missing.length === 0 ? [] : [`Not seen: ${diagnosed.missing.join('; ')}.`]),
  ].join('\n');
}

function headOf(causes: readonly Cause[], subject: string): string {
  const [first] = causes;
  if (first === undefined) return `no rule holds for ${subject}.`;
  return first.confidence >= CLAIM_CONFIDENCE
    ? `what limits ${subject}:`
    : `no rule holds for ${subject} with confidence; hints:`;
}

/** What to watch for the first cause. */
function checkLines(causes: readonly Cause[]): readonly string[] {
  const [first] = causes;
  return first === undefined
    ? []
    : [`1 is confirmed when ${first.confirmBy}. It is refuted when ${first.refutedBy}.`];
}

function ruledOutLines(ruledOut: NonNullable<Diagnosed['ruledOut']>): readonly string[] {
  if (ruledOut.length === 0) return [];
  return [
    `It is not ${ruledOut.map(({ what, name, value }) => `${what} (${name}=${value})`).join('; ')}.`,
  ];
}

/** A log line is what the engine printed: quoted, so that nobody takes it for our words. */
function quoted(item: Cause['evidence'][number]): string {
  return item.name.startsWith('log line') ? JSON.stringify(item.value) : item.value;
}

function causeLine(cause: Cause, index: number): string {
  const tries = cause.candidates.map(describeChange);
  const evidence = cause.evidence
    .slice(0, 2)
    .map(
      (item) =>
        `${item.name}=${quoted(item)}${item.evidenceId === null ? '' : ` [${item.evidenceId}]`}`,
    );
  return `${index + 1}. ${cause.cause} (${cause.confidence}): ${cause.title}. ${evidence.join(', ')}.${tries.length === 0 ? '' : ` Try: ${tries.join(' or ')}.`}`;
}
