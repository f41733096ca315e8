import { InvalidInputError, PreconditionError } from '../core/errors.ts';
import type { EventData } from '../core/ledger/events.ts';
import { baselineTrial, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import type { Forced, Hypothesis } from '../core/ledger/vocabulary.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { redactText } from '../core/redact.ts';
import { applyChanges } from '../core/service/apply-changes.ts';
import { type Change, describeChange } from '../core/service/change.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call } from './app.ts';
import { checkHardware, type PlanQuestion, planRefusals } from './plan-checks.ts';
import { sessionInventory } from './plan-inventory.ts';
import { planPrice } from './plan-price.ts';
import { readPlanSubject } from './plan-subject.ts';
import { referenceCheckOf } from './quality-reference.ts';
import { settleRefusals } from './settle-refusals.ts';
import { type Parent, writePlan } from './write-plan.ts';

export interface PlanTrialArgs {
  readonly session_id?: string | undefined;
  readonly hypothesis: Hypothesis;
  readonly changes: readonly Change[];
  readonly parent_id?: string | undefined;
  readonly diagnosis_id?: string | undefined;
  readonly force: readonly Forced[];
}

export interface PlanTrialAnswer extends Answer {
  readonly trialId: string;
  readonly parentId: string;
  readonly file: string;
  readonly diff: string;
  readonly command: string;
  readonly predicted: EventData<'trial_planned'>['predicted'];
  readonly touchesQuality: boolean;
  readonly forced: readonly Forced[];
}

/**
 * Tool `plan_trial`: a hypothesis and changes become a checked service file.
 * Throws: InvalidInputError `E_PLAN_REFUSED` naming every refusal and which of them can be forced.
 */
export async function planTrial(
  app: App,
  args: PlanTrialArgs,
  call: Call,
): Promise<PlanTrialAnswer> {
  refuseSecrets(app.secrets, args);
  const writer = await app.sessions.use(args.session_id);
  const state = writer.state();
  checkReferences(state, args);
  const parent = await readParent(app, state, args.parent_id);
  const { engine } = parent.subject;
  const text = applyChanges(parent.subject.text, args.changes, engine);
  const subject = readPlanSubject(app, state, text);
  const price = await planPrice(app, state, { subject, parent, signal: call.signal });
  const question: PlanQuestion = {
    state,
    nowMs: app.clock.nowMs(),
    parent: parent.subject,
    subject,
    changes: args.changes,
    inventory: await sessionInventory(app, state, subject),
    priceUsdPerHour: price.usdPerHour,
  };
  const forced = await settleRefusals(writer, args, planRefusals(question));
  const data = await writePlan(app, writer, { question, price, args, forced, parent });
  return answer(app, writer, data);
}

/** Plans t0000: the contract's service file as it is. Throws: InvalidInputError for a file that cannot be used. */
export async function planBaseline(
  app: App,
  writer: LedgerWriter,
): Promise<EventData<'trial_planned'>> {
  const state = writer.state();
  const { terms } = state.contract;
  const text = await app.files.readProject(terms.serviceFile, state.baseDir);
  const subject = readPlanSubject(app, state, text);
  const context = subject.engine.contextTokens(subject.facts);
  if (context !== null && context < terms.minContextTokens)
    throw refuseBaseline(
      `it serves ${context} tokens, the contract guarantees ${terms.minContextTokens}`,
    );
  const hardware = checkHardware(state.contract, subject)[0];
  if (hardware !== undefined) throw refuseBaseline(hardware.message);
  const { signal } = new AbortController();
  const price = await planPrice(app, state, { subject, parent: null, signal });
  const question: PlanQuestion = {
    state,
    nowMs: app.clock.nowMs(),
    parent: subject,
    subject,
    changes: [],
    inventory: null,
    priceUsdPerHour: price.usdPerHour,
  };
  const args = { hypothesis: BASELINE, changes: [], diagnosis_id: undefined };
  return writePlan(app, writer, { question, price, args, forced: [], parent: null });
}

const BASELINE: Hypothesis = {
  change: 'None: the service as it stands.',
  why: 'Every gain is measured against it.',
  evidence: [],
  expected: 'The figures that the service has today.',
  refutedBy: 'Nothing; it is the reference.',
};

function refuseBaseline(why: string): InvalidInputError {
  return new InvalidInputError(`The service file cannot be the baseline: ${why}.`, {
    code: 'E_BASELINE',
    fix: 'Change the service file or the terms of the contract so that they agree, then call open_session again.',
  });
}

/** A configuration file is kept, shown and shared: a secret in it is refused before anything is written. */
function refuseSecrets(secrets: readonly string[], args: PlanTrialArgs): void {
  const text = JSON.stringify([args.changes, args.hypothesis, args.force]);
  if (redactText(text, secrets) === text) return;
  throw new InvalidInputError('The plan holds the value of a secret.', {
    code: 'E_SECRET',
    fix: 'List the variable by its bare name under env of the service file and set it in the environment; leave its value out.',
  });
}

function checkReferences(state: SessionState, args: PlanTrialArgs): void {
  if (state.stopped !== null)
    throw new PreconditionError(
      `Session ${state.sessionId} has ended (${state.stopped.data.reason}).`,
      {
        code: 'E_SESSION_ENDED',
        fix: 'Open a session with a new contract.',
      },
    );
  const missing = args.hypothesis.evidence.filter((id) => !state.evidence.has(id));
  if (missing.length > 0)
    throw new InvalidInputError(
      `The hypothesis cites ${missing.join(', ')}, which is not stored.`,
      {
        code: 'E_NO_EVIDENCE',
        fix: 'Cite evidence ids that benchmark, fetch_telemetry, fetch_logs or diagnose gave, or leave them out.',
      },
    );
  const diagnoses = state.trials.flatMap((trial) => trial.diagnoses.map((one) => one.diagnosisId));
  if (args.diagnosis_id !== undefined && !diagnoses.includes(args.diagnosis_id))
    throw new InvalidInputError(`There is no diagnosis ${args.diagnosis_id}.`, {
      code: 'E_NO_DIAGNOSIS',
      fix: 'Take the id from the answer of diagnose, or leave it out.',
    });
}

/** The named parent, else the best, else the baseline. Throws: PreconditionError when its file was changed. */
async function readParent(
  app: App,
  state: SessionState,
  wanted: string | undefined,
): Promise<Parent> {
  const trial =
    wanted === undefined && state.bestId === null
      ? baselineTrial(state)
      : findTrial(state, wanted ?? state.bestId ?? '');
  const text = await app.files.readOutput(trial.planned.file);
  const subject = text === null ? null : readPlanSubject(app, state, text);
  if (subject !== null && subject.configHash === trial.planned.configHash)
    return { trial, subject };
  throw new PreconditionError(
    `sessions/${trial.planned.file} is ${text === null ? 'gone' : 'not as it was planned'}.`,
    { code: 'E_PLAN_FILE', fix: 'Put the file back, or name another parent_id.' },
  );
}

/** What awaits a change that can alter outputs. */
function qualityLine(state: SessionState): string {
  const check = referenceCheckOf(state);
  return check === null || check.armed
    ? 'It can alter outputs: check_quality is due before the verdict.'
    : `It can alter outputs, so it cannot be kept here: E_QUALITY_UNARMED, the baseline passes ${check.comparable} canaries, too few to compare.`;
}

function answer(app: App, writer: LedgerWriter, data: EventData<'trial_planned'>): PlanTrialAnswer {
  const price = data.predicted.priceUsdPerHour;
  return {
    summary: [
      `${data.trialId} is planned from ${data.parentId}: ${data.changes.map(describeChange).join('; ')}.`,
      `File: sessions/${data.file}`,
      `Memory: ${data.predicted.memoryNote} Price: ${price === null ? 'unknown' : `$${price} per hour`}.`,
      ...(data.forced.length === 0
        ? []
        : [`Forced: ${data.forced.map((force) => force.check).join(', ')}.`]),
      ...(data.touchesQuality ? [qualityLine(writer.state())] : []),
    ].join('\n'),
    warnings: data.warnings,
    next: nextStep(writer.state(), app.clock.nowMs()),
    trialId: data.trialId,
    parentId: data.parentId ?? '',
    file: data.file,
    diff: data.diff,
    command: data.command,
    predicted: data.predicted,
    touchesQuality: data.touchesQuality,
    forced: data.forced,
  };
}
