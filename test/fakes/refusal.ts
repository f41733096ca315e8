import { expect } from 'vitest';

/** An error of this code whose message and fix hold these words; for `toThrow`. */
export const refusal = (
  code: `E_${string}`,
  message: string | RegExp,
  fix: string | RegExp = /\S/,
): unknown => expect.objectContaining({ code, message: holding(message), fix: holding(fix) });

const holding = (words: string | RegExp): unknown =>
  typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words);
