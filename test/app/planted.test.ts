import { describe, expect, test } from 'vitest';
import type { Change } from '../../mcp-server/core/service/change.ts';
import { diagnosePlanted, improvement, type Planted } from './planted.ts';
import { CASES, HEALTHY } from './planted-cases.ts';

/** A cause below this is a hint. Source: the summary of diagnose. */
const CLAIM = 0.5;

describe('a limit that the simulated engine was given', () => {
  test.each(CASES)(
    '$name',
    async ({ cause, improves, ...planted }) => {
      const answer = await diagnosePlanted(planted);
      const [first] = answer.causes;
      expect(first?.cause, answer.summary).toBe(cause);
      expect(first?.confidence).toBeGreaterThanOrEqual(CLAIM);
      expect(first?.evidence.length).toBeGreaterThan(0);
      if (improves === undefined) return;
      const change = first?.candidates[0];
      expect(change).toBeDefined();
      const gain = improvement(planted, change as Change, improves);
      expect(gain, JSON.stringify(change)).toBeGreaterThan(1.03);
    },
    60_000,
  );

  test('is planted in at least ten kinds, on both engines, and most suggestions are tried', () => {
    const kinds = new Set(CASES.map((one) => one.cause));
    expect(kinds.size).toBeGreaterThanOrEqual(10);
    for (const engine of ['SGLang', 'vLLM'])
      expect(CASES.filter((one) => one.name.startsWith(engine)).length).toBeGreaterThanOrEqual(8);
    const tried = CASES.filter((one) => one.improves !== undefined);
    expect(tried.length).toBeGreaterThanOrEqual(0.75 * CASES.length);
  });
});

describe('a service without such a limit', () => {
  test.each(HEALTHY)(
    '$name: nothing is claimed',
    async (planted: Planted) => {
      const answer = await diagnosePlanted(planted);
      expect(
        answer.causes.filter((one) => one.confidence >= CLAIM),
        answer.summary,
      ).toEqual([]);
      expect(answer.summary).toContain('no rule holds');
    },
    60_000,
  );
});
