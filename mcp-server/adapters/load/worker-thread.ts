import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  type AutodebugError,
  InvalidInputError,
  InvariantError,
  LoadError,
} from '../../core/errors.ts';
import type { LoadProgress } from '../../ports/load-generator.ts';
import type { FromWorker, ToWorker, WorkerJob } from './load-messages.ts';
import type { Learnt, StampedLoadRun } from './run-load.ts';

/** V8 would take 48 MB a worker for young objects on a large machine. Source: own measurement; 24 MB cost no stamp. */
const YOUNG_GENERATION_MB = 24;

/** One load worker, from its start to the end of its run. */
export interface WorkerThread {
  /** Resolves when it waits for the start. */
  readonly ready: Promise<Learnt>;
  readonly done: Promise<StampedLoadRun>;
  /** Null: at once. */
  begin(startAtMonotonicMs: number | null): void;
  abort(): void;
}

/** Starts a worker. `done` rejects with LoadError, InvalidInputError or InvariantError; `ready` then never resolves. */
export function startWorkerThread(
  job: WorkerJob,
  onProgress: (progress: LoadProgress) => void,
): WorkerThread {
  const worker = startWorker(job);
  const tell = (message: ToWorker): void => {
    worker.postMessage(message);
  };
  let isReady: (learnt: Learnt) => void = () => undefined;
  const ready = new Promise<Learnt>((resolve) => {
    isReady = resolve;
  });
  const done = new Promise<StampedLoadRun>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'progress':
          onProgress(message.progress);
          return;
        case 'ready':
          isReady(message.learnt);
          return;
        case 'done':
          resolve(message.run);
          return;
        case 'failed':
          reject(asError(message));
      }
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      reject(asError({ code: 'E_BUG', message: `The load worker ended (${code}).`, fix: '' }));
    });
  });
  // Whoever waits for another worker first must not find this one's fault unhandled.
  done.catch(() => undefined);
  return {
    ready,
    done,
    begin: (startAtMonotonicMs) => {
      tell({ type: 'measure', startAtMonotonicMs });
    },
    abort: () => {
      tell({ type: 'abort' });
    },
  };
}

/**
 * From dist/ the worker is plain JavaScript; from source it needs the TypeScript loader, which Node 20 does not hand
 * down to worker threads by itself.
 */
function startWorker(job: WorkerJob): Worker {
  const isSource = fileURLToPath(import.meta.url).endsWith('.ts');
  if (!isSource) {
    return new Worker(new URL('./load-worker.js', import.meta.url), {
      workerData: job,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
  }
  const entry = new URL('./load-worker.ts', import.meta.url).href;
  const require = createRequire(import.meta.url);
  const loader = join(dirname(require.resolve('tsx/package.json')), 'dist/esm/api/index.mjs');
  const script = `import(${JSON.stringify(pathToFileURL(loader).href)}).then((tsx) => {
    tsx.register();
    return import(${JSON.stringify(entry)});
  });`;
  return new Worker(script, { eval: true, execArgv: [], workerData: job });
}

function asError(failure: {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}): AutodebugError {
  const { message, fix } = failure;
  if (failure.code === 'E_ENDPOINT') {
    return new LoadError(message, { code: 'E_ENDPOINT', fix, retryable: true });
  }
  if (failure.code === 'E_CONTEXT' || failure.code === 'E_WORKLOAD') {
    return new InvalidInputError(message, { code: failure.code, fix });
  }
  return new InvariantError(message, { code: 'E_BUG', fix: 'Report this text.' });
}
