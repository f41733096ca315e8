import { describe, expect, it } from 'vitest';
import {
  type CaseScore,
  fixtureSets,
  scoreCases,
  shareOf,
} from '../../../scripts/bench/diagnosis.ts';

const SCORES = fixtureSets().flatMap(({ folder }) => scoreCases(folder) ?? []);
const list = (scores: readonly CaseScore[]): string =>
  scores.map(({ id, said }) => `${id}: ${said}`).join('\n');
const isFirst = (one: CaseScore): boolean => one.rank === 1;
const isInThree = (one: CaseScore): boolean => one.rank !== null && one.rank <= 3;

/** Classes that a case may be labelled with. */
const CLASS_COUNT = 43;

describe('the labelled cases of the repository', () => {
  it('hold every class at least three times', () => {
    const classes = [...new Set(SCORES.map(({ cls }) => cls))];
    expect(classes).toHaveLength(CLASS_COUNT);
    for (const cls of classes) {
      const own = SCORES.filter((one) => one.cls === cls);
      expect(own.length, cls).toBeGreaterThanOrEqual(3);
    }
  });

  it('are told by their right class first in at least 90 %, among the first three in 97 %', () => {
    expect(
      shareOf(SCORES, isFirst),
      list(SCORES.filter((one) => !isFirst(one))),
    ).toBeGreaterThanOrEqual(0.9);
    expect(
      shareOf(SCORES, isInThree),
      list(SCORES.filter((one) => !isInThree(one))),
    ).toBeGreaterThanOrEqual(0.97);
  });

  it('are told first in at least two of three cases of every class', () => {
    for (const cls of new Set(SCORES.map((one) => one.cls))) {
      const own = SCORES.filter((one) => one.cls === cls);
      expect(shareOf(own, isFirst), cls).toBeGreaterThanOrEqual(0.66);
    }
  });

  it('get a right knob in at least 95 %, and never a remedy that they forbid', () => {
    expect(shareOf(SCORES, (one) => one.knobHit)).toBeGreaterThanOrEqual(0.95);
    expect(SCORES.filter((one) => one.hasForbidden).map(({ id }) => id)).toEqual([]);
  });

  it('never name for their first cause the flag of a forbidden remedy, unless it is a right knob turned the other way', () => {
    expect(SCORES.filter(({ namesTrap }) => namesTrap).map(({ id }) => id)).toEqual([]);
    expect(SCORES.filter(({ hasForbidden }) => hasForbidden).map(({ id }) => id)).toEqual([]);
  });
});
