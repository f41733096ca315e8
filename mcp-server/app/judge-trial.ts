import { PreconditionError } from '../core/errors.ts';
import {
  canAlterOutputs,
  crashOf,
  differsInOutputs,
  isSimplerThan,
  ownDeploymentOf,
  referenceSideOf,
  retestsOf,
  rulerOf,
  sideOfTrial,
  unfitnessOf,
} from '../core/judge/from-state.ts';
import { type Judgement, judge } from '../core/judge/judge.ts';
import type { JudgedSide, JudgeInput, Ruler } from '../core/judge/sides.ts';
import type { NewEvent } from '../core/ledger/events.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { mechanismLine } from '../core/report/mechanism-line.ts';
import type { Answer, App, Call } from './app.ts';
import { checkMechanism } from './check-mechanism.ts';
import { gateTrial } from './gate-trial.ts';
import { resolveWorkload } from './resolve-workload.ts';

export interface JudgeTrialArgs {
  readonly trial_id: string;
  readonly session_id?: string | undefined;
}

/** Gives the verdict on a trial against the best, and moves the best if and only if every gate holds. */
export async function judgeTrial(
  app: App,
  args: JudgeTrialArgs,
  _call: Call,
): Promise<Answer & Judgement & { trialId: string; referenceId: string; bestId: string | null }> {
  const writer = await app.sessions.use(args.session_id);
  const state = writer.state();
  const trial = findTrial(state, args.trial_id);
  const reference = referenceOf(state, trial);
  const input = await inputOf(app, state, { trial, reference });
  const judgement = judge(input);
  refuseUnchecked(input, judgement);
  const mechanism = await checkMechanism(app, state, trial);
  const after = await writer.append(
    ...(mechanism === null ? [] : [{ type: 'mechanism_checked', data: mechanism } as const]),
    ...eventsOf(trial, reference, judgement),
  );
  return {
    ...judgement,
    trialId: trial.trialId,
    referenceId: reference.trialId,
    bestId: after.bestId,
    summary: [
      summaryOf(trial, reference, judgement),
      ...(mechanism === null ? [] : [mechanismLine(mechanism)]),
    ].join('\n'),
    warnings: warningsOf(trial),
    next: nextStep(after, app.clock.nowMs()),
  };
}

function notCalibrated(): PreconditionError {
  return new PreconditionError(
    'The noise of this session is not known yet: nothing can be judged.',
    {
      code: 'E_NOT_CALIBRATED',
      fix: 'Call benchmark with purpose "calibrate" on the deployed baseline first.',
    },
  );
}

function referenceOf(state: SessionState, trial: TrialState): TrialState {
  if (state.calibration === null || state.bestId === null) {
    throw notCalibrated();
  }
  if (trial.trialId === state.bestId || trial.planned.parentId === null) {
    throw new PreconditionError(
      `${trial.trialId} is ${trial.planned.parentId === null ? 'the baseline' : 'the best already'}; it has nothing to be judged against.`,
      { code: 'E_IS_REFERENCE', fix: 'Judge another trial, or call get_status for the next step.' },
    );
  }
  if (trial.closed !== null) {
    throw new PreconditionError(`${trial.trialId} is closed; its verdict stands.`, {
      code: 'E_TRIAL_CLOSED',
      fix: 'Plan a new trial with the same change to try it again.',
    });
  }
  return findTrial(state, state.bestId);
}

async function inputOf(
  app: App,
  state: SessionState,
  sides: { readonly trial: TrialState; readonly reference: TrialState },
): Promise<JudgeInput> {
  const { trial, reference } = sides;
  const ruler = rulerOf(state);
  if (ruler === null) throw notCalibrated();
  const trialSide = sideOfTrial(trial, ['trial']);
  const crash = crashOf(trial, missingLoadPoints(trialSide, ruler).length === 0);
  const referenceSide = referenceSideOf(reference, ownDeploymentOf(trial));
  if (crash === null) refuseUnmeasured(trial, trialSide, ruler);
  refuseUnequal(trialSide, referenceSide);
  const deployment = ownDeploymentOf(trial)?.deploymentId;
  const required = canAlterOutputs(state, trial);
  const gated = await gateTrial(app, state, {
    trial: trialSide,
    incumbent: referenceSide,
    canAlterOutputs: differsInOutputs(state, trial),
  });
  return {
    ruler,
    trial: trialSide,
    reference: referenceSide,
    crash,
    quality: {
      required,
      result:
        trial.quality.findLast((check) => check.deploymentId === deployment) ??
        trial.quality.at(-1) ??
        null,
    },
    ...gated,
    retests: retestsOf(trial),
    isSimpler: isSimplerThan(trial, reference),
    unfit: unfitnessOf(trial, await resolveWorkload(app, state.contract.terms.workload)),
  };
}

function missingLoadPoints(side: JudgedSide, ruler: Ruler): readonly number[] {
  const measured = new Set(side.runs.map((run) => run.measurement.loadPointIndex));
  return Array.from({ length: ruler.loadPointCount }, (_, index) => index).filter(
    (index) => !measured.has(index),
  );
}

function refuseUnmeasured(trial: TrialState, side: JudgedSide, ruler: Ruler): void {
  const missing = missingLoadPoints(side, ruler);
  if (missing.length === 0) return;
  throw new PreconditionError(
    `${trial.trialId} was not measured at load point ${missing.join(', ')}.`,
    {
      code: 'E_NOT_MEASURED',
      fix: `Call benchmark with trial_id "${trial.trialId}" and purpose "trial" while it is deployed.`,
    },
  );
}

/** Numbers of different work are never compared. */
function refuseUnequal(trial: JudgedSide, reference: JudgedSide): void {
  const termsOf = (side: JudgedSide): ReadonlySet<string> =>
    new Set(
      side.runs.map(
        ({ measurement: run }) => `${run.loadPointIndex} ${run.workloadHash} seed ${run.seed}`,
      ),
    );
  const known = termsOf(reference);
  const foreign = [...termsOf(trial)].filter((terms) => !known.has(terms));
  if (foreign.length === 0 || known.size === 0) return;
  throw new PreconditionError(
    `${trial.trialId} and ${reference.trialId} were not measured under equal terms (workload or seed differs at load point ${foreign[0]?.split(' ')[0]}).`,
    {
      code: 'E_UNEQUAL_CONTRACTS',
      fix: 'Measure the trial again with the contract’s own workload, load points and search seed.',
    },
  );
}

/** Outputs may have changed and nobody looked: that is not a verdict but a missing step. */
function refuseUnchecked(input: JudgeInput, judgement: Judgement): void {
  if (judgement.gate !== 'quality' || input.quality.result !== null) return;
  throw new PreconditionError(
    `${input.trial.trialId} may have altered outputs, and they were not checked: ${judgement.reasons[0] ?? 'no reason told'}.`,
    {
      code: 'E_QUALITY_REQUIRED',
      fix: `Call check_quality with trial_id "${input.trial.trialId}" while it is deployed, then judge again.`,
    },
  );
}

function eventsOf(
  trial: TrialState,
  reference: TrialState,
  judgement: Judgement,
): readonly NewEvent[] {
  const judged: NewEvent = {
    type: 'trial_judged',
    data: {
      trialId: trial.trialId,
      referenceId: reference.trialId,
      verdict: judgement.verdict,
      gate: judgement.gate,
      reasons: [...judgement.reasons],
      deltas: [...judgement.deltas],
      measurements: [...judgement.measurements],
    },
  };
  if (judgement.verdict !== 'keep') return [judged];
  return [
    judged,
    {
      type: 'best_moved',
      data: {
        trialId: trial.trialId,
        fromId: reference.trialId,
        reason: (judgement.reasons[0] ?? 'every gate holds').slice(0, 300),
      },
    },
  ];
}

function summaryOf(trial: TrialState, reference: TrialState, judgement: Judgement): string {
  const gate = judgement.gate === null ? '' : ` (gate ${judgement.gate})`;
  const best =
    judgement.verdict === 'keep'
      ? `${trial.trialId} is the best now.`
      : `Best stays ${reference.trialId}.`;
  return [
    `${trial.trialId}: ${judgement.verdict}${gate}, against ${reference.trialId}.`,
    ...judgement.reasons.slice(0, 6).map((reason) => `- ${reason}`),
    best,
  ].join('\n');
}

function warningsOf(trial: TrialState): readonly string[] {
  const elsewhere = ownDeploymentOf(trial)?.ready?.landedElsewhere === true;
  return elsewhere
    ? [
        `${trial.trialId} ran on other hardware than the trial before it; part of the difference may be the machine`,
      ]
    : [];
}
