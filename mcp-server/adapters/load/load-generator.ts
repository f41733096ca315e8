import { availableParallelism } from 'node:os';
import type { TokenCalibration } from '../../core/workload/token-calibration.ts';
import { expectedEventsPerS, workerCount } from '../../core/workload/worker-share.ts';
import type { LoadGenerator, LoadProgress, LoadRequest } from '../../ports/load-generator.ts';
import { completeChat } from './complete-chat.ts';
import type { WorkerJob } from './load-messages.ts';
import { mergeRuns } from './merge-runs.ts';
import { promptLengthNote } from './prompt-length-note.ts';
import type { StampedLoadRun } from './run-load.ts';
import { startWorkerThread, type WorkerThread } from './worker-thread.ts';

type GeneratorOptions = Parameters<LoadGenerator['run']>[1];

/** The load generator as this program uses it; its runs also tell where their clock began. */
export interface StampedLoadGenerator extends LoadGenerator {
  run(request: LoadRequest, options: GeneratorOptions): Promise<StampedLoadRun>;
}

/**
 * Runs each load in worker threads of its own, so that the server's other work does not delay a stamp: as many as the
 * expected events need (`workers` fixes the number). What a run learns about an endpoint's tokens is kept for the next.
 */
export function createLoadGenerator(
  fixed: { readonly workers?: number } = {},
): StampedLoadGenerator {
  const learnt = new Map<string, TokenCalibration>();
  return {
    run: async (request, options) => {
      const { workload, loadPoint } = request;
      const { api, text, tokenIds, components } = workload;
      const key = JSON.stringify([
        request.baseUrl,
        request.model,
        request.extraBody,
        api,
        text,
        tokenIds,
        components,
      ]);
      const events = expectedEventsPerS(loadPoint, workload);
      const workers = fixed.workers ?? workerCount(events, availableParallelism());
      const run = await runInWorkers(request, options, {
        workers: Math.min(workers, mostWorkers(loadPoint)),
        calibration: learnt.get(key) ?? null,
      });
      if (request.rows !== undefined || hasExactLengths(run)) learnt.set(key, run.calibration);
      else learnt.delete(key);
      return run;
    },
    complete: completeChat,
  };
}

/** False when the service counted other lengths than its tokenizer said: another service may answer at that address. */
function hasExactLengths({ records, calibration }: StampedLoadRun): boolean {
  return calibration.words === undefined || promptLengthNote(records, calibration) === null;
}

/** No worker may be left without a lane or a place under the cap. */
function mostWorkers(point: LoadRequest['loadPoint']): number {
  const lanes = point.kind === 'closed' ? point.concurrency : (point.maxConcurrency ?? Infinity);
  return Math.max(1, Math.min(lanes, point.requests));
}

/** Time between the word to all workers and the common start, so that none hears of it too late. */
const START_DELAY_MS = 100;

async function runInWorkers(
  load: LoadRequest,
  options: GeneratorOptions,
  how: { readonly workers: number; readonly calibration: TokenCalibration | null },
): Promise<StampedLoadRun> {
  const crew = createCrew(load, options, how);
  options.signal.addEventListener('abort', crew.abort);
  try {
    return await runCrew(crew, load, options);
  } catch (error) {
    crew.abort();
    throw error;
  } finally {
    options.signal.removeEventListener('abort', crew.abort);
  }
}

/** The first worker finds out and warms up; the others open their connections; then all start at one moment. */
async function runCrew(
  crew: Crew,
  load: LoadRequest,
  options: GeneratorOptions,
): Promise<StampedLoadRun> {
  const startedMs = nowMonotonicMs();
  const first = crew.start(0, { load, learnt: null });
  const learnt = await Promise.race([first.ready, first.done.then(() => null)]);
  if (learnt === null) return first.done;
  await options.onMeasureStart?.();
  const deadlineMs = Math.max(1, load.deadlineMs - (nowMonotonicMs() - startedMs));
  const others = Array.from({ length: crew.size - 1 }, (_, place) =>
    crew.start(place + 1, { load: { ...load, deadlineMs }, learnt }),
  );
  await Promise.all(others.map((thread) => Promise.race([thread.ready, thread.done])));
  const startAtMs = others.length === 0 ? null : nowMonotonicMs() + START_DELAY_MS;
  for (const thread of [first, ...others]) thread.begin(startAtMs);
  const rest = Promise.all(others.map((thread) => thread.done));
  const [ran, shares] = await Promise.all([first.done, rest]);
  return mergeRuns(ran, shares);
}

interface Crew {
  readonly size: number;
  start(index: number, job: Pick<WorkerJob, 'load' | 'learnt'>): WorkerThread;
  readonly abort: () => void;
}

function createCrew(
  load: LoadRequest,
  options: GeneratorOptions,
  how: { readonly workers: number; readonly calibration: TokenCalibration | null },
): Crew {
  const size = how.workers;
  const progress = sumProgress(size, load, options.onProgress ?? ((): void => undefined));
  const threads: WorkerThread[] = [];
  return {
    size,
    start: (index, job) => {
      const share = { index, of: size };
      const thread = startWorkerThread({ ...job, share, calibration: how.calibration }, (told) => {
        progress(index, told);
      });
      threads.push(thread);
      if (options.signal.aborted) thread.abort();
      return thread;
    },
    abort: () => {
      for (const thread of threads) thread.abort();
    },
  };
}

function nowMonotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Progress of all workers as one; the warm-up is the first one's alone. */
function sumProgress(
  workers: number,
  load: LoadRequest,
  onProgress: (progress: LoadProgress) => void,
): (worker: number, progress: LoadProgress) => void {
  const latest = new Map<number, LoadProgress>();
  return (worker, progress) => {
    if (progress.phase === 'warmup' || workers === 1) {
      onProgress(progress);
      return;
    }
    latest.set(worker, progress);
    const all = [...latest.values()];
    onProgress({
      phase: 'measure',
      completed: all.reduce((sum, one) => sum + one.completed, 0),
      failed: all.reduce((sum, one) => sum + one.failed, 0),
      total: load.loadPoint.requests,
    });
  };
}
