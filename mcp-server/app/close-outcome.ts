import { PreconditionError } from '../core/errors.ts';
import { crashOf } from '../core/judge/from-state.ts';
import type { EventData } from '../core/ledger/events.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';

export type CloseOutcome = EventData<'trial_closed'>['outcome'];

/** How the trial ends when it is closed now. Throws: PreconditionError where something must come first. */
export function closeOutcome(
  state: SessionState,
  trial: TrialState,
  abandon: boolean,
): CloseOutcome {
  if (trial.closed !== null) {
    throw new PreconditionError(
      `${trial.trialId} is closed already: sessions/${trial.closed.file}.`,
      { code: 'E_TRIAL_CLOSED', fix: 'Plan the next trial, or call get_status.' },
    );
  }
  const decided =
    trial.planned.parentId === null ? baselineOutcome(state, trial) : trialOutcome(trial);
  if (decided !== null) return decided;
  if (abandon) return 'aborted';
  throw trial.planned.parentId === null ? uncalibrated() : unjudged(trial);
}

function baselineOutcome(state: SessionState, trial: TrialState): CloseOutcome | null {
  if (state.calibration !== null) return 'closed';
  return crashOf(trial) === null ? null : 'crashed';
}

function trialOutcome(trial: TrialState): CloseOutcome | null {
  const verdict = trial.judgements.at(-1);
  if (verdict === undefined || verdict.verdict === 'retest') return null;
  return verdict.gate === 'start' ? 'crashed' : 'closed';
}

function uncalibrated(): PreconditionError {
  return new PreconditionError('The baseline is not calibrated yet.', {
    code: 'E_NOT_CALIBRATED',
    fix: 'Call benchmark with purpose "calibrate".',
  });
}

function unjudged(trial: TrialState): PreconditionError {
  const again = trial.judgements.length === 0 ? '' : ' (it was sent to be measured again)';
  return new PreconditionError(`${trial.trialId} has no final verdict yet${again}.`, {
    code: 'E_NOT_JUDGED',
    fix: `Call judge_trial with trial_id "${trial.trialId}", or give abandon: true to close it unjudged.`,
  });
}
