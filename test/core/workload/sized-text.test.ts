import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TextKind } from '../../../mcp-server/core/workload/prompt-text.ts';
import { createTextSizer } from '../../../mcp-server/core/workload/sized-text.ts';
import {
  readVocabulary,
  vocabularyOf,
  vocabularyText,
} from '../../../mcp-server/core/workload/word-tokens.ts';
import { createTokenizer } from '../../../mcp-server/simulator/core/text/tokenizer.ts';
import { byteLevel, type FakeTokenizer, fourLetters, wholeLines } from '../../fakes/tokenizers.ts';

const simulated = (): FakeTokenizer => {
  const tokenizer = createTokenizer(128_256);
  return (text) => tokenizer.ids(tokenizer.pieces(text));
};
const TOKENIZERS = { simulated: simulated(), fourLetters: fourLetters(), byteLevel };
const KINDS = ['random-words', 'natural'] as const;

const sizerOf = (kind: TextKind, tokenize: FakeTokenizer) => {
  const words = readVocabulary(kind, tokenize(vocabularyText(kind)));
  if (words === null) throw new Error('no vocabulary');
  return createTextSizer(kind, { tokensPerWord: 1, overheadTokens: 0, words });
};

/** Tokens of a text behind a template that ends in a line break. */
const countOf = (tokenize: FakeTokenizer, text: string): number =>
  tokenize(`\n${text}`).length - tokenize('\n').length;

describe('a vocabulary read from a tokenizer', () => {
  for (const [name, tokenize] of Object.entries(TOKENIZERS)) {
    it(`holds the cost of every word (${name})`, () => {
      const words = readVocabulary('natural', tokenize(vocabularyText('natural')));
      const costs = vocabularyOf('natural').map((word) => tokenize(` ${word}`).length);
      expect(words?.counts).toEqual(costs);
    });
  }

  it('is none where words are joined, or where something else answered', () => {
    const tokenize = wholeLines();
    expect(readVocabulary('random-words', tokenize(vocabularyText('random-words')))).toBeNull();
    expect(readVocabulary('random-words', [])).toBeNull();
    expect(readVocabulary('random-words', [1, 1, 1])).toBeNull();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 200 }), (ids) => {
        expect(readVocabulary('natural', ids)).toBeNull();
      }),
    );
  });
});

describe('a text sized by a tokenizer', () => {
  for (const [name, tokenize] of Object.entries(TOKENIZERS)) {
    for (const kind of KINDS) {
      const sizer = sizerOf(kind, tokenize);
      it(`has exactly the tokens asked for (${name}, ${kind})`, () => {
        fc.assert(
          fc.property(fc.integer({ min: 40, max: 900 }), fc.integer(), (tokens, key) => {
            const text = sizer.text(tokens, [key]);
            expect(text.tokens).toBe(tokens);
            // without a space in front a text of the fake tokenizers is shorter or longer by one number always
            const bare = sizer.text(300, ['another']);
            const constant = countOf(tokenize, bare.words.join(' ')) - 300;
            expect(countOf(tokenize, text.words.join(' ')) - constant).toBe(tokens);
          }),
          { numRuns: 60 },
        );
      });
    }
  }

  it('never ends in a sign, which a template’s line break could join', () => {
    const sizer = sizerOf('natural', TOKENIZERS.simulated);
    const last = Array.from({ length: 200 }, (_, key) => sizer.text(60 + key, [key]).words.at(-1));
    expect(last.filter((word) => !/^\w+$/.test(word ?? ''))).toEqual([]);
  });

  it('follows from its key, and begins with random words', () => {
    const sizer = sizerOf('natural', TOKENIZERS.fourLetters);
    expect(sizer.text(200, [1])).toEqual(sizer.text(200, [1]));
    const openings = Array.from({ length: 50 }, (_, key) =>
      sizer.text(200, [key]).words.slice(0, 6).join(' '),
    );
    expect(new Set(openings).size).toBe(50);
  });

  it('is as near as words allow where no words come to the length', () => {
    // a word of four letters with its space is five bytes
    const sizer = sizerOf('random-words', byteLevel);
    expect(sizer.leastTokens).toBe(5);
    expect(sizer.text(3, [1])).toMatchObject({
      words: [expect.stringMatching(/^\w{4}$/)],
      tokens: 5,
    });
    expect(sizer.text(6, [1]).tokens).toBe(6);
  });

  it('holds the same words as one of counted words where every word is one token', () => {
    const exact = sizerOf('random-words', TOKENIZERS.simulated);
    const counted = createTextSizer('random-words', { tokensPerWord: 1, overheadTokens: 0 });
    expect(exact.text(120, ['k'])).toEqual(counted.text(120, ['k']));
  });
});
