import { levelLoadPoint, levelOutcome, refuseWithoutSlo } from '../core/capacity/level.ts';
import type { CapacityGoal } from '../core/capacity/search.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { App, Call, JobResult } from './app.ts';
import type { BenchmarkPlan } from './benchmark-plan.ts';
import { measureOnce } from './measure.ts';
import { describeCapacity, searchCapacity } from './search-capacity.ts';

/** Highest level of a search. Source: what a load point may ask for. */
const MAX_LEVEL = { max_rate: 10_000, max_concurrency: 4096 } as const;

/**
 * The most load that the contract's service level allows on a ready deployment. Every run is recorded as a probe.
 * Throws: InvalidInputError `E_NO_SLO` before any request.
 */
export async function findCapacity(
  app: App,
  writer: LedgerWriter,
  wish: {
    readonly plan: BenchmarkPlan;
    readonly find: CapacityGoal['find'];
    readonly call: Call;
  },
): Promise<JobResult> {
  const { plan, find, call } = wish;
  const { slo } = writer.state().contract.terms;
  refuseWithoutSlo(slo);
  const measurements: string[] = [];
  const answer = await searchCapacity({
    goal: { find, startLevel: startLevel(plan, find), maxLevel: MAX_LEVEL[find] },
    seed: plan.seed,
    signal: call.signal,
    measure: async (level, run, why) => {
      const measurement = await measureOnce(app, writer, {
        deploymentId: plan.deploymentId,
        purpose: 'probe',
        workload: plan.workload,
        workloadHash: plan.workloadHash,
        loadPoint: levelLoadPoint({ find }, level, null),
        loadPointIndex: null,
        seed: plan.seed,
        repeat: plan.firstRepeat + run,
        label: `${plan.trialId} ${find} ${why} ${level.toPrecision(4)}`,
        stopWhenSaturated: true,
        call,
      });
      if (measurement === null) return null;
      measurements.push(measurement.measurementId);
      return levelOutcome(measurement, slo);
    },
  });
  const { probes, ...rest } = answer;
  const runs = probes.map((probe, index) => ({ ...probe, measurementId: measurements[index] }));
  return { summary: describeCapacity(answer), result: { ...rest, probes: runs, measurements } };
}

/** Where the contract itself loads; else one request at a time. */
function startLevel(plan: BenchmarkPlan, find: CapacityGoal['find']): number {
  const levels = plan.loadPoints.flatMap(({ point }) => {
    if (find === 'max_concurrency') return point.kind === 'closed' ? [point.concurrency] : [];
    return point.kind === 'open' ? [point.requestRatePerS] : [];
  });
  return levels[0] ?? 1;
}
