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
import type { TokenCalibration } from '../../core/workload/token-calibration.ts';
import type { LoadGenerator, LoadRequest } from '../../ports/load-generator.ts';
import { completeChat } from './complete-chat.ts';
import type { FromWorker, ToWorker, WorkerJob } from './load-messages.ts';
import type { RunOptions, StampedLoadRun } from './run-load.ts';

type GeneratorOptions = Parameters<LoadGenerator['run']>[1];

/** The load generator as this program uses it; its runs also tell where their clock began. */
export interface StampedLoadGenerator extends LoadGenerator {
  run(request: LoadRequest, options: GeneratorOptions): Promise<StampedLoadRun>;
}

/**
 * Runs each load in a worker thread of its own, so that the server's other work does not delay a stamp. What a run
 * learns about an endpoint's tokens is kept for the next.
 */
export function createLoadGenerator(): StampedLoadGenerator {
  const learnt = new Map<string, TokenCalibration>();
  return {
    run: async (request, options) => {
      const { workload } = request;
      const key = JSON.stringify([request.baseUrl, request.model, workload.api, workload.text]);
      const run = await runInWorker(request, {
        signal: options.signal,
        calibration: learnt.get(key) ?? null,
        onProgress: options.onProgress ?? ((): void => undefined),
        onMeasureStart: options.onMeasureStart ?? ((): Promise<void> => Promise.resolve()),
      });
      learnt.set(key, run.calibration);
      return run;
    },
    complete: completeChat,
  };
}

function runInWorker(load: LoadRequest, options: RunOptions): Promise<StampedLoadRun> {
  const worker = startWorker({ load, calibration: options.calibration });
  const tell = (message: ToWorker): void => {
    worker.postMessage(message);
  };
  const onAbort = (): void => {
    tell('abort');
  };
  const run = new Promise<StampedLoadRun>((resolve, reject) => {
    worker.on('message', (message: FromWorker) => {
      switch (message.type) {
        case 'progress':
          options.onProgress(message.progress);
          return;
        case 'measure_start':
          options.onMeasureStart().then(
            () => {
              tell('measure');
            },
            (error: unknown) => {
              reject(error);
              tell('abort');
            },
          );
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
  options.signal.addEventListener('abort', onAbort);
  if (options.signal.aborted) onAbort();
  return run.finally(() => {
    options.signal.removeEventListener('abort', onAbort);
  });
}

/**
 * From dist/ the worker is plain JavaScript; from source it needs the TypeScript loader, which Node 20 does not hand
 * down to worker threads by itself.
 */
function startWorker(job: WorkerJob): Worker {
  const isSource = fileURLToPath(import.meta.url).endsWith('.ts');
  if (!isSource) {
    return new Worker(new URL('./load-worker.js', import.meta.url), { workerData: job });
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
  if (failure.code === 'E_CONTEXT')
    return new InvalidInputError(message, { code: 'E_CONTEXT', fix });
  return new InvariantError(message, { code: 'E_BUG', fix: 'Report this text.' });
}
