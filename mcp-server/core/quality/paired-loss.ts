import { normalQuantile } from '../stats/normal.ts';

/** Answers of two configurations to the same questions. */
export interface PairCounts {
  readonly items: number;
  /** Right before, wrong now. */
  readonly lost: number;
  /** Wrong before, right now. */
  readonly won: number;
}

/** What pairs say about a loss. Units: shares of all items, 0..1; positive is a loss. */
export interface PairedLoss extends PairCounts {
  readonly loss: number;
  readonly lower: number;
  readonly upper: number;
  /** Chance of at least this many losses among the changed answers if nothing got worse. */
  readonly mcnemarP: number;
}

export type LossRuling = 'pass' | 'fail' | 'inconclusive';

/**
 * Statistic of Tango's score test that the true loss is `delta`.
 * Source: Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the paired-sample design".
 */
function tangoScore({ items, lost, won }: PairCounts, delta: number): number {
  const a = 2 * items;
  const b = -lost - won + (2 * items - lost + won) * delta;
  const c = -won * delta * (1 - delta);
  const q = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = items * (2 * q + delta * (1 - delta));
  const distance = lost - won - items * delta;
  if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Number.POSITIVE_INFINITY;
  return distance / Math.sqrt(variance);
}

/** Where the falling score crosses `target`. */
function crossing(counts: PairCounts, target: number): number {
  let low = -1;
  let high = 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (tangoScore(counts, middle) > target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X >= lost) for X binomial over the changed answers at one half. Source: McNemar 1947, exact form. */
export function mcnemarExact(lost: number, won: number): number {
  const changed = lost + won;
  let term = 0.5 ** changed;
  let sum = 0;
  for (let count = 0; count <= changed; count += 1) {
    if (count >= lost) sum += term;
    term = (term * (changed - count)) / (count + 1);
  }
  return Math.min(1, sum);
}

/** Loss with one-sided bounds, each erring at `level`. */
export function pairedLoss(counts: PairCounts, level: number): PairedLoss {
  const z = -normalQuantile(level);
  return {
    ...counts,
    loss: counts.items === 0 ? 0 : (counts.lost - counts.won) / counts.items,
    lower: counts.items === 0 ? -1 : crossing(counts, z),
    upper: counts.items === 0 ? 1 : crossing(counts, -z),
    mcnemarP: mcnemarExact(counts.lost, counts.won),
  };
}

/**
 * Non-inferiority: passes when a loss of `margin` can be excluded; fails when one beyond it is proven or, where nothing
 * more can be asked, when a loss is proven and its estimate reaches the margin; else more items are needed.
 */
export function ruleOnLoss(
  found: PairedLoss,
  terms: { readonly margin: number; readonly level: number; readonly isLast: boolean },
): LossRuling {
  if (found.upper < terms.margin) return 'pass';
  if (found.lower > terms.margin) return 'fail';
  const isProven = found.mcnemarP <= terms.level && found.loss >= terms.margin;
  return terms.isLast && isProven ? 'fail' : 'inconclusive';
}
