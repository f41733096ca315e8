import { DeployError, LoadError, PreconditionError } from '../core/errors.ts';
import { describeComparison } from '../core/judge/describe-comparison.ts';
import { canAlterOutputs, rulerOf, sideOfTrial } from '../core/judge/from-state.ts';
import { type Judgement, judge } from '../core/judge/judge.ts';
import type { JudgeInput } from '../core/judge/sides.ts';
import { baselineTrial, findDeployment, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { Delta } from '../core/ledger/vocabulary.ts';
import { isInfrastructureFailure } from '../core/next-step/facts.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { metricName } from '../core/stats/spread.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call, JobOutcome, JobResult } from './app.ts';
import { planBenchmark } from './benchmark-plan.ts';
import { deployAndWait } from './deploy-trial.ts';
import { gateTrial } from './gate-trial.ts';
import { runBenchmark } from './run-benchmark.ts';
import { stopDeployment } from './stop-deployment.ts';

export interface ConfirmBestArgs {
  readonly wait_s: number;
  readonly session_id?: string | undefined;
}

export interface ConfirmBestAnswer extends Answer {
  readonly jobId: string;
  readonly status: JobOutcome['status'];
  readonly trialId: string;
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** Deploys the best afresh, measures it with the held-out seed, compares with the baseline, and stops it again. */
export async function confirmBest(
  app: App,
  args: ConfirmBestArgs,
  call: Call,
): Promise<ConfirmBestAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const best = bestOf(writer.state());
  const job = await app.jobs.start(
    { writer, kind: 'confirm_best', trialId: best.trialId, args: {}, waitS: args.wait_s },
    call,
    (context) =>
      best.planned.parentId === null
        ? confirmBaseline(writer, best)
        : confirmTrial(app, writer, { best, call: context }),
  );
  return {
    jobId: job.jobId,
    status: job.status,
    trialId: best.trialId,
    result: job.result,
    summary: job.summary,
    warnings: [],
    next: nextStep(writer.state(), app.clock.nowMs()),
  };
}

function bestOf(state: SessionState): TrialState {
  if (state.calibration === null || state.bestId === null) {
    throw new PreconditionError('The session has no best yet: its baseline is not calibrated.', {
      code: 'E_NOT_CALIBRATED',
      fix: 'Call benchmark with purpose "calibrate" on the deployed baseline first.',
    });
  }
  return findTrial(state, state.bestId);
}

/** Nothing beat the baseline: there is no gain to confirm, and that is said instead. */
async function confirmBaseline(writer: LedgerWriter, best: TrialState): Promise<JobResult> {
  const reason =
    'no trial beat the baseline: the best is the baseline itself, and its gain is 0 by definition';
  const measurements = sideOfTrial(best, ['calibrate']).runs.map(
    (run) => run.measurement.measurementId,
  );
  const data = { trialId: best.trialId, holds: true, measurements, deltas: [], reasons: [reason] };
  await writer.append({ type: 'best_confirmed', data });
  return { summary: `${best.trialId}: ${reason}.`, result: { holds: true, reasons: [reason] } };
}

interface Confirmation {
  readonly best: TrialState;
  readonly call: Call;
}

async function confirmTrial(
  app: App,
  writer: LedgerWriter,
  { best, call }: Confirmation,
): Promise<JobResult> {
  const wish = { trialId: best.trialId, purpose: 'confirm', call } as const;
  const outcome = await deployAndWait(app, writer, wish);
  const { deploymentId } = outcome;
  try {
    if (outcome.kind === 'ready') await measureFresh(app, writer, { best, call });
    else refuseInfrastructure(writer.state(), deploymentId);
    return await noteConfirmation(app, writer, { best, deploymentId });
  } finally {
    await stopDeployment(app, writer, { deploymentId, reason: 'confirmation is over', call });
  }
}

/** A place that failed says nothing about the configuration: the confirmation is tried again, not lost. */
function refuseInfrastructure(state: SessionState, deploymentId: string): void {
  const deployment = findDeployment(state, deploymentId);
  if (!isInfrastructureFailure(deployment)) return;
  throw new DeployError(
    `The fresh deployment ${deploymentId} failed before the engine could (${deployment.failed?.crashClass}).`,
    { code: 'E_DEPLOY', fix: 'Call confirm_best again.', retryable: true },
  );
}

async function measureFresh(
  app: App,
  writer: LedgerWriter,
  { best, call }: Confirmation,
): Promise<void> {
  const wish = { trial_id: best.trialId, purpose: 'confirm' } as const;
  const plan = await planBenchmark(app, writer.state(), wish);
  await runBenchmark(app, writer, { plan, call });
  if (!call.signal.aborted) return;
  throw new LoadError('The confirmation was stopped before it was measured.', {
    code: 'E_CANCELLED',
    fix: 'Call confirm_best again.',
    retryable: true,
  });
}

/** Compares the fresh runs with the baseline's A/A runs. Throws: LoadError `E_NOT_CONFIRMED` for runs that cannot be judged. */
async function noteConfirmation(
  app: App,
  writer: LedgerWriter,
  place: { readonly best: TrialState; readonly deploymentId: string },
): Promise<JobResult> {
  const state = writer.state();
  const input = confirmInput(state, place);
  const gated = await gateTrial(app, state, {
    trial: input.trial,
    incumbent: sideOfTrial(findTrial(state, place.best.trialId), ['trial']),
    canAlterOutputs: canAlterOutputs(state, findTrial(state, place.best.trialId)),
  });
  const judgement = judge({ ...input, ...gated });
  // Flags on runs may pass with another try; what the requests show against the service does not.
  if (judgement.verdict === 'invalid' && judgement.gate !== 'plausibility') {
    throw new LoadError(
      `The confirmation cannot be judged: ${judgement.reasons[0] ?? 'invalid'}.`,
      {
        code: 'E_NOT_CONFIRMED',
        fix: 'Remove the cause that the reason names, then call confirm_best again.',
        retryable: true,
      },
    );
  }
  const holds = judgement.verdict === 'keep';
  const reasons = [...judgement.reasons, ...shrinkage(state, place.best, judgement.deltas)];
  await writer.append({
    type: 'best_confirmed',
    data: {
      trialId: place.best.trialId,
      holds,
      measurements: [...judgement.measurements],
      deltas: [...judgement.deltas],
      reasons,
    },
  });
  return {
    summary: summaryOf(place.best, judgement, reasons),
    result: { holds, verdict: judgement.verdict, deltas: judgement.deltas, reasons },
  };
}

function confirmInput(
  state: SessionState,
  place: { readonly best: TrialState; readonly deploymentId: string },
): JudgeInput {
  const ruler = rulerOf(state);
  if (ruler === null)
    throw new PreconditionError('Not calibrated.', {
      code: 'E_NOT_CALIBRATED',
      fix: 'Calibrate first.',
    });
  const best = findTrial(state, place.best.trialId);
  const side = sideOfTrial(best, ['confirm']);
  const failed = findDeployment(state, place.deploymentId).failed;
  return {
    ruler,
    trial: {
      ...side,
      runs: side.runs.filter((run) => run.measurement.deploymentId === place.deploymentId),
    },
    reference: sideOfTrial(baselineTrial(state), ['calibrate']),
    crash: failed === null ? null : { crashClass: failed.crashClass, message: failed.message },
    quality: { required: false, result: best.quality.at(-1) ?? null },
    floors: [],
    retests: 2,
    unfit: null,
  };
}

/** What the search saw beside what the fresh deployment shows: the difference is the winner's curse. */
function shrinkage(
  state: SessionState,
  best: TrialState,
  deltas: readonly Delta[],
): readonly string[] {
  const { metric, quantile } = state.contract.terms.objective;
  const name = metricName(metric, quantile);
  const ruler = rulerOf(state);
  const confirmed = deltas.find((delta) => delta.metric === name);
  if (confirmed === undefined || ruler === null) return [];
  const seen = judge({
    ruler,
    trial: sideOfTrial(best, ['trial']),
    reference: sideOfTrial(baselineTrial(state), ['calibrate']),
    crash: null,
    quality: { required: false, result: null },
    floors: [],
    retests: 2,
    unfit: null,
  }).deltas.find((delta) => delta.metric === name);
  if (seen === undefined) return [];
  return [
    `in the search: ${describeComparison({ delta: seen })}; confirmed: ${describeComparison({ delta: confirmed })}`,
  ];
}

function summaryOf(best: TrialState, judgement: Judgement, reasons: readonly string[]): string {
  const head =
    judgement.verdict === 'keep'
      ? `${best.trialId} is confirmed on a fresh deployment with held-out prompts.`
      : `${best.trialId} did not hold on a fresh deployment (${judgement.verdict}${judgement.gate === null ? '' : `, gate ${judgement.gate}`}).`;
  return [head, ...reasons.slice(0, 6).map((reason) => `- ${reason}`)].join('\n');
}
