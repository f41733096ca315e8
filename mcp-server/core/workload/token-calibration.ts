import { z } from 'zod';
import type { TextKind } from './prompt-text.ts';
import { WordTokens } from './word-tokens.ts';

/** How words become tokens at one endpoint: `tokens = overheadTokens + Σ tokens of the words`. */
export const TokenCalibration = z.object({
  /** Mean over the words that prompts are made of. */
  tokensPerWord: z.number(),
  /** Template and start-of-text tokens around the words. */
  overheadTokens: z.number(),
  /** What each word costs by the server's own tokenizer. Absent: only the mean is known. */
  words: WordTokens.optional(),
  /** Template tokens that a reply and the next question add to a conversation. Absent: taken for `overheadTokens`. */
  turnOverheadTokens: z.number().optional(),
  /** True where the server told no counts. */
  isAssumed: z.boolean().optional(),
});
export type TokenCalibration = z.infer<typeof TokenCalibration>;

/** Used where the server tells no counts. Source: COMMON_WORDS are one token each; natural English is about 1.2. */
export function assumedCalibration(kind: TextKind): TokenCalibration {
  return { tokensPerWord: kind === 'natural' ? 1.2 : 1, overheadTokens: 0, isAssumed: true };
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
