import type { TokenCalibration } from '../../core/workload/token-calibration.ts';
import type { WorkerShare } from '../../core/workload/worker-share.ts';
import type { LoadProgress, LoadRequest } from '../../ports/load-generator.ts';
import type { Learnt, StampedLoadRun } from './run-load.ts';

/** What a worker is started with. */
export interface WorkerJob {
  readonly load: LoadRequest;
  readonly share: WorkerShare;
  readonly calibration: TokenCalibration | null;
  /** What the first worker found out; null for the first itself. */
  readonly learnt: Learnt | null;
}

/** To the worker: the measurement begins at that moment of the machine's monotonic clock (null: now); stop. */
export type ToWorker =
  | { readonly type: 'measure'; readonly startAtMonotonicMs: number | null }
  | { readonly type: 'abort' };

/** From the worker. `failed` carries an error of ours as plain data. */
export type FromWorker =
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'ready'; readonly learnt: Learnt }
  | { readonly type: 'done'; readonly run: StampedLoadRun }
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly fix: string;
    };
