import type { SessionState, TrialState } from '../ledger/state.ts';
import { type Comparison, compareOverall } from './compare.ts';
import { OWN_PURPOSES, rulerOf, sideOfTrial } from './from-state.ts';
import type { JudgedSide, Ruler } from './sides.ts';

/** One later measurement of a configuration, beside those that came before it. */
export interface Drift {
  readonly trialId: string;
  readonly deploymentId: string;
  /** The objective: later over earlier. */
  readonly comparison: Comparison;
}

/** Deployments that measured a trial once more, each against every usable run of it before. Shape: oldest first. */
export function driftsOf(state: SessionState): readonly Drift[] {
  const ruler = rulerOf(state);
  return ruler === null ? [] : driftsBy(ruler, state);
}

/**
 * True when some configuration, measured again, differed from itself by more than runs and the prior of deployments explain: the
 * machine wanders, or launches differ. What the session itself saw between deployments is no excuse here, for it is what is asked.
 */
export function hasDrifted(state: SessionState): boolean {
  const ruler = rulerOf(state);
  if (ruler === null) return false;
  const spreads = Object.fromEntries(
    Object.entries(ruler.spreads).map(([key, spread]) => [key, { ...spread, between: undefined }]),
  );
  return driftsBy({ ...ruler, spreads }, state).some(({ comparison: { delta } }) => {
    const [low, high] = delta.interval ?? [0, 0];
    return low > 0 || high < 0;
  });
}

function driftsBy(ruler: Ruler, state: SessionState): readonly Drift[] {
  const { metric, quantile } = ruler.objective;
  return state.trials.flatMap((trial) =>
    anchorsOf(trial).map(({ deploymentId, later, earlier }) => ({
      trialId: trial.trialId,
      deploymentId,
      comparison: compareOverall(
        { ruler, trial: later, reference: earlier },
        { id: metric, quantile },
      ).overall,
    })),
  );
}

/** Every deployment of a trial's own runs but its first. */
function anchorsOf(trial: TrialState): readonly {
  readonly deploymentId: string;
  readonly later: JudgedSide;
  readonly earlier: JudgedSide;
}[] {
  const side = sideOfTrial(trial, OWN_PURPOSES);
  const ids = [...new Set(side.runs.map((run) => run.measurement.deploymentId))];
  return ids.slice(1).map((deploymentId, index) => {
    const before = new Set(ids.slice(0, index + 1));
    return {
      deploymentId,
      later: withRuns(side, (id) => id === deploymentId),
      earlier: withRuns(side, (id) => before.has(id)),
    };
  });
}

const withRuns = (side: JudgedSide, isWanted: (deploymentId: string) => boolean): JudgedSide => ({
  ...side,
  runs: side.runs.filter((run) => isWanted(run.measurement.deploymentId)),
});

/**
 * What the profiler costs on the objective: the calibrated baseline as it is over its runs without the profiler.
 * Null when: it was not measured without.
 */
export function profilerCostOf(state: SessionState): Comparison | null {
  const ruler = rulerOf(state);
  const baseline = state.trials.find((trial) => trial.trialId === ruler?.calibratedOn);
  if (ruler === null || baseline === undefined) return null;
  const bare = sideOfTrial(baseline, ['no_profiler']);
  if (!bare.runs.some((run) => run.measurement.flags.length === 0)) return null;
  const { metric, quantile } = ruler.objective;
  const sides = { trial: sideOfTrial(baseline, OWN_PURPOSES), reference: bare };
  return compareOverall({ ruler, ...sides }, { id: metric, quantile }).overall;
}
