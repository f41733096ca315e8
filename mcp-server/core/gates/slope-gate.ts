import { ttftMs } from '../metrics/request-metrics.ts';
import { type Gate, invalid } from './gate-context.ts';
import type { GateRun, GateSide } from './gate-run.ts';

/** Part of the baseline's time per prompt token that no change of a configuration goes below. Source: own reasoning. */
const LEAST_PART = 0.1;
/** The baseline's slope must stand out so far before its absence says something. Source: normal table. */
const ERRORS = 4;
/** Prompts that the workload itself shares may come from a cache. Source: own reasoning; a template has less. */
const MAX_SHARED = 0.1;

/** Longer prompts take longer: a first token that comes as soon for all of them was not computed from them. */
export const promptsAreRead: Gate = ({ trial, baseline }) => {
  const points = new Set(trial.runs.map((run) => run.loadPointIndex));
  return [...points].flatMap((index) => {
    const now = slopeOf(runsAt(trial, index));
    const before = slopeOf(runsAt(baseline, index));
    if (now === null || before === null) return [];
    if (before.slope < 2 * ERRORS * before.error) return [];
    if (now.slope + ERRORS * now.error >= LEAST_PART * before.slope + ERRORS * before.error) {
      return [];
    }
    return [
      invalid('ttft_flat', {
        size: 1 - now.slope / before.slope,
        detail: `TTFT grows ${now.slope.toFixed(4)} ms a prompt token, ${before.slope.toFixed(4)} before`,
      }),
    ];
  });
};

function runsAt(side: GateSide, index: number): readonly GateRun[] {
  return side.runs.filter(
    (run) => run.loadPointIndex === index && (run.sharedPromptRatio ?? 1) <= MAX_SHARED,
  );
}

/** Least squares of TTFT on prompt tokens that were not cached. Null when: all prompts are alike, or few came. */
function slopeOf(
  runs: readonly GateRun[],
): { readonly slope: number; readonly error: number } | null {
  const points = runs.flatMap((run) =>
    run.records.flatMap((record) => {
      const y = record.failure === null ? ttftMs(record) : null;
      return y === null ? [] : [{ x: record.requestedInputTokens, y }];
    }),
  );
  const count = points.length;
  if (count < MIN_REQUESTS) return null;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count;
  const sxx = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (sxx === 0) return null;
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / sxx;
  const rest = points.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (count - 2) / sxx) };
}

const MIN_REQUESTS = 20;
