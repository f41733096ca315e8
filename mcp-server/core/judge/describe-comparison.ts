import type { Delta } from '../ledger/vocabulary.ts';
import { percent, signedPercent } from '../percent.ts';

/** A comparison in words: name, signed change, interval, probability of being better, and noise floor. */
export function describeComparison({ delta }: { readonly delta: Delta }): string {
  const { deltaRatio, interval, noiseFloorRatio, probabilityBetter } = delta;
  if (deltaRatio === null) return `${delta.metric} cannot be compared`;
  const parts = [
    interval === null
      ? 'no interval'
      : `95 % ${signedPercent(interval[0])} to ${signedPercent(interval[1])}`,
    ...(probabilityBetter === null
      ? []
      : [`better with ${describeProbability(probabilityBetter)}`]),
    noiseFloorRatio === null ? 'noise unknown' : `noise ${percent(noiseFloorRatio)}`,
  ];
  return `${delta.metric} ${signedPercent(deltaRatio)} (${parts.join(', ')})`;
}

/** A probability as a reader may trust it: never 0 or 100 %. */
export function describeProbability(probability: number): string {
  if (probability > 0.999) return '> 99.9 %';
  if (probability < 0.001) return '< 0.1 %';
  return percent(probability);
}
