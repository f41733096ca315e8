import type { EventData } from '../core/ledger/events.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { Cause } from '../core/ledger/vocabulary.ts';
import {
  addressedCause,
  compareMechanism,
  compareStart,
  type MechanismOutcome,
  unmeasured,
} from '../core/playbook/mechanism.ts';
import type { Observation } from '../core/playbook/observation.ts';
import { engineById } from '../engines/index.ts';
import type { App } from './app.ts';
import { observe } from './observe.ts';

type Check = EventData<'mechanism_checked'>;
type Measurement = EventData<'measurement_recorded'>;
type Reader = Pick<App, 'evidence' | 'files'>;

/** Runs of a side that are looked at, the newest. Source: own reasoning; each reads log and scrapes again. */
const MAX_RUNS = 3;

/**
 * Whether a measured trial moved the metric that confirms the diagnosis it rests on, against the configuration that was
 * diagnosed. Null when: it rests on none.
 */
export async function checkMechanism(
  app: Reader,
  state: SessionState,
  trial: TrialState,
): Promise<Check | null> {
  const { diagnosisId, changes, engine } = trial.planned;
  const diagnosis = state.trials
    .flatMap((one) => one.diagnoses)
    .find((one) => one.diagnosisId === diagnosisId);
  const reference = state.trials.find((one) => one.trialId === diagnosis?.trialId);
  if (diagnosisId === null || diagnosis === undefined || reference === undefined) return null;
  const own = engineById(engine);
  const cause = addressedCause(diagnosis.causes, changes, (flag) => own.canonicalFlag(flag));
  if (cause === null) return null;
  const outcome = await compare(app, state, { trial, reference, cause });
  return {
    trialId: trial.trialId,
    referenceId: reference.trialId,
    diagnosisId,
    rule: cause.rule,
    cause: cause.cause,
    ...outcome,
  };
}

async function compare(
  app: Reader,
  state: SessionState,
  sides: { readonly trial: TrialState; readonly reference: TrialState; readonly cause: Cause },
): Promise<MechanismOutcome> {
  const { trial, reference, cause } = sides;
  const failure = reference.deployments.findLast((one) => one.failed !== null)?.failed;
  if (cause.rule.startsWith('crash-') && failure) {
    return compareStart(failure.crashClass, endOf(trial));
  }
  const point = ownRuns(reference).at(-1)?.loadPointIndex ?? null;
  const before = await observeRuns(app, state, { trial: reference, point });
  const after = await observeRuns(app, state, { trial, point });
  if (after.length === 0) return unmeasured(null, 'the trial was not measured at this load point');
  return compareMechanism(cause.rule, before, after);
}

function endOf(trial: TrialState): {
  readonly crashClass: string | null;
  readonly served: boolean;
} {
  const last = trial.deployments.at(-1);
  return { crashClass: last?.failed?.crashClass ?? null, served: (last?.ready ?? null) !== null };
}

/** Whole runs that are no probe: what a verdict may look at. */
function ownRuns(trial: TrialState): readonly Measurement[] {
  return trial.measurements
    .map(({ data }) => data)
    .filter((run) => run.purpose !== 'probe' && !run.flags.includes('INTERRUPTED'));
}

async function observeRuns(
  app: Reader,
  state: SessionState,
  side: { readonly trial: TrialState; readonly point: number | null },
): Promise<readonly Observation[]> {
  const runs = ownRuns(side.trial).filter(
    (run) =>
      run.loadPointIndex === side.point && (run.purpose === 'calibrate' || run.purpose === 'trial'),
  );
  const observations: Observation[] = [];
  for (const run of runs.slice(-MAX_RUNS)) {
    observations.push(await observe(app, state, { trial: side.trial, run }));
  }
  return observations;
}
