import type { WorkerShare } from '../../core/workload/worker-share.ts';
import type { LoadRequest } from '../../ports/load-generator.ts';
import { createConnection } from './connection.ts';
import { createLoadContext } from './load-context.ts';
import { measurePhase } from './measure-phase.ts';
import {
  type Learnt,
  lanesToOpen,
  planMeasured,
  type RunOptions,
  type StampedLoadRun,
} from './run-load.ts';
import { withAnswer } from './with-answer.ts';

/** The share of a worker that is not the first: open connections, wait for the common start, measure. */
export async function runShare(
  load: LoadRequest,
  options: Pick<RunOptions, 'signal' | 'onProgress'> & {
    readonly share: WorkerShare;
    readonly learnt: Learnt;
    /** Awaited when the connections are open; resolves with the start on the machine's monotonic clock. */
    readonly onReady: () => Promise<number | null>;
  },
): Promise<StampedLoadRun> {
  const connection = createConnection(load.baseUrl, load.headers);
  const { learnt, share, signal } = options;
  const context = createLoadContext({
    connection,
    load,
    servedModels: () => learnt.servedModels,
    signal,
    onProgress: options.onProgress,
  });
  const originMonotonicMs = Number(process.hrtime.bigint()) / 1e6 - context.nowMs();
  try {
    const plan = planMeasured(load, learnt.calibration);
    await connection.open(lanesToOpen(load, share));
    const startAtMs = await options.onReady();
    const originMs = startAtMs === null ? context.nowMs() : startAtMs - originMonotonicMs;
    const measured = await measurePhase(context, plan, {
      share,
      originMs,
      calibration: learnt.calibration,
    });
    return {
      ...measured,
      records: context.results.map((result) => withAnswer(result, plan)),
      cancelled: signal.aborted,
      rttMs: { p50: null, jitter: null },
      notes: [...context.notes],
      calibration: learnt.calibration,
      originMonotonicMs,
    };
  } finally {
    context.close();
    await connection.destroy();
  }
}
