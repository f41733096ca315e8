const CHUNK = /#new-seq: 1, #new-token: (\d+)/;

/** Equal pieces, one after the other, and what is left: one long prompt that is read in chunks. */
export function isOnePrompt(prefills: readonly string[]): boolean {
  const sizes = prefills.map((line) => Number(CHUNK.exec(line)?.[1]));
  const [first = Number.NaN, last = Number.NaN] = [sizes[0], sizes.at(-1)];
  if (sizes.slice(0, -1).some((size) => size !== first)) return false;
  return last === first ? sizes.length >= 3 : last < first && first % 256 === 0;
}
