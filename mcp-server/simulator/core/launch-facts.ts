import type { FlagValues } from './flag-values.ts';
import type { SimGpu } from './gpus.ts';
import type { SimModel } from './models.ts';

/** What a launch command asks for, before the engine resolves its defaults. */
export interface LaunchFacts {
  readonly flags: FlagValues;
  readonly model: SimModel;
  readonly gpu: SimGpu;
  /** GPUs the service asks for. */
  readonly gpuCount: number;
  readonly version: string;
}
