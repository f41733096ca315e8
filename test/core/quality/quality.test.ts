import { describe, expect, it } from 'vitest';
import {
  compareQuality,
  describeReference,
} from '../../../mcp-server/core/quality/compare-quality.ts';
import {
  compareHealth,
  healthFaults,
  healthPrompts,
  repeatedAnswers,
} from '../../../mcp-server/core/quality/health.ts';
import type { QualityRun } from '../../../mcp-server/core/quality/quality-run.ts';

/** A run of twenty canaries of which those at these places fail. */
const runOf = (failing: readonly number[], change: Partial<QualityRun> = {}): QualityRun => ({
  seed: 1,
  total: 20,
  passedCount: 20 - failing.length,
  canaries: Array.from({ length: 20 }, (_, index) => ({
    id: `c${index}`,
    passed: !failing.includes(index),
    finishReason: 'stop',
    answer: '',
  })),
  health: healthPrompts(1).map(({ id }) => ({ id, words: 60, faults: [], text: '' })),
  repeatedAnswers: 0,
  ...change,
});

const health = (faulty: number, words = 60): QualityRun['health'] =>
  healthPrompts(1).map(({ id }, index) => ({
    id,
    words,
    faults: index < faulty ? ['loop'] : [],
    text: '',
  }));

describe('comparing canaries', () => {
  it('fails on one canary that the baseline passes and the trial fails, and names it', () => {
    const outcome = compareQuality(runOf([3]), runOf([3, 4]), 12);
    expect(outcome).toMatchObject({ armed: true, passed: false, comparable: 19 });
    expect(outcome.reasons[0]).toContain('c4');
  });

  it('does not count what the baseline fails too', () => {
    expect(compareQuality(runOf([1, 2, 3]), runOf([1, 2, 3]), 12)).toMatchObject({
      armed: true,
      passed: true,
      comparable: 17,
    });
  });

  it('is unarmed with too few comparable canaries: neither passed nor failed', () => {
    const weak = runOf(Array.from({ length: 10 }, (_, index) => index));
    const outcome = compareQuality(weak, runOf([]), 12);
    expect(outcome).toMatchObject({ armed: false, passed: null, comparable: 10 });
    expect(outcome.reasons[0]).toContain('E_QUALITY_UNARMED');
    expect(describeReference(weak, 12)).toMatchObject({ armed: false, passed: null });
  });

  it('is unarmed without a reference', () => {
    expect(compareQuality(null, runOf([]), 12)).toMatchObject({
      armed: false,
      passed: null,
      comparable: 0,
    });
  });
});

describe('the health of free answers', () => {
  it('sees empty answers, loops, broken characters and raw tokens', () => {
    expect(healthFaults('  ')).toContain('empty');
    expect(healthFaults('na na '.repeat(40))).toContain('loop');
    expect(healthFaults('a broken \ufffd character')).toContain('broken characters');
    expect(healthFaults('the end <|im_end|>')).toContain('raw special tokens');
  });

  it('sees nothing wrong with ordinary prose', () => {
    const words = Array.from(
      { length: 120 },
      (_, index) => `word${(index * 7919) % 97}x${index % 13}`,
    );
    expect(healthFaults(words.join(' '))).toEqual([]);
  });

  it('lets one answer go bad by chance, and fails two', () => {
    expect(compareHealth(health(0), health(1))).toEqual([]);
    expect(compareHealth(health(0), health(2))[0]).toContain('went bad');
    expect(compareHealth(health(2), health(2))).toEqual([]);
  });

  it('fails answers that are cut or ramble', () => {
    expect(compareHealth(health(0, 60), health(0, 20))[0]).toContain('0.33 times');
    expect(compareHealth(health(0, 60), health(0, 200))).toHaveLength(1);
  });

  it('fails one answer for every question', () => {
    expect(repeatedAnswers(['a', 'a', 'a', 'b', ''])).toBe(2);
    expect(compareQuality(runOf([]), runOf([], { repeatedAnswers: 7 }), 12).passed).toBe(false);
  });
});
