import type { Hint, Report } from '../report.ts';

const MAX_CHARS = 200_000;

const ALIKE =
  /selected slot by LCP similarity, (?:sim_best|lcp_len|similarity) = (0\.[5-9]\d*|1\.0*)/;
/** A slot that had served before, taken though no slot held the beginning of the prompt. */
const OLDEST = /selected slot by LRU, t_last = \d+/;
const READ = /prompt eval time = *[\d.]+ ms \/ *(\d+) tokens/;
const PROMPT = /task\.n_tokens = (\d+)/;
/** Tokens of a prompt that is worth to be kept. Source: own reasoning. */
const LONG = 10_000;
/** So much of a prompt read means that next to nothing of it was kept. Source: own reasoning. */
const WHOLE = 0.95;

/** A long prompt went to another slot than the turns before it, and was read whole there. Source: llama.cpp tools/server `get_available_slot`. */
export function otherSlot(report: Report): readonly Hint[] {
  const log = (report.input.log ?? '').slice(-MAX_CHARS);
  const before = log.search(ALIKE);
  const after = log.slice(Math.max(0, before));
  const taken = OLDEST.exec(after);
  if (before === -1 || taken === null) return [];
  const rest = after.slice(taken.index);
  const [prompt, read] = [PROMPT, READ].map((pattern) => Number(pattern.exec(rest)?.[1]));
  const isWhole = prompt !== undefined && read !== undefined && read >= WHOLE * prompt;
  return isWhole && read > LONG
    ? [{ cls: 'prefix_cache_miss', weight: 0.7, evidence: taken[0] }]
    : [];
}
