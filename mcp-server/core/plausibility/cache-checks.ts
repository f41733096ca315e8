import { paceMs, ttftMs } from '../metrics/request-metrics.ts';
import { percent } from '../percent.ts';
import { quantile } from '../stats/quantile.ts';
import type { RequestRecord } from '../workload/request-record.ts';
import { type Check, type Facts, type Fault, found } from './input.ts';
import type { Trap } from './traps.ts';

/** A repeat this much faster than what came for the first time was answered from somewhere. Source: own reasoning. */
const FASTER = 0.5;
const MIN_TRAPS = 3;
/** Cached share that unique prompts may have: the template. Source: docs/load.md, 2 points. */
const MAX_CACHED = 0.05;
/** Share of different prompts that may get one answer. Source: own reasoning. */
const MAX_SAME = 0.2;

/** Answers and prefixes that come from a store although every prompt is said to be new. */
export const contentCaching: Check = (facts) => [
  ...found(5, 'answers_cached', whySameAnswers(facts, 'exact')),
  ...found(5, 'near_answers_cached', whySameAnswers(facts, 'near')),
  ...found(5, 'prefix_cache_hidden', whyHidden(facts)),
  ...found(5, 'unique_prompts_cached', whyCached(facts)),
  ...found(5, 'one_answer_for_all', whyOneAnswer(facts)),
];

interface Pair {
  readonly first: RequestRecord;
  readonly again: RequestRecord;
}

function pairsOf({ valid, traps }: Facts, kind: Trap['kind']): readonly Pair[] {
  const byIndex = new Map(valid.map((record) => [record.index, record]));
  return traps
    .filter((trap) => trap.kind === kind)
    .flatMap((trap) => {
      const first = byIndex.get(trap.of);
      const again = byIndex.get(trap.index);
      return first === undefined || again === undefined ? [] : [{ first, again }];
    });
}

const medianOf = (
  records: readonly RequestRecord[],
  read: (record: RequestRecord) => number | null,
): number | null =>
  quantile(
    records.map(read).filter((value) => value !== null),
    0.5,
  );

/** A repeat must still be decoded: faster tokens than those of new prompts mean that nothing was. */
function whySameAnswers(facts: Facts, kind: Trap['kind']): Fault | null {
  const pairs = pairsOf(facts, kind);
  const again = medianOf(
    pairs.map((pair) => pair.again),
    paceMs,
  );
  const usual = medianOf(facts.unique, paceMs);
  const same = pairs.filter((pair) => pair.first.textHash === pair.again.textHash).length;
  if (pairs.length < MIN_TRAPS || again === null || usual === null) return null;
  if (again < FASTER * usual) {
    const detail = `repeats take ${again.toFixed(2)} ms a token, new prompts ${usual.toFixed(2)}`;
    return { size: 1 - again / usual, detail };
  }
  if (kind !== 'near' || same <= pairs.length / 2) return null;
  return {
    size: same / pairs.length,
    detail: `${same} of ${pairs.length} changed prompts got the answer of the unchanged one`,
  };
}

function whyHidden(facts: Facts): Fault | null {
  const pairs = pairsOf(facts, 'exact');
  // Engines that never tell what was cached hide nothing.
  if (pairs.every(({ again }) => again.cachedTokens === null)) return null;
  const told = pairs.reduce((sum, { again }) => sum + (again.cachedTokens ?? 0), 0);
  const asked = pairs.reduce((sum, { again }) => sum + (again.inputTokens ?? 0), 0);
  const again = medianOf(
    pairs.map((pair) => pair.again),
    ttftMs,
  );
  const usual = medianOf(
    pairs.map((pair) => pair.first),
    ttftMs,
  );
  if (pairs.length < MIN_TRAPS || again === null || usual === null) return null;
  const isFast = again < FASTER * usual && usual - again > LEAST_MS;
  if (!isFast || told >= MAX_CACHED * asked) return null;
  return {
    size: 1 - again / usual,
    detail: `repeats get their first token in ${again.toFixed(1)} ms, new prompts in ${usual.toFixed(1)}, and nothing is said to be cached`,
  };
}

/** Differences of TTFT below this are jitter. Source: own reasoning. */
const LEAST_MS = 3;

function whyCached({ unique, summary }: Facts): Fault | null {
  if (summary.cachedTokens === null) return null;
  const cached = unique.reduce((sum, record) => sum + (record.cachedTokens ?? 0), 0);
  const tokens = unique.reduce((sum, record) => sum + (record.inputTokens ?? 0), 0);
  if (tokens === 0 || cached / tokens <= MAX_CACHED) return null;
  const detail = `${percent(cached / tokens)} of prompts that nobody sent before are said to be cached`;
  return { size: cached / tokens, detail };
}

function whyOneAnswer({ unique }: Facts): Fault | null {
  const counts = new Map<string, number>();
  for (const { textHash } of unique) counts.set(textHash, (counts.get(textHash) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  if (unique.length < 5 || most < 3 || most / unique.length <= MAX_SAME) return null;
  const detail = `${most} of ${unique.length} different prompts got the same answer`;
  return { size: most / unique.length, detail };
}
