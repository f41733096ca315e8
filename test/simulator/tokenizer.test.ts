import { describe, expect, it } from 'vitest';
import { greedyPrompts } from '../../mcp-server/core/quality/greedy.ts';
import { createRng } from '../../mcp-server/simulator/core/random.ts';
import { proseSentences } from '../../mcp-server/simulator/core/text/prose.ts';
import { createTokenizer } from '../../mcp-server/simulator/core/text/tokenizer.ts';

const VOCAB = 128_256;

/** Words of a load, as many as want an id that another word wants too. */
function loadText(seed: number): string {
  const rng = createRng(seed);
  const letter = (): string => String.fromCharCode(97 + Math.floor(rng.next() * 26));
  return Array.from({ length: 8000 }, () => Array.from({ length: 6 }, letter).join('')).join(' ');
}

function firstSentences(count: number): string {
  const sentences: string[] = [];
  for (const sentence of proseSentences(3)) {
    sentences.push(sentence);
    if (sentences.length === count) break;
  }
  return sentences.join('');
}

describe('the simulated tokenizer', () => {
  it('gives what a quality check reads the same tokens in every process, whatever the load was before', () => {
    const checked = [...greedyPrompts(7, 24).map(({ prompt }) => prompt), firstSentences(40)];
    const ids = [1, 2, 3].map((seed) => {
      const tokenizer = createTokenizer(VOCAB);
      tokenizer.ids(tokenizer.pieces(loadText(seed)));
      return checked.map((text) => tokenizer.ids(tokenizer.pieces(text)));
    });
    expect(ids[1]).toEqual(ids[0]);
    expect(ids[2]).toEqual(ids[0]);
  });

  it('reads its own tokens back', () => {
    const tokenizer = createTokenizer(VOCAB);
    const text = loadText(4);
    expect(tokenizer.text(tokenizer.ids(tokenizer.pieces(text)))).toBe(text);
  });
});
