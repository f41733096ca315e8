import { canonicalJson } from '../core/contract/canonical-json.ts';
import { InvalidInputError, PreconditionError } from '../core/errors.ts';
import { activeDeployment, findTrial } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState, TrialState } from '../core/ledger/state.ts';
import type { Purpose } from '../core/ledger/vocabulary.ts';
import { judgeable, measurementsNeeded } from '../core/next-step/facts.ts';
import type { LoadPoint, WorkloadSpec } from '../core/workload/workload.ts';
import type { App } from './app.ts';
import { resolveWorkload } from './resolve-workload.ts';

export interface BenchmarkWish {
  readonly trial_id?: string | undefined;
  readonly purpose?: Purpose | undefined;
  readonly workload?: string | Readonly<Record<string, unknown>> | undefined;
  readonly load_points?: readonly LoadPoint[] | undefined;
  readonly repeats?: number | undefined;
}

/** Further repeats that may replace runs which the client or the load spoiled. Source: own reasoning. */
export const SPARE_REPEATS = 2;

/** A benchmark that may be run: what, where, how often, with which prompts. */
export interface BenchmarkPlan {
  readonly trialId: string;
  readonly deploymentId: string;
  readonly purpose: Purpose;
  readonly workload: WorkloadSpec;
  readonly workloadHash: string;
  readonly loadPoints: readonly { readonly index: number | null; readonly point: LoadPoint }[];
  readonly seed: number;
  readonly firstRepeat: number;
  readonly repeats: number;
}

/**
 * Checks a wish against session and contract.
 * Throws: PreconditionError `E_NOT_READY`; InvalidInputError `E_CONTRACT_MISMATCH`, `E_WORKLOAD`, `E_NOT_BASELINE`.
 */
export async function planBenchmark(
  app: Pick<App, 'files' | 'hash'>,
  state: SessionState,
  wish: BenchmarkWish,
): Promise<BenchmarkPlan> {
  const deployment = chooseServing(state, wish.trial_id);
  const trial = findTrial(state, deployment.trialId);
  const purpose = wish.purpose ?? defaultPurpose(state, trial, deployment);
  if (purpose === 'calibrate' && trial.planned.parentId !== null) throw notBaseline(trial);
  const { terms } = state.contract;
  const contracted = await resolveWorkload(app, terms.workload);
  const workload =
    wish.workload === undefined ? contracted : await resolveWorkload(app, wish.workload);
  if (purpose !== 'probe') refuseMismatch({ wish, workload, contracted, terms });
  const seed = purpose === 'confirm' ? terms.seeds.confirm : terms.seeds.search;
  return {
    trialId: trial.trialId,
    deploymentId: deployment.deploymentId,
    purpose,
    workload,
    workloadHash: app.hash(canonicalJson(workload)),
    loadPoints: chooseLoadPoints(wish.load_points, terms.loadPoints),
    seed,
    firstRepeat: nextRepeat(state, deployment, seed),
    repeats: wish.repeats ?? defaultRepeats(state, trial, purpose),
  };
}

function chooseServing(state: SessionState, trialId: string | undefined): DeploymentState {
  const deployment =
    trialId === undefined
      ? activeDeployment(state)
      : (findTrial(state, trialId).deployments.at(-1) ?? null);
  const isAlive = deployment !== null && deployment.failed === null && deployment.gone === null;
  if (isAlive && deployment.ready !== null) return deployment;
  throw new PreconditionError(`${trialId ?? 'Nothing'} is not deployed and ready.`, {
    code: 'E_NOT_READY',
    fix: isAlive
      ? 'It is still starting: call wait_job for its deploy job.'
      : 'Call deploy first, and wait until it is ready.',
  });
}

function defaultPurpose(
  state: SessionState,
  trial: TrialState,
  deployment: DeploymentState,
): Purpose {
  const { purpose } = deployment.intended;
  if (purpose === 'confirm' || purpose === 'anchor' || purpose === 'no_profiler') return purpose;
  const isBaseline = trial.planned.parentId === null;
  return isBaseline && state.calibration === null ? 'calibrate' : 'trial';
}

function notBaseline(trial: TrialState): InvalidInputError {
  return new InvalidInputError(
    `Noise is calibrated on the baseline, and ${trial.trialId} is none.`,
    { code: 'E_NOT_BASELINE', fix: 'Use purpose "trial", or deploy and name the baseline.' },
  );
}

function refuseMismatch(facts: {
  readonly wish: BenchmarkWish;
  readonly workload: WorkloadSpec;
  readonly contracted: WorkloadSpec;
  readonly terms: SessionState['contract']['terms'];
}): void {
  const { wish, terms } = facts;
  const differs = [
    canonicalJson(facts.workload) === canonicalJson(facts.contracted) ? null : 'workload',
    wish.load_points === undefined ||
    canonicalJson(wish.load_points) === canonicalJson(terms.loadPoints)
      ? null
      : 'load_points',
  ].filter((field) => field !== null);
  if (differs.length === 0) return;
  throw new InvalidInputError(
    `The contract measures something else: ${differs.join(' and ')} differ${differs.length === 1 ? 's' : ''} from it.`,
    {
      code: 'E_CONTRACT_MISMATCH',
      fix: `Leave ${differs.join(' and ')} out, or use purpose "probe", which is stored and never judged.`,
    },
  );
}

function chooseLoadPoints(
  wished: readonly LoadPoint[] | undefined,
  contracted: readonly LoadPoint[],
): BenchmarkPlan['loadPoints'] {
  const known = contracted.map((point) => canonicalJson(point));
  return (wished ?? contracted).map((point) => {
    const index = known.indexOf(canonicalJson(point));
    return { point, index: index === -1 ? null : index };
  });
}

function defaultRepeats(state: SessionState, trial: TrialState, purpose: Purpose): number {
  const { repeats, calibrationRepeats, loadPoints } = state.contract.terms;
  switch (purpose) {
    case 'calibrate':
      return state.calibration === null ? calibrationRepeats : repeats;
    case 'confirm':
    case 'anchor':
    case 'no_profiler':
      return repeats;
    case 'probe':
      return 1;
    case 'trial': {
      const left = measurementsNeeded(state, trial) - judgeable(trial).length;
      return left <= 0 ? 1 : Math.ceil(left / loadPoints.length);
    }
  }
}

/**
 * First repeat whose prompts this deployment has not seen: after those recorded, and after those that a benchmark began
 * on it and never recorded.
 */
function nextRepeat(state: SessionState, deployment: DeploymentState, seed: number): number {
  const recorded = findTrial(state, deployment.trialId)
    .measurements.filter(({ data }) => data.deploymentId === deployment.deploymentId)
    .filter(({ data }) => data.seed === seed)
    .map(({ data }) => data.repeat + 1);
  const begun = state.jobs
    .filter((job) => job.ended?.status !== 'done')
    .map((job) => job.started.args)
    .filter((args) => args['deployment_id'] === deployment.deploymentId && args['seed'] === seed)
    .map((args) => Number(args['first_repeat']) + Number(args['repeats']) + SPARE_REPEATS)
    .filter(Number.isFinite);
  return Math.max(0, ...recorded, ...begun);
}
