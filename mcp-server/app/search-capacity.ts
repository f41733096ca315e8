import { type CapacityEstimate, estimateCapacity } from '../core/capacity/estimate.ts';
import type { LevelOutcome } from '../core/capacity/level.ts';
import { type CapacityGoal, nextCapacityStep } from '../core/capacity/search.ts';

export interface CapacitySearch {
  readonly goal: CapacityGoal;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Runs one level. Null when: the run says nothing about the service (the client was the limit, or it was stopped). */
  readonly measure: (level: number, run: number, why: string) => Promise<LevelOutcome | null>;
}

export interface CapacityAnswer extends CapacityEstimate {
  readonly find: CapacityGoal['find'];
  readonly reason:
    | 'found'
    | 'above_max'
    | 'below_min'
    | 'probes_used'
    | 'client_limited'
    | 'cancelled';
  readonly probes: readonly {
    readonly level: number;
    readonly pressure: number;
    readonly limitedBy: string;
  }[];
}

/** Runs that may say nothing before the search gives up. Source: own reasoning. */
const MAX_SPOILED = 3;

/** Runs level after level until the most load that meets the service level is known. */
export async function searchCapacity(search: CapacitySearch): Promise<CapacityAnswer> {
  const probes: (CapacityAnswer['probes'][number] & { readonly level: number })[] = [];
  const answer = (reason: CapacityAnswer['reason']): CapacityAnswer => ({
    find: search.goal.find,
    reason,
    ...estimateCapacity(probes, search.seed),
    probes,
  });
  let spoiled = 0;
  for (let run = 0; ; run += 1) {
    if (search.signal.aborted) return answer('cancelled');
    const step = nextCapacityStep(search.goal, probes);
    if (step.kind === 'done') return answer(step.reason);
    const outcome = await search.measure(step.level, run, step.why);
    if (outcome !== null) {
      probes.push({ level: step.level, ...outcome });
      continue;
    }
    spoiled += 1;
    if (search.signal.aborted) return answer('cancelled');
    if (spoiled >= MAX_SPOILED) return answer('client_limited');
  }
}

/** The answer as text: the number with its interval, then the curve. */
export function describeCapacity(answer: CapacityAnswer): string {
  const unit = answer.find === 'max_rate' ? 'requests/s' : 'requests in flight';
  const rows = answer.curve.map(
    ({ level, runs, pressure, fitted }) =>
      `${formatLevel(level).padStart(10)} ${unit.padEnd(18)} ${String(runs).padStart(2)} runs  pressure ${pressure.toFixed(3)}  fit ${fitted.toFixed(3)}`,
  );
  return [`${headline(answer)} (${unit}, ${answer.probes.length} runs)`, ...rows].join('\n');
}

function headline(answer: CapacityAnswer): string {
  const { level, interval, highestPassing, lowestFailing } = answer;
  if (level !== null && interval !== null) {
    const [low, high] = interval.map(formatLevel);
    return `${answer.find} ${formatLevel(level)}, 95 % interval ${low} to ${high}, ${answer.reason}`;
  }
  if (highestPassing !== null) {
    return `${answer.find} is at least ${formatLevel(highestPassing)}, ${answer.reason}`;
  }
  if (lowestFailing !== null) {
    return `${answer.find} is below ${formatLevel(lowestFailing)}, ${answer.reason}`;
  }
  return `${answer.find} is unknown, ${answer.reason}`;
}

function formatLevel(level: number): string {
  return level.toPrecision(4).replace(/\.?0+$/, '');
}
