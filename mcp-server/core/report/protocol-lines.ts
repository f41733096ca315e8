import { describeComparison } from '../judge/describe-comparison.ts';
import { driftsOf, profilerCostOf } from '../judge/drift.ts';
import { describeDeploymentNoise } from '../judge/noise.ts';
import type { SessionState } from '../ledger/state.ts';
import type { Spread } from '../ledger/vocabulary.ts';
import { percent } from '../percent.ts';
import { hasProfiler } from '../service/profiler.ts';
import { findSpread, metricName, relativeSd } from '../stats/spread.ts';

/** How the noise was measured, how far the incumbent drifted, what the profiler costs: the lines of a report. */
export function protocolLines(state: SessionState): readonly string[] {
  if (state.calibration === null) return ['Noise: the baseline is not calibrated.'];
  return [...noiseLines(state), ...driftLines(state), profilerLine(state)];
}

function noiseLines(state: SessionState): readonly string[] {
  const { metric, quantile } = state.contract.terms.objective;
  const named = { id: metric, quantile };
  const deployments = state.calibration?.deployments ?? [];
  const where = deployments.length === 0 ? 'one deployment' : deployments.join(' and ');
  return state.contract.terms.loadPoints.flatMap((_, index) => {
    const spread = findSpread(state.calibration?.spreads ?? {}, named, index);
    if (spread === null) return [];
    const at = state.contract.terms.loadPoints.length === 1 ? '' : ` at load point ${index}`;
    return [
      `Noise of ${metricName(metric, quantile)}${at}: runs of one deployment differ by ${runNoise(spread)} (sd of ${spread.n} runs on ${where}); ${describeDeploymentNoise(named, spread.between)}.`,
    ];
  });
}

function runNoise(spread: Spread): string {
  const relative = relativeSd(spread);
  return relative === null ? 'an unknown share' : percent(relative);
}

function driftLines(state: SessionState): readonly string[] {
  return driftsOf(state).map(({ trialId, deploymentId, comparison }) => {
    const { deltaRatio, noiseFloorRatio } = comparison.delta;
    const isBeyond =
      deltaRatio !== null && noiseFloorRatio !== null && Math.abs(deltaRatio) > noiseFloorRatio;
    return `Anchor: ${trialId} measured again on ${deploymentId}: ${describeComparison(comparison)}, ${isBeyond ? 'beyond' : 'within'} the noise floor.`;
  });
}

function profilerLine(state: SessionState): string {
  const baseline = state.trials.find((trial) => trial.trialId === state.calibration?.trialId);
  if (baseline === undefined || !hasProfiler(baseline.planned.command)) {
    return 'Cost of profiling: no profiler in the launch command.';
  }
  const cost = profilerCostOf(state);
  return cost === null
    ? 'Cost of profiling: not measured; the launch command has a profiler and the baseline was not run without it.'
    : `Cost of profiling, the baseline with its profiler over the baseline without: ${describeComparison(cost)}.`;
}
