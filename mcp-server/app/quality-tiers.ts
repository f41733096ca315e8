import { canAlterOutputs, lineageOf } from '../core/judge/from-state.ts';
import { baselineTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { tierPolicy } from '../core/quality/loss-kinds.ts';
import type { QualityRun, TierRun } from '../core/quality/quality-run.ts';
import type { SuiteSize } from '../core/quality/task-suite.ts';
import type { TierPolicy, TierResult } from '../core/quality/tier-result.ts';
import { compareTiers, noiseFloors } from '../core/quality/tiers.ts';
import type { Change } from '../core/service/change.ts';
import { engineById } from '../engines/index.ts';
import type { App, Call } from './app.ts';
import type { QualityTarget } from './ask-service.ts';
import type { CheckRole } from './check-role.ts';
import { runReferenceTiers, runTrialTiers, type TierWish } from './run-tiers.ts';

export interface TierOutcome {
  readonly run: TierRun | null;
  readonly results: readonly TierResult[];
}

/** Most requests in flight of a check. Source: own reasoning; above it a check would be a load test of its own. */
const MAX_CONCURRENCY = 64;
const MIN_CONCURRENCY = 4;

const NOTHING: TierOutcome = { run: null, results: [] };

/**
 * Tiers 2 to 4: on the baseline the reference and its noise, on its redeploy the noise alone; on a trial the comparison, where
 * its changes can alter outputs, a size is asked for or it is confirmed. A baseline that fails the canaries is asked no more:
 * nothing would be armed.
 */
export async function checkTiers(
  app: App,
  state: SessionState,
  order: TierOrder,
): Promise<TierOutcome> {
  const { trial, role, size } = order;
  const policy = policyOf(state, trial);
  const wish = wishOf(state, order);
  if (role === 'reference') {
    if (order.passedCanaries < state.contract.terms.quality.minCanaries) return NOTHING;
    const run = await runReferenceTiers(app, wish, policy.minRightRatio);
    return { run, results: noiseFloors(run, policy) };
  }
  if (role === 'trial' && size === undefined && !canAlterOutputs(state, trial)) return NOTHING;
  return compareWithReference(app, order, { wish, policy });
}

interface TierOrder {
  readonly trial: TrialState;
  readonly role: CheckRole;
  readonly target: QualityTarget;
  readonly call: Call;
  readonly size: SuiteSize | undefined;
  readonly reference: QualityRun | null;
  /** Canaries that the deployed trial passes. */
  readonly passedCanaries: number;
}

async function compareWithReference(
  app: App,
  { role, reference }: TierOrder,
  { wish, policy }: { readonly wish: TierWish; readonly policy: TierPolicy },
): Promise<TierOutcome> {
  const known = reference?.tiers ?? null;
  const isRedeploy = role === 'redeploy';
  if (known === null) {
    return isRedeploy ? NOTHING : { run: null, results: [noReference(reference !== null)] };
  }
  const run = await runTrialTiers(app, wish, { reference: known, margin: policy.margin });
  const results = isRedeploy
    ? redeployFloors(known, run, policy)
    : compareTiers(known, run, policy);
  return { run, results };
}

const redeployFloors = (
  reference: TierRun,
  { answers }: TierRun,
  policy: TierPolicy,
): readonly TierResult[] =>
  noiseFloors({ ...reference, redeployed: answers }, policy).filter(({ at }) => at === 'redeploy');

const noReference = (isChecked: boolean): TierResult => ({
  tier: 'tasks',
  state: 'unarmed',
  values: {},
  text: `E_QUALITY_UNARMED: the noise of the baseline is not known: ${isChecked ? 'with so few canaries passed it was not asked for' : 'it was not checked'}`,
});

function wishOf(
  state: SessionState,
  order: Pick<TierWish, 'target' | 'call'> & { readonly size: SuiteSize | undefined },
): TierWish {
  const { terms } = state.contract;
  const peaks = terms.loadPoints.map((point) =>
    point.kind === 'closed' ? point.concurrency : (point.maxConcurrency ?? MAX_CONCURRENCY),
  );
  return {
    target: order.target,
    call: order.call,
    size: order.size ?? (terms.backend === 'dstack' ? 'standard' : 'quick'),
    concurrency: Math.min(MAX_CONCURRENCY, Math.max(MIN_CONCURRENCY, ...peaks)),
    contextTokens: terms.minContextTokens,
    heldOutSeed: terms.seeds.confirm,
  };
}

function policyOf(state: SessionState, trial: TrialState): TierPolicy {
  return tierPolicy(state.contract.terms, {
    changes: changesSinceBaseline(state, trial),
    command: trial.planned.command,
    baselineCommand: baselineTrial(state).planned.command,
  });
}

/** Changes of the trial and of the trials that it stands on, oldest first, flags by their canonical names. */
function changesSinceBaseline(state: SessionState, trial: TrialState): readonly Change[] {
  const engine = engineById(trial.planned.engine);
  const changes = lineageOf(state, trial)
    .toReversed()
    .flatMap((one) => one.planned.changes);
  return changes.map((change) =>
    change.kind === 'set_flag' || change.kind === 'remove_flag'
      ? { ...change, flag: engine.canonicalFlag(change.flag) }
      : change,
  );
}
