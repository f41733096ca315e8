import { PreconditionError } from '../core/errors.ts';
import { activeDeployment, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import type { SuiteSize } from '../core/quality/task-suite.ts';
import type { Answer, App, Call, JobOutcome } from './app.ts';
import { type CheckedPlace, checkDeployment } from './check-deployment.ts';

export interface CheckQualityArgs {
  readonly trial_id?: string | undefined;
  readonly size?: SuiteSize | undefined;
  readonly wait_s: number;
  readonly session_id?: string | undefined;
}

export interface CheckQualityAnswer extends Answer {
  readonly jobId: string;
  readonly status: JobOutcome['status'];
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** Compares what the deployed trial answers with what the baseline answered; on the baseline, records the reference. */
export async function checkQuality(
  app: App,
  args: CheckQualityArgs,
  call: Call,
): Promise<CheckQualityAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const place = deployedTrial(writer.state(), args.trial_id);
  const { trialId } = place.trial;
  const job = await app.jobs.start(
    {
      writer,
      kind: 'check_quality',
      trialId,
      args: { trial_id: trialId, ...(args.size === undefined ? {} : { size: args.size }) },
      waitS: args.wait_s,
    },
    call,
    (context) => checkDeployment(app, writer, { ...place, call: context, size: args.size }),
  );
  return {
    jobId: job.jobId,
    status: job.status,
    result: job.result,
    summary: job.summary,
    warnings: [],
    next: nextStep(writer.state(), app.clock.nowMs()),
  };
}

function deployedTrial(state: SessionState, wanted: string | undefined): CheckedPlace {
  const deployment = activeDeployment(state);
  const trialId = wanted ?? deployment?.trialId;
  const endpoint = deployment?.ready?.endpoint ?? null;
  if (deployment !== null && endpoint !== null && deployment.trialId === trialId) {
    return { trial: findTrial(state, deployment.trialId), deployment, endpoint };
  }
  throw notReady(trialId ?? null);
}

function notReady(trialId: string | null): PreconditionError {
  const wish = trialId === null ? '' : ` with trial_id "${trialId}"`;
  return new PreconditionError(
    `${trialId ?? 'A trial'} is not deployed and ready, so that nobody can ask it.`,
    { code: 'E_NOT_READY', fix: `Call deploy${wish} first.` },
  );
}
