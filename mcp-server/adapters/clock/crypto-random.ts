import { randomInt } from 'node:crypto';
import type { Random } from '../../ports/random.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Unpredictable tokens for ids. */
export function createCryptoRandom(): Random {
  return {
    token: (length) => Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  };
}
