import { DeployError, LoadError } from '../core/errors.ts';
import { findDeployment, findTrial } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import type { Purpose } from '../core/ledger/vocabulary.ts';
import { isInfrastructureFailure } from '../core/next-step/facts.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { type BenchmarkPlan, type BenchmarkWish, planBenchmark } from './benchmark-plan.ts';
import type { DeployOutcome } from './deploy-outcome.ts';
import type { Measurement } from './measure.ts';
import { runBenchmark } from './run-benchmark.ts';
import { withDeployment } from './with-deployment.ts';

/** A measurement on a deployment of its own, which is stopped again. */
export interface FreshWish {
  readonly trialId: string;
  readonly purpose: Purpose;
  readonly call: Call;
  /** What is asked of it once it is measured, before it is stopped. */
  readonly beforeStop?: (deploymentId: string) => Promise<void>;
}

export interface FreshOutcome {
  readonly deploymentId: string;
  readonly outcome: DeployOutcome;
  /** Null when: the engine did not start. */
  readonly plan: BenchmarkPlan | null;
  readonly runs: readonly Measurement[];
}

/** Purposes that get a deployment of their own where none runs. */
const FRESH: ReadonlySet<Purpose> = new Set(['anchor', 'no_profiler', 'calibrate']);

/**
 * True where a benchmark brings its own deployment: an anchor, the baseline without its profiler, and the redeploy that a calibration
 * ends with; unless the trial serves already.
 */
export function bringsDeployment(state: SessionState, wish: BenchmarkWish): boolean {
  const { purpose, trial_id } = wish;
  if (purpose === undefined || trial_id === undefined || !FRESH.has(purpose)) return false;
  if (purpose === 'calibrate' && state.calibration?.trialId !== trial_id) return false;
  return findTrial(state, trial_id).deployments.every((one) => one.gone !== null);
}

/**
 * Deploys a trial afresh, measures it for a purpose, and stops it again whatever happened. An engine that does not start is an
 * outcome. Throws: DeployError `E_DEPLOY` where the place failed; LoadError `E_CANCELLED` where it was stopped.
 */
export async function measureFresh(
  app: App,
  writer: LedgerWriter,
  { trialId, purpose, call, beforeStop }: FreshWish,
): Promise<FreshOutcome> {
  const deployed = purpose === 'calibrate' ? 'anchor' : purpose;
  const reason = `its ${purpose} measurement is over`;
  const use = async (outcome: DeployOutcome): Promise<FreshOutcome> => {
    const { deploymentId } = outcome;
    if (outcome.kind === 'failed') {
      refuseInfrastructure(writer.state(), deploymentId);
      return { deploymentId, outcome, plan: null, runs: [] };
    }
    const plan = await planBenchmark(app, writer.state(), { trial_id: trialId, purpose });
    const runs = await runBenchmark(app, writer, { plan, call });
    refuseStopped(call, purpose);
    await beforeStop?.(deploymentId);
    return { deploymentId, outcome, plan, runs };
  };
  return withDeployment(app, writer, { trialId, purpose: deployed, call, reason, use });
}

/** A place that failed says nothing about the configuration: the measurement is tried again, not lost. */
function refuseInfrastructure(state: SessionState, deploymentId: string): void {
  const deployment = findDeployment(state, deploymentId);
  if (!isInfrastructureFailure(deployment)) return;
  throw new DeployError(
    `The fresh deployment ${deploymentId} failed before the engine could (${deployment.failed?.crashClass}).`,
    { code: 'E_DEPLOY', fix: 'Call get_status for the next step.', retryable: true },
  );
}

function refuseStopped(call: Call, purpose: Purpose): void {
  if (!call.signal.aborted) return;
  throw new LoadError(`The ${purpose} measurement was stopped before it was whole.`, {
    code: 'E_CANCELLED',
    fix: 'Call get_status for the next step.',
    retryable: true,
  });
}
