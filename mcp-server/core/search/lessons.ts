import type { Change } from '../service/change.ts';
import type { Move, TriedTrial } from './history.ts';
import { hasFlag, numberInForce, type SearchContext } from './knob.ts';

/** What an outcome says about values of the same flag: further the same way, less far the same way, the other way. */
type Lesson = readonly [further: number, lessFar: number, otherWay: number];

/** Source: own reasoning: a kept move goes on, a failed one stops; a crash at 512 says little about 256. */
const LESSONS: Readonly<Record<TriedTrial['outcome'], Lesson>> = {
  kept: [1.5, 0.5, 0.3],
  near_miss: [1.2, 0.6, 0.5],
  no_gain: [0, 0.3, 1],
  failed_gate: [0, 0.5, 1],
  crashed: [0, 0.6, 1],
  open: [0.5, 0.5, 0.5],
};
/** For values that have no order (names, switches). */
const UNORDERED: Readonly<Record<TriedTrial['outcome'], number>> = {
  kept: 1,
  near_miss: 0.7,
  no_gain: 0.5,
  failed_gate: 0.4,
  crashed: 0.4,
  open: 0.5,
};

/** How much earlier outcomes of the same flags make of a proposal: 1 none were, 0 never again this way. */
export function lessonWeight(
  context: SearchContext,
  changes: readonly Change[],
  tried: readonly TriedTrial[],
): number {
  let weight = 1;
  for (const change of changes) {
    if (change.kind !== 'set_flag' && change.kind !== 'remove_flag') continue;
    for (const trial of tried) weight *= weightOf(context, change, trial);
  }
  return weight;
}

/** Of a cause that was relieved and the objective did not follow. Source: own reasoning: it was there, and it is not what limits. */
const RELIEVED_IN_VAIN = 0.5;

/** How much of a cause is left after the trials that acted on it: 1 none did, or what they did did not reach it. */
export function causeWeight(cause: string, tried: readonly TriedTrial[]): number {
  const inVain = tried.filter(
    ({ mechanism, outcome }) =>
      mechanism?.cause === cause && mechanism.moved && outcome === 'no_gain',
  );
  return RELIEVED_IN_VAIN ** inVain.length;
}

/** Of a change whose flag did not move the mechanism it was to move. Source: own reasoning. */
const DID_NOT_REACH = 0.6;

function weightOf(
  context: SearchContext,
  change: Extract<Change, { flag: string }>,
  trial: TriedTrial,
): number {
  const flag = context.canonicalFlag(change.flag);
  const move = trial.moves.find((one) => context.canonicalFlag(one.flag) === flag);
  if (move === undefined) return 1;
  // A trial of several flags says less about each of them.
  const share = trial.moves.length > 1 ? 0.5 : 1;
  const to = change.kind === 'set_flag' ? Number(change.value ?? Number.NaN) : Number.NaN;
  const own = { from: numberInForce(context, flag), to: Number.isFinite(to) ? to : null };
  const full = lessonOf(own, withDefaults(context, move), trial.outcome);
  const reach = trial.mechanism?.moved === false ? DID_NOT_REACH : 1;
  return (1 + (full - 1) * share) * reach;
}

function withDefaults(context: SearchContext, move: Move): Move {
  const known = (value: number | null): number | null => value ?? context.defaultOf(move.flag);
  return { ...move, from: known(move.from), to: known(move.to) };
}

function lessonOf(
  own: { readonly from: number | null; readonly to: number | null },
  move: Move,
  outcome: TriedTrial['outcome'],
): number {
  if (own.from === null || own.to === null || move.from === null || move.to === null)
    return UNORDERED[outcome];
  const [further, lessFar, otherWay] = LESSONS[outcome];
  const way = Math.sign(move.to - move.from);
  if (Math.sign(own.to - move.from) !== way) return otherWay;
  return (own.to - move.to) * way >= 0 ? further : lessFar;
}

/** True when the change would leave the configuration as it is. */
export function isNothingNew(context: SearchContext, change: Change): boolean {
  if (change.kind === 'remove_flag') return !hasFlag(context, change.flag);
  if (change.kind !== 'set_flag') return false;
  if (hasFlag(context, change.flag))
    return context.flags.get(context.canonicalFlag(change.flag)) === change.value;
  const byDefault = context.defaultOf(change.flag);
  return byDefault !== null && change.value !== null && byDefault === Number(change.value);
}
