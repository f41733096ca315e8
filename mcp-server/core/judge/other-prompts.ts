import type { JudgedRun } from './sides.ts';

/**
 * Two runs of the same load point, seed and repeat that sent different prompts, as where one side's service has a tokenizer
 * route and the other's has none. Null when: there are none, or what was sent is not recorded.
 */
export function otherPrompts(sides: {
  readonly trial: readonly JudgedRun[];
  readonly reference: readonly JudgedRun[];
}): Readonly<Record<'trial' | 'reference', JudgedRun['measurement']>> | null {
  for (const { measurement: one } of sides.trial) {
    const other = sides.reference.find(
      ({ measurement: run }) =>
        run.loadPointIndex === one.loadPointIndex &&
        run.seed === one.seed &&
        run.repeat === one.repeat &&
        isOther(run.prompts?.sha256, one.prompts?.sha256),
    );
    if (other !== undefined) return { trial: one, reference: other.measurement };
  }
  return null;
}

const isOther = (one: string | undefined, two: string | undefined): boolean =>
  one !== undefined && two !== undefined && one !== two;
