import type { GateFinding } from '../gates/gate-run.ts';
import { meanOf } from '../stats/mean-sd.ts';
import { formatNumber } from './feasibility.ts';
import { type JudgedRun, type JudgeInput, usableRuns } from './sides.ts';

/** Share below a physical floor that measurement error may explain. Source: own reasoning; clocks agree within 1 %. */
const FLOOR_SLACK_RATIO = 0.02;

/** Why the trial's numbers cannot be true; empty when nothing speaks against them. Source: docs/gates.md. */
export function implausibilities(input: JudgeInput): readonly string[] {
  const runs = usableRuns(input.trial);
  return [
    ...new Set([
      ...found(input, 'invalid'),
      ...runs.flatMap(faultsOfRun),
      ...belowFloors(input, runs),
    ]),
  ];
}

/** Why answers must be checked before the trial is kept, although its change cannot alter them. */
export const doubtsOnAnswers = (input: JudgeInput): readonly string[] => found(input, 'quality');

/** What the requests of the trial show, used runs or not. */
function found({ gates }: JudgeInput, weight: GateFinding['weight']): readonly string[] {
  return (gates?.findings ?? [])
    .filter((finding) => finding.weight === weight)
    .map(({ name, detail }) => `${name}: ${detail}`);
}

function faultsOfRun({ measurement }: JudgedRun): readonly string[] {
  const { summary, measurementId } = measurement;
  const negative = (['ttftMs', 'tbotMs', 'iclMs', 'ttltMs'] as const).filter((id) => {
    const least = summary[id].min;
    return least !== null && least < 0;
  });
  const faults = negative.map((id) => `${measurementId}: ${id} is negative`);
  if (summary.completed + summary.failed > summary.attempted) {
    faults.push(`${measurementId}: more requests ended than were sent`);
  }
  if (summary.completed > 0 && summary.outputTokens <= 0) {
    faults.push(`${measurementId}: requests completed without a single output token`);
  }
  if (summary.cachedTokens !== null && summary.cachedTokens > summary.inputTokens) {
    faults.push(`${measurementId}: more cached tokens than input tokens`);
  }
  if (isBefore(summary.ttltMs.p50, summary.ttftMs.p50)) {
    faults.push(`${measurementId}: the last token came before the first`);
  }
  return faults;
}

function isBefore(last: number | null, first: number | null): boolean {
  return last !== null && first !== null && last < first;
}

function belowFloors(input: JudgeInput, runs: readonly JudgedRun[]): readonly string[] {
  return input.floors.flatMap(({ metric, floorMs }) => {
    const medians = runs
      .map((run) => run.measurement.summary[metric].p50)
      .filter((value) => value !== null);
    const median = meanOf(medians);
    if (median === null || median >= floorMs * (1 - FLOOR_SLACK_RATIO)) return [];
    return [
      `${metric}.p50 ${formatNumber(median)} is faster than the hardware allows (${formatNumber(floorMs)})`,
    ];
  });
}
