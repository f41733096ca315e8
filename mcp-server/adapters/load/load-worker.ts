import { parentPort, workerData } from 'node:worker_threads';
import { AutodebugError } from '../../core/errors.ts';
import type { FromWorker, ToWorker, WorkerJob } from './load-messages.ts';
import { runLoad } from './run-load.ts';

/** Body of the worker thread: one run, then the thread ends. */
async function work(job: WorkerJob): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('load-worker runs as a worker thread only');
  const tell = (message: FromWorker): void => {
    port.postMessage(message);
  };
  const abort = new AbortController();
  let begin: () => void = () => undefined;
  port.on('message', (message: ToWorker) => {
    if (message === 'abort') abort.abort();
    begin();
  });
  try {
    const run = await runLoad(job.load, {
      signal: abort.signal,
      calibration: job.calibration,
      onProgress: (progress) => {
        tell({ type: 'progress', progress });
      },
      onMeasureStart: () =>
        new Promise<void>((resolve) => {
          begin = resolve;
          tell({ type: 'measure_start' });
        }),
    });
    tell({ type: 'done', run });
  } catch (error) {
    tell(asFailure(error));
  }
  port.close();
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
