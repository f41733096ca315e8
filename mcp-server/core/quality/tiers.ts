import { compareDrift, driftNoise } from './drift-tier.ts';
import { compareGreedy, greedyNoise } from './greedy-tier.ts';
import type { TierRun } from './quality-run.ts';
import { compareTasks, taskNoise } from './task-tier.ts';
import type { TierPolicy, TierResult } from './tier-result.ts';

/** Noise floors of each tier, one for each way in which the reference was asked again. */
export function noiseFloors(reference: TierRun, policy: TierPolicy): readonly TierResult[] {
  return [...driftNoise(reference), ...greedyNoise(reference), ...taskNoise(reference, policy)];
}

/** Tiers 2 to 4 of a trial against the reference. */
export function compareTiers(
  reference: TierRun,
  trial: TierRun,
  policy: TierPolicy,
): readonly TierResult[] {
  return [
    compareDrift(reference, trial, policy),
    compareGreedy(reference, trial, policy),
    compareTasks(reference, trial, policy),
  ];
}
