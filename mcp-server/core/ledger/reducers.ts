import { InvariantError } from '../errors.ts';
import type { EventData, EventType } from './events.ts';
import type { DeploymentState, JobState, SessionState, TrialPhase, TrialState } from './state.ts';

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** The state while it is folded: its own containers may change, the trials, jobs and deployments in them never do. */
export type Draft = Mutable<Omit<SessionState, 'trials' | 'jobs' | 'refusals' | 'evidence'>> & {
  trials: TrialState[];
  jobs: JobState[];
  refusals: EventData<'trial_refused'>[];
  evidence: Map<string, EventData<'evidence_stored'>>;
  unknownEvents: Record<string, number>;
};

type EventOf<Type extends EventType> = {
  [Key in Type]: { readonly at: string; readonly type: Key; readonly data: EventData<Key> };
}[Type];

type Reducers = { readonly [Type in EventType]: (draft: Draft, event: EventOf<Type>) => void };

function broken(message: string): InvariantError {
  return new InvariantError(message, {
    code: 'E_LEDGER_ORDER',
    fix: 'Run `autodebug doctor`; the ledger names something it never introduced.',
  });
}

function changeTrial(
  draft: Draft,
  trialId: string,
  change: (trial: TrialState) => Partial<TrialState>,
): void {
  const index = draft.trials.findLastIndex((trial) => trial.trialId === trialId);
  const trial = draft.trials[index];
  if (trial === undefined) throw broken(`The ledger names ${trialId} before planning it.`);
  draft.trials[index] = { ...trial, ...change(trial) };
}

/** Trial that a deployment id belongs to: `t0007` of `d0007-2`. */
const trialOfDeployment = (deploymentId: string): string => `t${deploymentId.slice(1, 5)}`;

function changeDeployment(
  draft: Draft,
  deploymentId: string,
  change: { readonly to: Partial<DeploymentState>; readonly phase?: TrialPhase },
): void {
  changeTrial(draft, trialOfDeployment(deploymentId), (trial) => {
    if (!trial.deployments.some((one) => one.deploymentId === deploymentId)) {
      throw broken(`The ledger names ${deploymentId} before intending it.`);
    }
    return {
      deployments: trial.deployments.map((one) =>
        one.deploymentId === deploymentId ? { ...one, ...change.to } : one,
      ),
      phase: change.phase === undefined ? trial.phase : advance(trial.phase, change.phase),
    };
  });
}

const ENDED: ReadonlySet<TrialPhase> = new Set(['judged', 'closed', 'aborted']);

/** A later deployment of a trial that was judged or closed (a confirmation) does not move its phase. */
function advance(from: TrialPhase, to: TrialPhase): TrialPhase {
  return ENDED.has(from) ? from : to;
}

function newDeployment(data: EventData<'deploy_intended'>, at: string): DeploymentState {
  return {
    deploymentId: data.deploymentId,
    trialId: data.trialId,
    intended: data,
    intendedAt: at,
    handle: null,
    startedAt: null,
    ready: null,
    readyAt: null,
    failed: null,
    stopIntendedAt: null,
    gone: null,
    goneAt: null,
  };
}

function moveBest(draft: Draft, trialId: string): void {
  draft.bestId = trialId;
  if (draft.confirmed !== null && draft.confirmed.trialId !== trialId) draft.confirmed = null;
}

const REDUCERS: Reducers = {
  session_opened: () => {
    throw broken('The ledger opens the same session twice.');
  },
  budget_amended: (draft, { data }) => {
    draft.budget = data.budget;
    if (draft.stopped?.data.reason === 'cap') draft.stopped = null;
  },
  trial_planned: (draft, { data, at }) => {
    draft.trials.push({
      trialId: data.trialId,
      phase: 'planned',
      planned: data,
      plannedAt: at,
      deployments: [],
      measurements: [],
      quality: [],
      diagnoses: [],
      mechanisms: [],
      judgements: [],
      closed: null,
      closedAt: null,
    });
  },
  trial_refused: (draft, { data }) => {
    draft.refusals.push(data);
  },
  deploy_intended: (draft, { data, at }) => {
    changeTrial(draft, data.trialId, (trial) => ({
      deployments: [...trial.deployments, newDeployment(data, at)],
      phase: advance(trial.phase, 'deploying'),
    }));
  },
  deploy_started: (draft, { data, at }) => {
    changeDeployment(draft, data.deploymentId, { to: { handle: data.handle, startedAt: at } });
  },
  deploy_ready: (draft, { data, at }) => {
    changeDeployment(draft, data.deploymentId, {
      to: { ready: data, readyAt: at },
      phase: 'ready',
    });
  },
  deploy_failed: (draft, { data }) => {
    changeDeployment(draft, data.deploymentId, { to: { failed: data }, phase: 'crashed' });
  },
  stop_intended: (draft, { data, at }) => {
    changeDeployment(draft, data.deploymentId, { to: { stopIntendedAt: at } });
  },
  deployment_gone: (draft, { data, at }) => {
    changeDeployment(draft, data.deploymentId, { to: { gone: data, goneAt: at } });
  },
  job_started: (draft, { data, at }) => {
    draft.jobs.push({
      jobId: data.jobId,
      startedAt: at,
      started: data,
      ended: null,
      endedAt: null,
    });
  },
  job_ended: (draft, { data, at }) => {
    const index = draft.jobs.findLastIndex((job) => job.jobId === data.jobId);
    const job = draft.jobs[index];
    if (job === undefined) throw broken(`The ledger ends ${data.jobId} before starting it.`);
    draft.jobs[index] = { ...job, ended: data, endedAt: at };
  },
  evidence_stored: (draft, { data }) => {
    draft.evidence.set(data.evidenceId, data);
  },
  measurement_recorded: (draft, { data, at }) => {
    changeTrial(draft, data.trialId, (trial) => ({
      measurements: [...trial.measurements, { at, data }],
      phase: data.purpose === 'probe' ? trial.phase : advance(trial.phase, 'measured'),
    }));
  },
  calibrated: (draft, { data }) => {
    draft.calibration = {
      trialId: data.trialId,
      spreads: data.spreads,
      deployments: data.deployments ?? [],
    };
    if (draft.bestId === null) draft.bestId = data.trialId;
  },
  quality_checked: (draft, { data }) => {
    changeTrial(draft, data.trialId, (trial) => ({ quality: [...trial.quality, data] }));
  },
  diagnosed: (draft, { data }) => {
    changeTrial(draft, data.trialId, (trial) => ({ diagnoses: [...trial.diagnoses, data] }));
  },
  mechanism_checked: (draft, { data }) => {
    changeTrial(draft, data.trialId, (trial) => ({ mechanisms: [...trial.mechanisms, data] }));
  },
  trial_judged: (draft, { data }) => {
    changeTrial(draft, data.trialId, (trial) => ({
      judgements: [...trial.judgements, data],
      phase: data.verdict === 'retest' ? trial.phase : advance(trial.phase, 'judged'),
    }));
  },
  best_moved: (draft, { data }) => {
    moveBest(draft, data.trialId);
  },
  trial_closed: (draft, { data, at }) => {
    changeTrial(draft, data.trialId, () => ({ closed: data, closedAt: at, phase: data.outcome }));
  },
  best_confirmed: (draft, { data }) => {
    draft.confirmed = data;
  },
  promoted: (draft, { data }) => {
    draft.promoted = data;
  },
  report_exported: (draft, { data }) => {
    draft.reported = data;
  },
  session_stopped: (draft, { data, at }) => {
    draft.stopped = { at, data };
  },
};

/** Events that a report written before them does not show. */
const OUTDATES_REPORT: ReadonlySet<EventType> = new Set([
  'measurement_recorded',
  'trial_judged',
  'best_moved',
  'trial_closed',
  'best_confirmed',
  'deployment_gone',
]);

/** Changes the draft as the event says. Throws: InvariantError `E_LEDGER_ORDER` for an event about something unheard of. */
export function reduceEvent<Type extends EventType>(draft: Draft, event: EventOf<Type>): void {
  if (OUTDATES_REPORT.has(event.type)) draft.reported = null;
  REDUCERS[event.type](draft, event);
}
