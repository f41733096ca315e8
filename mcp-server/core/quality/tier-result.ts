import { z } from 'zod';

/** What one tier of the quality gate said, as the ledger keeps it. */
export const TierResult = z.object({
  tier: z.enum(['drift', 'greedy', 'tasks']),
  /** `floor`: the baseline against itself; `unavailable`: the service tells nothing to compare. */
  state: z.enum(['floor', 'pass', 'fail', 'inconclusive', 'unarmed', 'unavailable']),
  /** How the baseline was asked again, for a floor: under the tested load, one question at a time, redeployed. */
  at: z.enum(['load', 'alone', 'redeploy']).optional(),
  /** Statistics by name, and for a floor their noise. Units: in the names; ratios 0..1. */
  values: z.record(z.string(), z.number()),
  text: z.string().max(300),
});
export type TierResult = z.infer<typeof TierResult>;

/** What the contract allows, for one trial. */
export interface TierPolicy {
  /** Largest loss of right answers. Shape: 0..1. */
  readonly margin: number;
  /** True when the owner accepts the kind of loss that the trial's changes bring. */
  readonly isLossAccepted: boolean;
  /** Share of tasks that the reference must answer rightly, 0..1. */
  readonly minRightRatio: number;
}
