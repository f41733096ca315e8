import { describe, expect, it } from 'vitest';
import { createTextSizer } from '../../../mcp-server/core/workload/sized-text.ts';
import { fitCalibration } from '../../../mcp-server/core/workload/token-calibration.ts';
import { COMMON_WORDS } from '../../../mcp-server/core/workload/words.ts';

describe('the calibration of words to tokens', () => {
  it('is a line through two probes', () => {
    // 100 words are 113 tokens, 200 words are 213: one token a word and 13 around them
    const fit = fitCalibration({ words: 100, tokens: 113 }, { words: 200, tokens: 213 });
    expect(fit).toEqual({ tokensPerWord: 1, overheadTokens: 13 });
  });

  it('is refused where the counts do not follow the text', () => {
    expect(fitCalibration({ words: 100, tokens: 7 }, { words: 200, tokens: 7 })).toBeNull();
    expect(fitCalibration({ words: 100, tokens: 100 }, { words: 100, tokens: 100 })).toBeNull();
  });

  it('never asks for less than a word', () => {
    const sizer = createTextSizer('random-words', { tokensPerWord: 1, overheadTokens: 30 });
    expect(sizer.text(-25, ['x']).words).toHaveLength(1);
  });

  it('rests on a list without doubles of words that are letters alone', () => {
    expect(COMMON_WORDS).toHaveLength(1500);
    expect(new Set(COMMON_WORDS).size).toBe(1500);
    expect(COMMON_WORDS.every((word) => /^[a-z]{4,8}$/.test(word))).toBe(true);
  });
});
