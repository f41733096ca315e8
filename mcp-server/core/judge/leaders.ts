import { baselineTrial } from '../ledger/lookup.ts';
import type { SessionState, TrialState } from '../ledger/state.ts';
import { type Comparison, compareOverall } from './compare.ts';
import {
  OWN_PURPOSES,
  ownDeploymentOf,
  referenceSideOf,
  rulerOf,
  sideOfTrial,
} from './from-state.ts';
import { logInterval, ruleOnGain } from './gain.ts';
import type { JudgedSide, Ruler } from './sides.ts';

/** Trials that a confirmation measures afresh. Source: docs/verdicts.md. */
const MAX_LEADERS = 3;

/** A gain over the baseline; logarithms, positive is better. */
export interface Gain {
  /** Null when: it could not be compared. */
  readonly ratio: number | null;
  /** Lower end of the interval. −∞ when: there is none. */
  readonly lower: number;
}

export interface Leader {
  readonly trialId: string;
  readonly gain: Gain;
}

/**
 * The trials worth a fresh deployment, by the lower bound of what the search saw over the baseline: at most three that hold every
 * gate and are proven better than it, the best among them.
 */
export function leadersOf(state: SessionState): readonly Leader[] {
  const ruler = rulerOf(state);
  if (ruler === null || state.bestId === null) return [];
  const candidates = state.trials.filter(isCandidate).map((trial) => ({
    trialId: trial.trialId,
    gain: gainOf(ruler, {
      trial: sideOfTrial(trial, OWN_PURPOSES),
      reference: referenceSideOf(baselineTrial(state), ownDeploymentOf(trial)),
    }),
  }));
  return chooseLeaders(candidates, state.bestId);
}

function isCandidate(trial: TrialState): boolean {
  const last = trial.judgements.at(-1);
  if (trial.planned.parentId === null || last === undefined) return false;
  return last.gate === null && (last.verdict === 'keep' || last.verdict === 'tie');
}

/**
 * At most three, by their lower bounds; the best goes first, so that another takes its place only where it does not hold or is beaten
 * beyond noise: of two equals the simpler stays.
 */
export function chooseLeaders(candidates: readonly Leader[], bestId: string): readonly Leader[] {
  const best = candidates.filter(({ trialId }) => trialId === bestId);
  const others = candidates
    .filter(({ trialId, gain }) => trialId !== bestId && gain.lower > 0)
    .toSorted((a, b) => b.gain.lower - a.gain.lower);
  return [...best, ...others].slice(0, MAX_LEADERS);
}

/** The gain of one side over another on the objective. */
export function gainOf(
  ruler: Ruler,
  sides: { readonly trial: JudgedSide; readonly reference: JudgedSide },
): Gain {
  const { metric, quantile, direction } = ruler.objective;
  const { overall } = compareOverall({ ruler, ...sides }, { id: metric, quantile });
  return { ratio: signedRatio(overall, direction), lower: lowerBound(overall, direction) };
}

function signedRatio(
  { logRatio }: Comparison,
  direction: Ruler['objective']['direction'],
): number | null {
  if (logRatio === null || !Number.isFinite(logRatio)) return null;
  return Math.expm1(direction === 'maximise' ? logRatio : -logRatio);
}

function lowerBound(
  { logRatio, error }: Comparison,
  direction: Ruler['objective']['direction'],
): number {
  const interval = logRatio === null ? null : logInterval({ logRatio, error });
  if (interval === null) return Number.NEGATIVE_INFINITY;
  return direction === 'maximise' ? interval[0] : -interval[1];
}

/** A leader after its fresh deployment: whether it holds against the baseline, and its fresh runs. */
export interface Confirmed {
  readonly trialId: string;
  readonly holds: boolean;
  readonly side: JudgedSide;
}

/**
 * The trial that the session stands for: the first leader that holds, the best of the search before the others; a later one that holds takes over
 * only where it beats that one beyond noise on the fresh runs, so that no winner is picked by its luck in the confirmation.
 * Null when: none holds.
 */
export function chooseConfirmed(ruler: Ruler, confirmed: readonly Confirmed[]): string | null {
  let chosen: Confirmed | null = null;
  for (const one of confirmed.filter(({ holds }) => holds)) {
    if (chosen === null || beats(ruler, one, chosen)) chosen = one;
  }
  return chosen?.trialId ?? null;
}

function beats(ruler: Ruler, challenger: Confirmed, holder: Confirmed): boolean {
  const { metric, quantile, direction, minEffectRatio } = ruler.objective;
  const sides = { trial: challenger.side, reference: holder.side };
  const { logRatio, error } = compareOverall({ ruler, ...sides }, { id: metric, quantile }).overall;
  if (logRatio === null) return false;
  return ruleOnGain({ logRatio, error }, { better: direction, minEffectRatio }) === 'keep';
}
