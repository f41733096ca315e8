import { refuseWithoutSlo } from '../core/capacity/level.ts';
import { METRIC_CARDS, type MetricId, type Quantile, readMetric } from '../core/metrics/metric.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { meanOf, sampleSd } from '../core/stats/mean-sd.ts';
import { describeLoadPoint } from '../core/workload/workload.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { Answer, App, Call, JobOutcome, JobResult } from './app.ts';
import { type BenchmarkPlan, type BenchmarkWish, planBenchmark } from './benchmark-plan.ts';
import { checkRedeploy } from './check-deployment.ts';
import { describeOutcome } from './deploy-outcome.ts';
import { findCapacity } from './find-capacity.ts';
import type { Measurement } from './measure.ts';
import { bringsDeployment, measureFresh } from './measure-fresh.ts';
import { runBenchmark } from './run-benchmark.ts';
import { incumbentFor, runInTurn } from './run-in-turn.ts';

export interface BenchmarkArgs extends BenchmarkWish {
  /** Search the most load that meets the contract's service level, instead of measuring given load points. */
  readonly find?: 'max_rate' | 'max_concurrency' | undefined;
  /** Take turns with the incumbent, which is deployed beside the trial and stopped again. */
  readonly in_turn?: boolean | undefined;
  readonly session_id?: string | undefined;
  readonly wait_s: number;
}

export interface BenchmarkAnswer extends Answer {
  readonly status: 'done' | 'running' | 'failed' | 'cancelled' | 'interrupted';
  readonly jobId: string;
  readonly trialId: string;
  readonly purpose: BenchmarkPlan['purpose'];
  /** Ids, flags and headline figures of what was measured; null while the job runs. */
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** Tool `benchmark`: loads a ready deployment as a job and records what it did. */
export async function benchmark(
  app: App,
  args: BenchmarkArgs,
  call: Call,
): Promise<BenchmarkAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const { find } = args;
  if (find !== undefined) refuseWithoutSlo(writer.state().contract.terms.slo);
  const wish = find === undefined ? args : { ...args, purpose: 'probe' as const };
  if (find === undefined && bringsDeployment(writer.state(), wish)) {
    return benchmarkFresh(app, writer, { wish, wait_s: args.wait_s, call });
  }
  const plan = await planBenchmark(app, writer.state(), wish);
  if (args.in_turn === true)
    return benchmarkInTurn(app, writer, { plan, wait_s: args.wait_s, call });
  const job = await app.jobs.start(
    { writer, kind: 'benchmark', trialId: plan.trialId, args: jobArgs(plan), waitS: args.wait_s },
    call,
    async (context) =>
      find === undefined
        ? describe(plan, await runBenchmark(app, writer, { plan, call: context }))
        : findCapacity(app, writer, { plan, find, call: context }),
  );
  return answerOf(app, writer, { job, trialId: plan.trialId, purpose: plan.purpose });
}

/** The same in turn with the incumbent, as one job: deploy it beside the trial, measure both, stop it. */
async function benchmarkInTurn(
  app: App,
  writer: LedgerWriter,
  asked: { readonly plan: BenchmarkPlan; readonly wait_s: number; readonly call: Call },
): Promise<BenchmarkAnswer> {
  const { plan } = asked;
  const { trialId, purpose } = plan;
  const incumbentId = incumbentFor(writer.state(), plan, app.clock.nowMs());
  const args = { ...jobArgs(plan), in_turn: true, incumbent: incumbentId };
  const job = await app.jobs.start(
    { writer, kind: 'benchmark', trialId, args, waitS: asked.wait_s },
    asked.call,
    async (call) => {
      const runs = await runInTurn(app, writer, { plan, incumbentId, call });
      const own = describe(plan, runs.trial);
      const other = describe(runs.incumbentPlan, runs.incumbent);
      return {
        summary: `${own.summary}\nIn turn with it, block by block: ${other.summary}`,
        result: { ...own.result, inTurnWith: other.result?.['measurements'] ?? [] },
      };
    },
  );
  return answerOf(app, writer, { job, trialId, purpose });
}

/** The same on a deployment of its own, as one job: deploy, measure, stop. */
async function benchmarkFresh(
  app: App,
  writer: LedgerWriter,
  asked: { readonly wish: BenchmarkWish; readonly wait_s: number; readonly call: Call },
): Promise<BenchmarkAnswer> {
  const { trial_id: trialId = '', purpose = 'anchor' } = asked.wish;
  const args = { purpose, fresh: true };
  const job = await app.jobs.start(
    { writer, kind: 'benchmark', trialId, args, waitS: asked.wait_s },
    asked.call,
    async (call) => {
      const { outcome, plan, runs } = await measureFresh(app, writer, {
        trialId,
        purpose,
        call,
        beforeStop: async (deploymentId) => {
          if (purpose === 'calibrate') await checkRedeploy(app, writer, { deploymentId, call });
        },
      });
      return plan === null
        ? { summary: describeOutcome(outcome), result: { ...outcome } }
        : describe(plan, runs);
    },
  );
  return answerOf(app, writer, { job, trialId, purpose });
}

function answerOf(
  app: App,
  writer: LedgerWriter,
  done: { readonly job: JobOutcome } & Pick<BenchmarkAnswer, 'trialId' | 'purpose'>,
): BenchmarkAnswer {
  const { job, trialId, purpose } = done;
  return {
    summary: job.summary,
    warnings: warningsOf(job),
    next: nextStep(writer.state(), app.clock.nowMs()),
    status: job.status,
    jobId: job.jobId,
    trialId,
    purpose,
    result: job.result,
  };
}

function jobArgs(plan: BenchmarkPlan): Record<string, unknown> {
  return {
    purpose: plan.purpose,
    deployment_id: plan.deploymentId,
    workload: plan.workload.id,
    seed: plan.seed,
    first_repeat: plan.firstRepeat,
    repeats: plan.repeats,
  };
}

const HEADLINES: readonly { readonly id: MetricId; readonly quantile: Quantile }[] = [
  { id: 'ttftMs', quantile: 'p50' },
  { id: 'ttftMs', quantile: 'p95' },
  { id: 'tbotMs', quantile: 'p50' },
  { id: 'tbotMs', quantile: 'p95' },
  { id: 'ttltMs', quantile: 'p95' },
  { id: 'outputTokensPerS', quantile: 'mean' },
];

/** Two lines a load point, flags below; at most four load points are written out. */
function describe(plan: BenchmarkPlan, runs: readonly Measurement[]): JobResult {
  const lines = plan.loadPoints.slice(0, 4).flatMap(({ point }) => {
    const text = describeLoadPoint(point);
    const here = runs.filter((run) => describeLoadPoint(run.loadPoint) === text);
    const figures = HEADLINES.map((metric) => figureText(here, metric)).join(', ');
    const failed = here.reduce((sum, run) => sum + run.summary.failed, 0);
    const attempted = here.reduce((sum, run) => sum + run.summary.attempted, 0);
    return [`${text}, ${here.length} runs: ${figures}, errors ${failed}/${attempted}`];
  });
  const flagged = runs.filter((run) => run.flags.length > 0);
  const ids = runs.map((run) => run.measurementId);
  return {
    summary: [
      `${plan.purpose} of ${plan.trialId} (${plan.deploymentId}), workload ${plan.workload.id}: ${ids.length} measurements${ids.length === 0 ? '' : ` ${ids[0]} to ${ids.at(-1)}`}.`,
      ...lines,
      ...flagged
        .slice(0, 5)
        .map((run) => `${run.measurementId} is flagged. ${run.notes[0] ?? run.flags.join(', ')}`),
    ].join('\n'),
    result: {
      measurements: runs.map((run) => ({
        measurementId: run.measurementId,
        loadPoint: describeLoadPoint(run.loadPoint),
        repeat: run.repeat,
        flags: run.flags,
        evidence: run.evidence,
        windowStartMs: run.windowStartMs,
        windowEndMs: run.windowEndMs,
      })),
    },
  };
}

function figureText(
  runs: readonly Measurement[],
  metric: { readonly id: MetricId; readonly quantile: Quantile },
): string {
  const { label, unit, hasQuantiles } = METRIC_CARDS[metric.id];
  const values = runs
    .map((run) => readMetric(run.summary, metric))
    .filter((value) => value !== null);
  const mean = meanOf(values);
  const sd = sampleSd(values);
  const name = hasQuantiles ? `${label} ${metric.quantile}` : label;
  if (mean === null) return `${name} unknown`;
  return `${name} ${mean.toFixed(1)}${sd === null ? '' : ` ±${sd.toFixed(1)}`} ${unit}`;
}

function warningsOf(job: JobOutcome): string[] {
  return job.status === 'cancelled'
    ? ['The benchmark was stopped; what it has is recorded and flagged INTERRUPTED.']
    : [];
}
