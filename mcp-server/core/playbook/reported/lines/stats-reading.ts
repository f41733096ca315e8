import type { Hint } from '../report.ts';

/** How the line begins that vLLM prints every ten seconds: prompt and generated tokens a second, requests that run. Source: vLLM v1/metrics/loggers.py. */
export const STATS = String.raw`Avg prompt throughput: ([\d.]+) tokens/s, Avg generation throughput: ([\d.]+) tokens/s, Running: (\d+) reqs`;
export const STATS_LINE = new RegExp(STATS, 'g');

const WITH_POOL = new RegExp(
  String.raw`${STATS}, Waiting: \d+ reqs, GPU KV cache usage: ([\d.]+)%`,
  'g',
);

interface Stats {
  readonly line: string;
  readonly at: number;
  readonly prompt: number;
  readonly made: number;
  readonly running: number;
  readonly kvPercent: number;
}

const statsOf = (log: string): readonly Stats[] =>
  [...log.matchAll(WITH_POOL)].map((found) => {
    const [prompt = 0, made = 0, running = 0, kvPercent = 0] = found.slice(1).map(Number);
    return { line: found[0], at: found.index, prompt, made, running, kvPercent };
  });

/** A step that reads prompts and hardly makes a token, beside a pool with room. Source: own reasoning. */
const MOSTLY_READS = 50;
const ROOM_PERCENT = 60;
const FEW = 4;

/** What ran when memory ended: a few long prompts. */
function readingAtOom(log: string, stats: readonly Stats[]): readonly Hint[] {
  const oom = log.search(/out of memory|OutOfMemory|failed with OOM/);
  const last = stats.findLast(({ at }) => at < oom);
  if (last === undefined || last.running > FEW || last.kvPercent > ROOM_PERCENT) return [];
  return last.prompt > MOSTLY_READS * Math.max(last.made, 1)
    ? [{ cls: 'oom_activation_prefill', weight: 0.75, evidence: last.line }]
    : [];
}

/** What the lines of statistics show of what ran when a server ended. */
export const statsHints = (log: string): readonly Hint[] => readingAtOom(log, statsOf(log));
