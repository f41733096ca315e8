import type { SimConfig } from '../core/config.ts';
import type { CompletionPlan } from './completion-plan.ts';

/** Token counts as the engines report them. */
export interface UsageFacts {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
}

/** One request as the writers of its answer see it. */
export interface FormatContext {
  readonly plan: CompletionPlan;
  readonly config: SimConfig;
  readonly id: string;
  readonly createdS: number;
}
