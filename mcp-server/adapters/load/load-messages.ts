import type { TokenCalibration } from '../../core/workload/token-calibration.ts';
import type { LoadProgress, LoadRequest } from '../../ports/load-generator.ts';
import type { StampedLoadRun } from './run-load.ts';

/** What the worker is started with. */
export interface WorkerJob {
  readonly load: LoadRequest;
  readonly calibration: TokenCalibration | null;
}

/** To the worker: the measurement may begin; stop. */
export type ToWorker = 'measure' | 'abort';

/** From the worker. `failed` carries an error of ours as plain data. */
export type FromWorker =
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'measure_start' }
  | { readonly type: 'done'; readonly run: StampedLoadRun }
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly fix: string;
    };
