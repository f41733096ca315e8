import { hasMoved } from '../ledger/instance.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import type { Instance, Purpose } from '../ledger/vocabulary.ts';
import { hasProfiler } from '../service/profiler.ts';
import { deployRefusal } from './end-reason.ts';
import { ownDeployment } from './facts.ts';
import { type NextStep, stepOf } from './step.ts';
import { incumbentOf } from './turn-steps.ts';

/** Trials after which the incumbent is measured once more. Source: docs/verdicts.md. */
const TRIALS_PER_ANCHOR = 5;
/** Deployments of a calibration that is whole: where the A/A runs ran, and one redeploy. */
const CALIBRATION_DEPLOYMENTS = 2;
/** Tries of one such measurement before the session goes on without it. Source: own reasoning. */
const MAX_TRIES = 2;

/**
 * What still belongs to the calibration once the baseline is measured and stopped: the baseline deployed once more, and once without
 * its profiler. Null when: both are there, were tried in vain, or the budget forbids them.
 */
export function calibrationStep(
  state: SessionState,
  baseline: TrialState,
  nowMs: number,
): NextStep | null {
  if (state.calibration === null || !isAffordable(state, baseline, nowMs)) return null;
  const { deployments } = state.calibration;
  const { trialId } = baseline;
  if (
    deployments.length > 0 &&
    deployments.length < CALIBRATION_DEPLOYMENTS &&
    triesOf(state, { trialId, purpose: 'calibrate', isFresh: true }) < MAX_TRIES
  ) {
    return stepOf(
      'benchmark',
      { trial_id: trialId, purpose: 'calibrate' },
      'The baseline is deployed once more: what two deployments of one configuration differ by is noise too.',
    );
  }
  const isBareMeasured = baseline.measurements.some(({ data }) => data.purpose === 'no_profiler');
  if (isBareMeasured || !hasProfiler(baseline.planned.command)) return null;
  if (triesOf(state, { trialId, purpose: 'no_profiler' }) >= MAX_TRIES) return null;
  return stepOf(
    'benchmark',
    { trial_id: trialId, purpose: 'no_profiler' },
    'The baseline runs once without its profiler: what profiling costs is said in every report.',
  );
}

/** The incumbent measured once more, five trials after it last was. Null when: it is not due, or cannot be had. */
export function anchorStep(state: SessionState, nowMs: number): NextStep | null {
  const best = incumbentOf(state);
  if (best === null || !isAffordable(state, best, nowMs)) return null;
  const lastAt = lastMeasuredAt(state, best);
  const since = state.trials.filter(
    (trial) => trial !== best && trial.closed !== null && trial.plannedAt > lastAt,
  );
  if (since.length < TRIALS_PER_ANCHOR) return null;
  return askForAnchor(
    best,
    `${since.length} trials ago ${best.trialId} was measured last: it is the anchor that shows drift.`,
  );
}

/**
 * The incumbent measured on the instance that a trial landed on, before the two are compared. Null when: it ran there already, was
 * tried for this trial, or cannot be had.
 */
export function anchorForTrial(
  state: SessionState,
  trial: TrialState,
  nowMs: number,
): NextStep | null {
  const best = incumbentOf(state);
  const place = ownDeployment(trial)?.ready?.instance;
  if (best === null || best === trial || place === undefined || ranAt(best, place)) return null;
  const anchor = { trialId: best.trialId, purpose: 'anchor' as const, since: trial.plannedAt };
  if (triesOf(state, anchor) > 0 || !isAffordable(state, best, nowMs)) return null;
  return askForAnchor(
    best,
    `${trial.trialId} landed on ${nameOf(place)}, where ${best.trialId} never ran: the machine must not pass for a gain.`,
  );
}

const nameOf = (place: Instance): string => place.id ?? place.gpu ?? 'another instance';

/** True where the trial was measured on that instance, as far as is known. */
function ranAt(trial: TrialState, place: Instance): boolean {
  const measured = new Set(trial.measurements.map(({ data }) => data.deploymentId));
  return trial.deployments.some(
    ({ deploymentId, ready }) =>
      ready !== null && measured.has(deploymentId) && !hasMoved(ready.instance, place),
  );
}

const askForAnchor = (best: TrialState, why: string): NextStep =>
  stepOf('benchmark', { trial_id: best.trialId, purpose: 'anchor' }, why);

const isAffordable = (state: SessionState, trial: TrialState, nowMs: number): boolean =>
  deployRefusal(state, trial, nowMs) === null;

/** When the incumbent was measured, or tried to be, last. */
function lastMeasuredAt(state: SessionState, best: TrialState): string {
  const runs = best.measurements
    .filter(({ data }) => data.purpose !== 'probe' && data.purpose !== 'no_profiler')
    .map(({ at }) => at);
  const tries = jobsOf(state, { trialId: best.trialId, purpose: 'anchor' }).map(
    (job) => job.startedAt,
  );
  return [best.plannedAt, ...runs, ...tries].toSorted().at(-1) ?? best.plannedAt;
}

interface Tried {
  readonly trialId: string;
  readonly purpose: Purpose;
  readonly isFresh?: boolean;
  readonly since?: string;
}

const triesOf = (state: SessionState, tried: Tried): number => jobsOf(state, tried).length;

function jobsOf(state: SessionState, tried: Tried): SessionState['jobs'] {
  return state.jobs.filter(
    ({ started, startedAt }) =>
      started.kind === 'benchmark' &&
      started.trialId === tried.trialId &&
      started.args['purpose'] === tried.purpose &&
      (tried.isFresh !== true || started.args['fresh'] === true) &&
      startedAt >= (tried.since ?? ''),
  );
}
