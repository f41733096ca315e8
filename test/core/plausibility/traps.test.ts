import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setTraps, trapPlaces } from '../../../mcp-server/core/plausibility/traps.ts';
import { materialise } from '../../../mcp-server/core/workload/materialise.ts';
import { createTextSizer } from '../../../mcp-server/core/workload/sized-text.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';

const workload = WorkloadSpec.parse({
  id: 'x',
  components: [{ inputTokens: { min: 20, max: 40 }, outputTokens: 8 }],
});

describe('traps', () => {
  it('repeat a request of the first half in the second, each place and source once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 999 }),
        (count, seed) => {
          const traps = trapPlaces(count, seed);
          expect(new Set(traps.map(({ index }) => index)).size).toBe(traps.length);
          expect(new Set(traps.map(({ of }) => of)).size).toBe(traps.length);
          for (const { index, of } of traps) {
            expect(of).toBeLessThan(count / 2);
            expect(index).toBeGreaterThanOrEqual(count / 2);
            expect(index).toBeLessThan(count);
          }
        },
      ),
    );
  });

  it('are 5 % of each kind', () => {
    const traps = trapPlaces(400, 1);
    expect(traps.filter(({ kind }) => kind === 'exact')).toHaveLength(20);
    expect(traps.filter(({ kind }) => kind === 'near')).toHaveLength(20);
  });

  it('change only the end of a near repeat, and leave the others as planned', () => {
    const calibration = { tokensPerWord: 1, overheadTokens: 0 };
    const options = { workload, seed: 1, repeat: 0, count: 60, phase: 'measure' } as const;
    const plan = materialise({ ...options, calibration });
    const traps = trapPlaces(60, 1);
    const set = setTraps(plan, traps, createTextSizer('random-words', calibration));
    expect(set.map(({ index }) => index)).toEqual(plan.map(({ index }) => index));
    for (const { index, of, kind } of traps) {
      const words = set[index]?.prompt.split(' ') ?? [];
      const source = plan[of]?.prompt.split(' ') ?? [];
      expect(words.slice(0, -1)).toEqual(source.slice(0, -1));
      expect(words.at(-1) === source.at(-1)).toBe(kind === 'exact');
    }
    const trapped = new Set(traps.map(({ index }) => index));
    expect(set.filter(({ index }) => !trapped.has(index))).toEqual(
      plan.filter(({ index }) => !trapped.has(index)),
    );
  });
});
