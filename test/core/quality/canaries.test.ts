import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CanaryAnswer } from '../../../mcp-server/core/quality/answer.ts';
import { readAnswer } from '../../../mcp-server/core/quality/answer.ts';
import { buildCanaries, type Canary } from '../../../mcp-server/core/quality/canaries.ts';

const rightAnswer = (canary: Canary): CanaryAnswer =>
  canary.id === 'tool-call'
    ? {
        text: '',
        finishReason: 'tool_calls',
        toolCalls: [{ name: 'get_weather', arguments: canary.expected }],
      }
    : { text: canary.expected, finishReason: 'stop', toolCalls: [] };

const canaryOf = (id: string, seed = 7): Canary => {
  const canary = buildCanaries(seed).find((one) => one.id === id);
  if (canary === undefined) throw new Error(`no canary ${id}`);
  return canary;
};

describe('the canaries', () => {
  it('are twenty with different ids', () => {
    const ids = buildCanaries(1).map((canary) => canary.id);
    expect(ids).toHaveLength(20);
    expect(new Set(ids).size).toBe(20);
  });

  it('repeat from their seed and change with it', () => {
    const prompts = (seed: number): string[] => buildCanaries(seed).map((one) => one.prompt);
    expect(prompts(5)).toEqual(prompts(5));
    expect(prompts(5)).not.toEqual(prompts(6));
  });

  it('accept the right answer of every canary on any seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        for (const canary of buildCanaries(seed)) {
          expect([canary.id, canary.grade(rightAnswer(canary))]).toEqual([canary.id, true]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuse an empty answer, garbage and the answer of another seed', () => {
    const other = new Map(buildCanaries(8).map((canary) => [canary.id, canary.expected]));
    for (const canary of buildCanaries(7)) {
      const answer = rightAnswer(canary);
      expect(canary.grade({ ...answer, text: '', toolCalls: [] }), canary.id).toBe(false);
      expect(canary.grade({ ...answer, text: '▒▒ ▒', toolCalls: [] }), canary.id).toBe(false);
      const theirs = other.get(canary.id) ?? '';
      if (theirs === canary.expected || canary.id === 'tool-call') continue;
      expect(canary.grade({ ...answer, text: theirs }), canary.id).toBe(false);
    }
  });

  it('refuse one wrong character in a copied code', () => {
    const canary = canaryOf('copy-code');
    const wrong = `${canary.expected.slice(0, -1)}${canary.expected.endsWith('A') ? 'B' : 'A'}`;
    expect(canary.grade({ ...rightAnswer(canary), text: wrong })).toBe(false);
  });

  it('accept JSON in a code fence with its keys in another order', () => {
    const canary = canaryOf('json-object');
    const { name, age, city } = JSON.parse(canary.expected);
    const text = `\`\`\`json\n${JSON.stringify({ city, age, name })}\n\`\`\``;
    expect(canary.grade({ ...rightAnswer(canary), text })).toBe(true);
  });

  it('fail a stop string that was ignored, and one that cut by length', () => {
    const canary = canaryOf('stop-string');
    const answer = rightAnswer(canary);
    expect(canary.grade({ ...answer, text: '1, 2, 3, 4, 5, 6, 7, 8, 9' })).toBe(false);
    expect(canary.grade({ ...answer, finishReason: 'length' })).toBe(false);
  });

  it('hide the needle in about three hundred words', () => {
    const words = canaryOf('needle').prompt.split(/\s+/).length;
    expect(words).toBeGreaterThan(270);
    expect(words).toBeLessThan(340);
  });
});

describe('reading an answer', () => {
  it('drops the reasoning before the answer', () => {
    const body = {
      choices: [{ finish_reason: 'stop', message: { content: '<think>2+2</think>\n4' } }],
    };
    expect(readAnswer(body)).toEqual({ text: '\n4', finishReason: 'stop', toolCalls: [] });
  });

  it('never throws on what is not a completion', () => {
    fc.assert(
      fc.property(fc.anything(), (body) => {
        const answer = readAnswer(body);
        expect(answer === null || typeof answer.text === 'string').toBe(true);
      }),
    );
  });
});
