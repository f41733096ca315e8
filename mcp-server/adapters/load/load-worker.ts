import { parentPort, workerData } from 'node:worker_threads';
import { AutodebugError } from '../../core/errors.ts';
import type { LoadProgress } from '../../ports/load-generator.ts';
import type { FromWorker, ToWorker, WorkerJob } from './load-messages.ts';
import { type Learnt, runLoad, type StampedLoadRun } from './run-load.ts';
import { runShare } from './run-share.ts';

/** Body of the worker thread: one run or a share of one, then the thread ends. */
async function work(job: WorkerJob): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('load-worker runs as a worker thread only');
  const tell = (message: FromWorker): void => {
    port.postMessage(message);
  };
  const abort = new AbortController();
  let begin: (startAtMonotonicMs: number | null) => void = () => undefined;
  port.on('message', (message: ToWorker) => {
    if (message.type === 'abort') abort.abort();
    begin(message.type === 'measure' ? message.startAtMonotonicMs : null);
  });
  try {
    const run = await runJob(job, {
      signal: abort.signal,
      onProgress: (progress) => {
        tell({ type: 'progress', progress });
      },
      onReady: (learnt) =>
        new Promise((resolve) => {
          begin = resolve;
          tell({ type: 'ready', learnt });
        }),
    });
    tell({ type: 'done', run });
  } catch (error) {
    tell(asFailure(error));
  }
  port.close();
}

interface Wiring {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly onReady: (learnt: Learnt) => Promise<number | null>;
}

function runJob(job: WorkerJob, wiring: Wiring): Promise<StampedLoadRun> {
  const { signal, onProgress, onReady } = wiring;
  const { load, share, calibration, learnt } = job;
  if (learnt === null) {
    return runLoad(load, { signal, onProgress, onMeasureStart: onReady, calibration, share });
  }
  return runShare(load, { signal, onProgress, share, learnt, onReady: () => onReady(learnt) });
}

function asFailure(error: unknown): FromWorker {
  if (error instanceof AutodebugError) {
    return { type: 'failed', code: error.code, message: error.message, fix: error.fix };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { type: 'failed', code: 'E_BUG', message: text, fix: 'Report this text.' };
}

const job: WorkerJob = workerData;
await work(job);
