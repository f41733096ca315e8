import type { Cause, MechanismCheck } from '../ledger/vocabulary.ts';
import type { Change } from '../service/change.ts';
import { meanOf, sampleSd } from '../stats/mean-sd.ts';
import { type Confirming, confirmingOf } from './confirming.ts';
import type { Fact, Measure } from './fact.ts';
import { short } from './fact.ts';
import { type Measures, measuresOf } from './measures.ts';
import type { Observation } from './observation.ts';

/** Change below which nothing is said to have moved, as a share of the reference. Source: own reasoning; half of what a profile can tell apart. */
const LEAST_SHARE = 0.05;
/** Standard errors beyond which a change counts. Source: the usual two, about 95 % of a normal. */
const STANDARD_ERRORS = 2;

export type MechanismOutcome = Pick<
  MechanismCheck,
  'metric' | 'expected' | 'outcome' | 'reference' | 'trial' | 'leastChange' | 'evidence' | 'reason'
>;

/** The cause of a diagnosis that a trial acts on: the surest that names one of its flags, else the surest. */
export function addressedCause(
  causes: readonly Cause[],
  changes: readonly Change[],
  canonicalFlag: (flag: string) => string,
): Cause | null {
  const flagsOf = (list: readonly Change[]): readonly string[] =>
    list.flatMap((change) => ('flag' in change ? [canonicalFlag(change.flag)] : []));
  const turned = new Set(flagsOf(changes));
  const named = causes.find((cause) => flagsOf(cause.candidates).some((flag) => turned.has(flag)));
  return named ?? causes[0] ?? null;
}

/** Compares the confirming metric of a rule over the runs of both sides. Pure: the same evidence gives the same outcome. */
export function compareMechanism(
  rule: string,
  reference: readonly Observation[],
  trial: readonly Observation[],
): MechanismOutcome {
  const metrics = confirmingOf(rule);
  const [first] = metrics;
  if (first === undefined) return unmeasured(null, 'no metric that we read confirms this rule');
  const before = reference.map((o) => ({ o, m: measuresOf(o) }));
  const after = trial.map((o) => ({ o, m: measuresOf(o) }));
  for (const metric of metrics) {
    const sides = { reference: readAll(metric, before), trial: readAll(metric, after) };
    if (sides.reference.length > 0 && sides.trial.length > 0) return outcomeOf(metric, sides);
  }
  const missing = readAll(first, before).length === 0 ? 'the diagnosed trial' : 'the trial';
  return unmeasured(first, `the evidence of ${missing} does not tell it`);
}

/** A start that failed is mended when the trial started. */
export function compareStart(
  crashClass: string,
  ended: { readonly crashClass: string | null; readonly served: boolean },
): MechanismOutcome {
  const again = ended.crashClass === crashClass;
  const facts = { reference: 1, trial: again ? 1 : 0, leastChange: 1, evidence: [] };
  const metric = { metric: `starts that end in ${crashClass}`, expected: 'falls' } as const;
  if (again) {
    return { ...metric, ...facts, outcome: 'did_not_move', reason: 'it ended the same way' };
  }
  return ended.served || ended.crashClass !== null
    ? { ...metric, ...facts, outcome: 'moved', reason: endText(ended.crashClass) }
    : unmeasured(null, 'it was never started');
}

const endText = (crashClass: string | null): string =>
  crashClass === null ? 'it served' : `it got past this, and ended with ${crashClass}`;

interface Seen {
  readonly o: Observation;
  readonly m: Measures;
}

function readAll(metric: Confirming, seen: readonly Seen[]): readonly Measure[] {
  return seen
    .map(({ o, m }) => (typeof metric.read === 'string' ? m[metric.read] : metric.read(o)))
    .filter((measure) => Number.isFinite(measure.value));
}

function outcomeOf(
  metric: Confirming,
  sides: { readonly reference: readonly Measure[]; readonly trial: readonly Measure[] },
): MechanismOutcome {
  const values = (list: readonly Measure[]): readonly number[] => list.map((one) => one.value);
  const reference = meanOf(values(sides.reference)) ?? Number.NaN;
  const trial = meanOf(values(sides.trial)) ?? Number.NaN;
  const squares = [sides.reference, sides.trial].map(
    (side) => (sampleSd(values(side)) ?? 0) ** 2 / side.length,
  );
  const error = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  const leastChange = Math.max(LEAST_SHARE * Math.abs(reference), STANDARD_ERRORS * error);
  const facts = {
    metric: metric.label,
    expected: metric.expected,
    reference,
    trial,
    leastChange,
    evidence: [sides.reference.at(-1), sides.trial.at(-1)].flatMap((one) => factOf(one?.fact)),
  };
  if (metric.expected === 'falls' && reference === 0) {
    const reason = 'it was at nothing before: there was nothing to fall';
    return { ...facts, outcome: 'not_measurable', reason };
  }
  const change = metric.expected === 'falls' ? reference - trial : trial - reference;
  const moved = change > 0 && change >= leastChange;
  return {
    ...facts,
    outcome: moved ? 'moved' : 'did_not_move',
    reason: `${short(reference)} to ${short(trial)} over ${sides.reference.length} and ${sides.trial.length} runs; ${short(leastChange)} counts`,
  };
}

function factOf(fact: Fact | null | undefined): MechanismOutcome['evidence'] {
  if (fact === null || fact === undefined) return [];
  const { evidenceId, name, value } = fact;
  return [{ evidenceId, name: name.slice(0, 200), value: String(value).slice(0, 300) }];
}

/** Nothing to compare, and why. */
export function unmeasured(metric: Confirming | null, reason: string): MechanismOutcome {
  return {
    metric: metric?.label ?? 'none',
    expected: metric?.expected ?? 'falls',
    outcome: 'not_measurable',
    reference: null,
    trial: null,
    leastChange: null,
    evidence: [],
    reason,
  };
}
