import type { SessionState, TrialState } from '../ledger/state.ts';
import { type Change, describeChange } from '../service/change.ts';

/** How one flag was moved. Null: not set, or not a number. */
export interface Move {
  readonly flag: string;
  readonly from: number | null;
  readonly to: number | null;
}

/** What became of one earlier trial. */
export interface TriedTrial {
  readonly trialId: string;
  readonly changes: readonly Change[];
  readonly moves: readonly Move[];
  readonly outcome: 'kept' | 'near_miss' | 'no_gain' | 'failed_gate' | 'crashed' | 'open';
  /** Gain of the objective, positive = better. Null when: it was never compared. */
  readonly gainRatio: number | null;
  /** Whether it moved what its diagnosis said. Null when: it rested on none, or nothing told. */
  readonly mechanism: { readonly cause: string; readonly moved: boolean } | null;
}

/** Reads a command as flags in force under their canonical names. */
export type ReadCommand = (command: string) => ReadonlyMap<string, string | null>;

/** One text per set of changes, whatever their order. */
export function changesKey(changes: readonly Change[]): string {
  return changes.map(describeChange).toSorted().join(' · ');
}

/** Mean gain of the objective over the load points of the last verdict. Null when: no delta of it was recorded. */
function objectiveGain(state: SessionState, trial: TrialState): number | null {
  const { metric, direction } = state.contract.terms.objective;
  const deltas = (trial.judgements.at(-1)?.deltas ?? [])
    .filter((delta) => delta.metric.startsWith(metric))
    .flatMap((delta) => (delta.deltaRatio === null ? [] : [delta.deltaRatio]));
  if (deltas.length === 0) return null;
  const mean = deltas.reduce((sum, delta) => sum + delta, 0) / deltas.length;
  return direction === 'maximise' ? mean : -mean;
}

function mechanismOf(trial: TrialState): TriedTrial['mechanism'] {
  const check = trial.mechanisms.at(-1);
  if (check === undefined || check.outcome === 'not_measurable') return null;
  return { cause: check.cause, moved: check.outcome === 'moved' };
}

function outcomeOf(trial: TrialState, gainRatio: number | null): TriedTrial['outcome'] {
  const last = trial.judgements.at(-1);
  if (trial.phase === 'crashed' || last?.gate === 'start') return 'crashed';
  if (last === undefined) return 'open';
  if (last.verdict === 'keep') return 'kept';
  if (last.gate !== null) return 'failed_gate';
  return gainRatio !== null && gainRatio > 0 ? 'near_miss' : 'no_gain';
}

function toNumber(value: string | null | undefined): number | null {
  if (value === undefined || value === null || value.trim() === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function movesOf(state: SessionState, trial: TrialState, read: ReadCommand): readonly Move[] {
  const parent = state.trials.find((one) => one.trialId === trial.planned.parentId);
  const before = parent === undefined ? new Map() : read(parent.planned.command);
  const after = read(trial.planned.command);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((flag) => before.get(flag) !== after.get(flag) || before.has(flag) !== after.has(flag))
    .map((flag) => ({ flag, from: toNumber(before.get(flag)), to: toNumber(after.get(flag)) }));
}

/** Every trial but the baseline that has been planned, with its outcome so far. */
export function triedTrials(state: SessionState, read: ReadCommand): readonly TriedTrial[] {
  return state.trials
    .filter((trial) => trial.planned.parentId !== null)
    .map((trial) => {
      const gainRatio = objectiveGain(state, trial);
      return {
        trialId: trial.trialId,
        changes: trial.planned.changes,
        moves: movesOf(state, trial, read),
        outcome: outcomeOf(trial, gainRatio),
        gainRatio,
        mechanism: mechanismOf(trial),
      };
    });
}
