import { PreconditionError } from '../core/errors.ts';
import { sideOfTrial } from '../core/judge/from-state.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call, JobOutcome, JobResult } from './app.ts';
import { confirmLeaders } from './confirm-leaders.ts';

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

/** Deploys the leaders afresh, measures each with the held-out seed, compares with the baseline, and stops it again. */
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
        : confirmLeaders(app, writer, context),
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
