import { describe, expect, it } from 'vitest';
import { answerFacts, isOddWord } from '../../../mcp-server/core/quality/answer-facts.ts';

const factsOf = (text: string, prompt: string | null = null) =>
  answerFacts(text, { prompt, tail: '' });

describe('facts of a whole answer', () => {
  it('count what a reader sees: no space, no zero-width and no control character', () => {
    expect(factsOf('a b\n\tc').visibleChars).toBe(3);
    expect(factsOf('a\u200b\u200d\ufeff\u2060b').visibleChars).toBe(2);
    expect(factsOf('\u00a0\u3164\u2800 ').visibleChars).toBe(0);
  });

  it('tell variety by runs of four words, and nothing of fewer', () => {
    expect(factsOf('one two three').distinctRatio).toBeNull();
    expect(factsOf('one two three four five').distinctRatio).toBe(1);
    expect(factsOf('so and so and so and so and so').distinctRatio).toBeCloseTo(2 / 6);
  });

  it('tell how much of an answer is its prompt', () => {
    const prompt = 'name five rivers of the north and two of the south';
    expect(factsOf(prompt, prompt).echoRatio).toBe(1);
    expect(factsOf('none of these words were there before', prompt).echoRatio).toBe(0);
    expect(factsOf(prompt).echoRatio).toBeNull();
  });

  it.each(['xqzvkwtr', 'woжrd', 'rEtUrN', 'a9b', 'th#e', 'na\ufffdve'])('%s is odd', (word) => {
    expect(isOddWord(word)).toBe(true);
  });

  it.each(['the', "don't", 'well-known', 'GPU', 'McDonald', '3.14', 'слово', 'straße', '(yes),'])(
    '%s is not',
    (word) => {
      expect(isOddWord(word)).toBe(false);
    },
  );
});
