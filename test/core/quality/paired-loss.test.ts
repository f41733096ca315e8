import { describe, expect, it } from 'vitest';
import {
  mcnemarExact,
  pairedLoss,
  ruleOnLoss,
} from '../../../mcp-server/core/quality/paired-loss.ts';
import { SUITE_ITEMS } from '../../../mcp-server/core/quality/task-suite.ts';
import { createRng } from '../../../mcp-server/simulator/core/random.ts';

const LEVEL = 0.0232;
const LOOKS = Object.values(SUITE_ITEMS);

/** One comparison: items that change sides by chance, and a true loss on top. Source of looks: the sizes. */
function playSuite(seed: number, truth: { readonly flips: number; readonly loss: number }) {
  const rng = createRng(seed);
  let lost = 0;
  let won = 0;
  let items = 0;
  for (const look of LOOKS) {
    for (; items < look; items += 1) {
      const u = rng.next();
      if (u < truth.flips / 2 + truth.loss) lost += 1;
      else if (u < truth.flips + truth.loss) won += 1;
    }
    const isLast = look === LOOKS.at(-1);
    const found = pairedLoss({ items, lost, won }, LEVEL);
    const ruling = ruleOnLoss(found, { margin: 0.03, level: LEVEL, isLast });
    if (ruling !== 'inconclusive') return { ruling, items };
  }
  return { ruling: 'inconclusive' as const, items };
}

function ratesOf(truth: { readonly flips: number; readonly loss: number }) {
  const runs = Array.from({ length: 300 }, (_, seed) => playSuite(seed + 1, truth));
  const share = (ruling: string): number =>
    runs.filter((run) => run.ruling === ruling).length / runs.length;
  return { pass: share('pass'), fail: share('fail'), open: share('inconclusive') };
}

describe('the loss of paired answers', () => {
  it('is bounded by the squares of z and the count where no answer changed', () => {
    const found = pairedLoss({ items: 140, lost: 0, won: 0 }, 0.05);
    const z = 1.6448536269514722;
    expect(found.upper).toBeCloseTo((z * z) / (140 + z * z), 9);
    expect(found.loss).toBe(0);
  });

  it('has the exact probability of McNemar’s test', () => {
    expect(mcnemarExact(5, 0)).toBeCloseTo(1 / 32, 12);
    expect(mcnemarExact(0, 0)).toBe(1);
    expect(mcnemarExact(3, 3)).toBeCloseTo(42 / 64, 12);
  });

  it('swaps its bounds when the sides are swapped', () => {
    const one = pairedLoss({ items: 200, lost: 9, won: 4 }, LEVEL);
    const other = pairedLoss({ items: 200, lost: 4, won: 9 }, LEVEL);
    expect(one.upper).toBeCloseTo(-other.lower, 6);
  });

  it('passes equal models in at least 90 of 100, and fails them in at most 5', () => {
    for (const flips of [0, 0.02, 0.04]) {
      const rates = ratesOf({ flips, loss: 0 });
      expect(rates.pass, `flips ${flips}`).toBeGreaterThanOrEqual(0.9);
      expect(rates.fail, `flips ${flips}`).toBeLessThanOrEqual(0.05);
    }
  });

  it('fails a true loss of 8 points in at least 90 of 100, and never passes it beyond 5', () => {
    for (const flips of [0, 0.04, 0.08]) {
      const rates = ratesOf({ flips, loss: 0.08 });
      expect(rates.fail, `flips ${flips}`).toBeGreaterThanOrEqual(0.9);
      expect(rates.pass, `flips ${flips}`).toBeLessThanOrEqual(0.05);
    }
  });

  it('passes a loss of the whole margin in at most 5 of 100', () => {
    for (const flips of [0, 0.04])
      expect(ratesOf({ flips, loss: 0.03 }).pass).toBeLessThanOrEqual(0.07);
  });
});
