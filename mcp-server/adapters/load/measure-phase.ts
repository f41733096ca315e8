import { quantile } from '../../core/stats/quantile.ts';
import { arrivalTimesMs } from '../../core/workload/arrivals.ts';
import { sharedPromptRatio } from '../../core/workload/materialise.ts';
import { type PlannedRequest, requestUnits } from '../../core/workload/planned-request.ts';
import type { TokenCalibration } from '../../core/workload/token-calibration.ts';
import { partOf, sliceShare, type WorkerShare } from '../../core/workload/worker-share.ts';
import type { LoadRun } from '../../ports/load-generator.ts';
import type { LoadContext } from './load-context.ts';
import { watchLoop } from './loop-health.ts';
import { type Pace, runClosedLoop, runOpenLoop, sleepUntil } from './pace.ts';
import { promptLengthNote } from './prompt-length-note.ts';
import { watchSaturation } from './watch-saturation.ts';

export type Measured = Pick<
  LoadRun,
  'windowStartMs' | 'windowEndMs' | 'client' | 'sharedPromptRatio' | 'overSaturated'
>;

/** Sends a share of the plan from `originMs` on, the moment at which the schedule of all shares begins. */
export async function measurePhase(
  context: LoadContext,
  plan: readonly PlannedRequest[],
  how: {
    readonly share: WorkerShare;
    readonly originMs: number;
    readonly calibration: TokenCalibration;
  },
): Promise<Measured> {
  const health = watchLoop();
  const firstResult = context.results.length;
  await sleepUntil(context, how.originMs);
  const windowStartMs = Date.now();
  const watch = watchSaturation(context);
  const units = sliceShare(requestUnits(plan), how.share);
  await drive(context, how, {
    units,
    send: sender(context, plan, units.flat().length),
    thinkTimeMs: (index) => plan[index]?.turn?.thinkTimeMs ?? 0,
    nowMs: context.nowMs,
    originMs: how.originMs,
    isOver: context.isOver,
    signal: context.signal,
  });
  const overSaturated = watch.stop();
  const results = context.results.slice(firstResult);
  const records = results.map((result) => result.record);
  const note = context.load.rows === undefined ? promptLengthNote(records, how.calibration) : null;
  if (note !== null) context.notes.add(note);
  const reads = results.reduce((sum, result) => sum + result.contentReads, 0);
  const events = records.reduce((sum, record) => sum + record.contentEvents, 0);
  const lags = records.flatMap(({ intendedAtMs, sentAtMs }) =>
    intendedAtMs === null ? [] : [sentAtMs - intendedAtMs],
  );
  return {
    windowStartMs,
    windowEndMs: Date.now(),
    client: {
      ...health.stop(),
      workers: how.share.of,
      sendLagP99Ms: quantile(lags, 0.99),
      eventsPerRead: reads === 0 ? null : events / reads,
    },
    sharedPromptRatio: sharedPromptRatio(plan),
    overSaturated,
  };
}

function sender(
  context: LoadContext,
  plan: readonly PlannedRequest[],
  total: number,
): Pace['send'] {
  let completed = 0;
  let failed = 0;
  return async (index, intendedAtMs) => {
    const planned = plan[index];
    if (planned === undefined) throw new RangeError(`no request ${index}`);
    const { outputTokens } = planned;
    const result = await context.send(planned, { phase: 'measure', intendedAtMs, outputTokens });
    context.results.push(result);
    if (result.record.failure === null) completed += 1;
    else failed += 1;
    context.report({ phase: 'measure', completed, total, failed });
    return result;
  };
}

async function drive(
  context: LoadContext,
  how: { readonly share: WorkerShare },
  pace: Pace,
): Promise<void> {
  const { loadPoint, seed, repeat } = context.load;
  const { share } = how;
  if (loadPoint.kind === 'closed') {
    await runClosedLoop(pace, {
      own: partOf(loadPoint.concurrency, share),
      all: loadPoint.concurrency,
      placeOf: (lane) => lane * share.of + share.index,
    });
    return;
  }
  const timesMs = arrivalTimesMs({
    count: loadPoint.requests,
    ratePerS: loadPoint.requestRatePerS,
    burstiness: loadPoint.burstiness,
    seed,
    repeat,
    pattern: loadPoint.pattern,
  });
  const cap = loadPoint.maxConcurrency ?? null;
  await runOpenLoop(pace, {
    timesMs,
    maxConcurrency: cap === null ? null : Math.max(1, partOf(cap, share)),
  });
}
