import { DeployError, InvalidInputError, PreconditionError } from '../core/errors.ts';
import { findTrial, nextBlockId } from '../core/ledger/lookup.ts';
import type { SessionState } from '../core/ledger/state.ts';
import { incumbentOf, turnRefusal } from '../core/next-step/turn-steps.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call } from './app.ts';
import { type BenchmarkPlan, planBenchmark, SPARE_REPEATS } from './benchmark-plan.ts';
import type { DeployOutcome } from './deploy-outcome.ts';
import type { Measurement } from './measure.ts';
import { calibrate, isSpoiled, measurePoint, refuseDead } from './run-benchmark.ts';
import { takeSample } from './take-sample.ts';
import { withDeployment } from './with-deployment.ts';

/** Runs of a trial and of the incumbent that took turns with it. */
export interface TurnRuns {
  readonly trial: readonly Measurement[];
  readonly incumbent: readonly Measurement[];
  /** How the incumbent was measured; the same prompts as the trial. */
  readonly incumbentPlan: BenchmarkPlan;
}

/**
 * The incumbent that a planned benchmark may take turns with.
 * Throws: InvalidInputError `E_NOT_IN_TURN` for runs that are never judged; PreconditionError `E_NO_TURNS` with the reason.
 */
export function incumbentFor(
  state: SessionState,
  { trialId, purpose }: BenchmarkPlan,
  nowMs: number,
): string {
  if (purpose !== 'trial') {
    throw new InvalidInputError(`A ${purpose} takes no turns with the incumbent.`, {
      code: 'E_NOT_IN_TURN',
      fix: 'Leave in_turn out, or use purpose "trial".',
    });
  }
  const refusal = turnRefusal(state, findTrial(state, trialId), nowMs);
  const incumbent = incumbentOf(state);
  if (refusal === null && incumbent !== null) return incumbent.trialId;
  throw new PreconditionError(
    `${trialId} cannot take turns: ${refusal ?? 'there is no incumbent'}.`,
    { code: 'E_NO_TURNS', fix: 'Leave in_turn out: the trial is then measured alone.' },
  );
}

/**
 * Measures a trial in turn with the incumbent, which is deployed once more beside it and stopped again whatever happened: blocks of
 * one run each with the same prompts, the incumbent first in every other block (A B, B A, ...).
 * Throws: DeployError `E_DEPLOY` where the incumbent does not start beside it; what `runBenchmark` throws.
 */
export async function runInTurn(
  app: App,
  writer: LedgerWriter,
  wish: { readonly plan: BenchmarkPlan; readonly incumbentId: string; readonly call: Call },
): Promise<TurnRuns> {
  const { plan, incumbentId, call } = wish;
  await refuseDead(app, writer, { plan, call });
  const anchor = { trial_id: incumbentId, purpose: 'anchor' } as const;
  const use = async (outcome: DeployOutcome): Promise<TurnRuns> => {
    if (outcome.kind === 'failed') throw notBeside(outcome.deploymentId, outcome.crashClass);
    const own = await planBenchmark(app, writer.state(), anchor);
    const incumbentPlan = { ...own, firstRepeat: plan.firstRepeat, repeats: plan.repeats };
    const runs = await measureBlocks(app, writer, { trial: plan, incumbent: incumbentPlan, call });
    await takeSample(app, writer, { plan, run: runs.trial.at(-1), call });
    if (!call.signal.aborted) await calibrate(writer, incumbentPlan);
    return { ...runs, incumbentPlan };
  };
  return withDeployment(app, writer, {
    trialId: incumbentId,
    purpose: 'anchor',
    call,
    beside: plan.deploymentId,
    reason: `its turns with ${plan.trialId} are over`,
    use,
  });
}

function notBeside(deploymentId: string, crashClass: string): DeployError {
  return new DeployError(
    `The incumbent did not start beside the trial (${deploymentId}, ${crashClass}).`,
    { code: 'E_DEPLOY', fix: 'Leave in_turn out: the trial is then measured alone.' },
  );
}

interface Sides {
  readonly trial: BenchmarkPlan;
  readonly incumbent: BenchmarkPlan;
  readonly call: Call;
}

async function measureBlocks(
  app: App,
  writer: LedgerWriter,
  sides: Sides,
): Promise<Pick<TurnRuns, 'trial' | 'incumbent'>> {
  const trial: Measurement[] = [];
  const incumbent: Measurement[] = [];
  let wanted = sides.trial.repeats;
  for (let done = 0; done < wanted && !sides.call.signal.aborted; done += 1) {
    const block = await measureBlock(app, writer, { ...sides, done, wanted });
    trial.push(...block.filter((run) => run.trialId === sides.trial.trialId));
    incumbent.push(...block.filter((run) => run.trialId !== sides.trial.trialId));
    if (wanted < sides.trial.repeats + SPARE_REPEATS && isSpoiled(block)) wanted += 1;
  }
  return { trial, incumbent };
}

/** One repeat of both, load point by load point, so that the two runs of a load point follow each other. */
async function measureBlock(
  app: App,
  writer: LedgerWriter,
  round: Sides & { readonly done: number; readonly wanted: number },
): Promise<readonly Measurement[]> {
  const { trial, incumbent, call, done, wanted } = round;
  const block = nextBlockId(writer.state(), trial.trialId);
  const isIncumbentFirst = Number(block.slice(6)) % 2 === 1;
  const order = isIncumbentFirst ? [incumbent, trial] : [trial, incumbent];
  const runs: Measurement[] = [];
  for (const at of trial.loadPoints) {
    for (const [index, plan] of order.entries()) {
      if (call.signal.aborted) return runs;
      const label = `${plan.trialId} in turn ${done + 1} of ${wanted}`;
      const turn = { block, place: index + 1 };
      const run = await measurePoint(app, writer, { plan, call, done, label, at, turn });
      if (run !== null) runs.push(run);
    }
  }
  return runs;
}
