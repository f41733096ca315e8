import type { TextKind } from './prompt-text.ts';

/** How words become tokens at one endpoint: `tokens = overheadTokens + words × tokensPerWord`. */
export interface TokenCalibration {
  readonly tokensPerWord: number;
  /** Template and start-of-text tokens around the words. */
  readonly overheadTokens: number;
}

/** Used where the server tells no counts. Source: COMMON_WORDS are one token each; natural English is about 1.2. */
export function assumedCalibration(kind: TextKind): TokenCalibration {
  return { tokensPerWord: kind === 'natural' ? 1.2 : 1, overheadTokens: 0 };
}

/**
 * Line through two probes.
 * Null when: the counts do not grow as text does (a server that counts something else).
 */
export function fitCalibration(
  short: { readonly words: number; readonly tokens: number },
  long: { readonly words: number; readonly tokens: number },
): TokenCalibration | null {
  const slope = (long.tokens - short.tokens) / (long.words - short.words);
  if (!Number.isFinite(slope) || slope < 0.25 || slope > 8) return null;
  return { tokensPerWord: slope, overheadTokens: Math.max(0, short.tokens - slope * short.words) };
}

/** Words that make a prompt of so many tokens, template included; at least one. */
export function wordsForTokens(tokens: number, calibration: TokenCalibration): number {
  return Math.max(1, Math.round((tokens - calibration.overheadTokens) / calibration.tokensPerWord));
}
