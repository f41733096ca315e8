import type { Gate, Verdict } from '../ledger/vocabulary.ts';
import { MAX_RETESTS } from './gain.ts';
import type { JudgeInput } from './sides.ts';

/** A verdict, the gate that failed (null when none did), and why. */
export interface Ruling {
  readonly verdict: Verdict;
  readonly gate: Gate | null;
  readonly reasons: readonly string[];
}

/** Numbers that cannot be judged. */
export const invalid = (reason: string): Ruling => ({
  verdict: 'invalid',
  gate: null,
  reasons: [reason],
});

/** What noise could explain is measured again, at most twice, and then counts as nothing. */
export function unclear(input: JudgeInput, reason: string): Ruling {
  if (input.retests < MAX_RETESTS) {
    return { verdict: 'retest', gate: null, reasons: [`${reason}; measure it once more`] };
  }
  const end = `${reason}; it was not cleared up, so it counts as none and the simpler one stays`;
  return { verdict: 'tie', gate: null, reasons: [end] };
}
