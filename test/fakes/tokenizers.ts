/** Tokenizers that differ in what a word costs. Each gives the same ids for the same piece of text. */
export type FakeTokenizer = (text: string) => readonly number[];

function byPieces(pattern: RegExp): FakeTokenizer {
  const known = new Map<string, number>();
  return (text) =>
    (text.match(pattern) ?? []).map((piece) => {
      const id = known.get(piece) ?? known.size;
      known.set(piece, id);
      return id;
    });
}

/** Words of up to four letters are one token behind a space; without one the first token holds three. */
export const fourLetters = (): FakeTokenizer =>
  byPieces(/ \p{L}{1,4}|\p{L}{1,3}|\n| |[^\s\p{L}]/gu);

/** One token a byte: no common word costs fewer than five with its space. */
export const byteLevel: FakeTokenizer = (text) => [...new TextEncoder().encode(text)];

/** Joins what stands between two line breaks, whatever words it holds. */
export const wholeLines = (): FakeTokenizer => byPieces(/[^\n]+|\n/gu);
