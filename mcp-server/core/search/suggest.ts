import type { Cause, Hypothesis } from '../ledger/vocabulary.ts';
import { percent } from '../percent.ts';
import { type Change, describeChange } from '../service/change.ts';
import { changesKey, type TriedTrial } from './history.ts';
import type { Knob, KnobOption, SearchContext } from './knob.ts';
import { causeWeight, isNothingNew, lessonWeight } from './lessons.ts';

/** A trial worth planning, with what may be expected of it. */
export interface Proposal {
  readonly id: string;
  readonly hypothesis: Hypothesis;
  readonly changes: readonly Change[];
  /** Gain of the objective, low and high. */
  readonly expectedGainRatio: readonly [number, number];
  readonly risk: Knob['risk'];
  /** The diagnosis that it acts on; give it to plan_trial. Null when: none asks for it. */
  readonly diagnosisId: string | null;
  /** Why it stands where it stands. */
  readonly why: string;
}

export interface SearchQuestion {
  /** Of the engine. */
  readonly knobs: readonly Knob[];
  readonly context: SearchContext;
  /** Of the latest diagnosis of the configuration that is changed, surest first. */
  readonly causes: readonly Cause[];
  /** The diagnosis that they are of. Null when: there is none. */
  readonly diagnosisId: string | null;
  readonly tried: readonly TriedTrial[];
  /** Sets of changes that plan_trial refused. */
  readonly refused: readonly (readonly Change[])[];
  /** True when plan_trial would take the changes: flags known, no conflict, fits in memory, not planned before. */
  readonly isFeasible: (changes: readonly Change[]) => boolean;
}

interface Scored extends Proposal {
  readonly score: number;
}

/** Source: own reasoning; a risky trial more often ends in a crash or at the quality gate. */
const RISK_WEIGHT: Readonly<Record<Knob['risk'], number>> = { low: 1, medium: 0.85, high: 0.6 };
/** Gain to expect of a change that only a diagnosis names, before its confidence. Source: own reasoning. */
const DIAGNOSED_PRIOR = 0.04;
/** Near misses that are combined at most. Source: own reasoning. */
const MAX_COMBINED = 3;

/** A knob that does not help what the session is about. Source: own reasoning. */
const OFF_FOCUS = 0.4;

const flagsOf = (changes: readonly Change[]): ReadonlySet<string> =>
  new Set(changes.flatMap((change) => ('flag' in change ? [change.flag] : [])));

/** True when two sets of changes turn the same flag, by any of its names. */
function touchesSame(context: SearchContext, a: readonly Change[], b: readonly Change[]): boolean {
  const flags = new Set([...flagsOf(b)].map(context.canonicalFlag));
  return [...flagsOf(a)].some((flag) => flags.has(context.canonicalFlag(flag)));
}

/** Causes that ask for one of these flags. */
function causesFor(changes: readonly Change[], question: SearchQuestion): readonly Cause[] {
  return question.causes.filter((cause) =>
    touchesSame(question.context, cause.candidates, changes),
  );
}

const confidenceOf = (causes: readonly Cause[], tried: readonly TriedTrial[]): number =>
  Math.max(0, ...causes.map((cause) => cause.confidence * causeWeight(cause.cause, tried)));

function evidenceOf(causes: readonly Cause[]): string[] {
  const ids = causes.flatMap((cause) =>
    cause.evidence.flatMap((fact) => (fact.evidenceId === null ? [] : [fact.evidenceId])),
  );
  return [...new Set(ids)].slice(0, 10);
}

function fromKnobs(question: SearchQuestion): Scored[] {
  return question.knobs.flatMap((knob) =>
    knob
      .options(question.context)
      .map((option, rank) => fromOption(question, knob, { option, rank })),
  );
}

function fromOption(
  question: SearchQuestion,
  knob: Knob,
  { option, rank }: { readonly option: KnobOption; readonly rank: number },
): Scored {
  const { context, tried } = question;
  const causes = causesFor(option.changes, question);
  const confidence = confidenceOf(causes, tried);
  const lesson = lessonWeight(context, option.changes, tried);
  const diagnosisId = confidence > 0 ? question.diagnosisId : null;
  const focus = knob.helps.some((one) => context.focus.has(one)) ? 1 : OFF_FOCUS;
  const likely = Math.min(0.6, knob.priorGainRatio * (option.weight ?? 1) * focus);
  const expected = likely * lesson * (1 + 2 * confidence);
  const diagnosed =
    confidence > 0 ? ` A diagnosis asks for it (confidence ${confidence.toFixed(2)}).` : '';
  return {
    id: `${knob.id}: ${option.label}`,
    hypothesis: {
      change: `${knob.idea}: ${option.label}`.slice(0, 300),
      why: `${knob.why}${diagnosed}`,
      evidence: evidenceOf(causes),
      expected: knob.expected,
      refutedBy: knob.refutedBy,
    },
    changes: option.changes,
    expectedGainRatio: rangeOf(expected),
    diagnosisId,
    risk: knob.risk,
    why: `Prior ${percent(knob.priorGainRatio)}, x${(likely / knob.priorGainRatio).toFixed(2)} for this load, x${lesson.toFixed(2)} after earlier outcomes.${diagnosed}`,
    score: expected * RISK_WEIGHT[knob.risk] * 0.8 ** rank,
  };
}

const rangeOf = (expected: number): readonly [number, number] => [0, round(2 * expected)];
const round = (value: number): number => Math.round(value * 1000) / 1000;

/** Changes that a diagnosis names, each alone. */
function fromCauses(question: SearchQuestion): Scored[] {
  return question.causes.flatMap((cause) =>
    cause.candidates.map((change): Scored => {
      const lesson = lessonWeight(question.context, [change], question.tried);
      const weight = causeWeight(cause.cause, question.tried);
      const score = DIAGNOSED_PRIOR * cause.confidence * weight * 2 * lesson;
      return {
        id: `${cause.rule}: ${describeChange(change)}`,
        hypothesis: {
          change: describeChange(change).slice(0, 300),
          why: cause.title,
          evidence: evidenceOf([cause]),
          expected: cause.expected.length < 3 ? 'The objective improves.' : cause.expected,
          refutedBy:
            cause.refutedBy.length < 3 ? 'The objective stays within the noise.' : cause.refutedBy,
        },
        changes: [change],
        expectedGainRatio: rangeOf(score),
        diagnosisId: question.diagnosisId,
        risk: 'medium',
        why: `The diagnosis ${cause.cause} names it (confidence ${cause.confidence.toFixed(2)}).${weight < 1 ? ' It was relieved before, without a gain.' : ''}`,
        score,
      };
    }),
  );
}

/** Near misses together: gains that were too small alone may add up. */
function combinedNearMisses(question: SearchQuestion): Scored[] {
  const misses = question.tried
    .filter((trial) => trial.outcome === 'near_miss')
    .toSorted((a, b) => (b.gainRatio ?? 0) - (a.gainRatio ?? 0));
  const parts: TriedTrial[] = [];
  for (const miss of misses) {
    if (
      parts.length < MAX_COMBINED &&
      !parts.some((part) => touchesSame(question.context, part.changes, miss.changes))
    )
      parts.push(miss);
  }
  if (parts.length < 2) return [];
  const changes = parts.flatMap((part) => part.changes);
  const gain = parts.reduce((sum, part) => sum + (part.gainRatio ?? 0), 0);
  return [
    {
      id: `combined: ${parts.map((part) => part.trialId).join(' + ')}`,
      hypothesis: {
        change: `near misses together: ${changes.map(describeChange).join(', ')}`.slice(0, 300),
        why: `Each of ${parts.map((part) => part.trialId).join(', ')} was better, but within the noise.`,
        evidence: [],
        expected: 'The small gains add up beyond the noise.',
        refutedBy: 'Together they stay within the noise.',
      },
      changes,
      expectedGainRatio: [0, round(gain)],
      diagnosisId: null,
      risk: 'medium',
      why: `Their gains add up to ${percent(gain)}.`,
      score: gain * 0.5,
    },
  ];
}

/**
 * What to try next, best first. Nothing that was tried or refused comes again, and nothing that changes nothing; the list
 * is empty when the table is exhausted. Deterministic: the same question gives the same list.
 */
export function suggestTrials(question: SearchQuestion): readonly Proposal[] {
  const seen = new Set(
    [...question.tried.map((trial) => trial.changes), ...question.refused].map(changesKey),
  );
  const all = [...fromKnobs(question), ...fromCauses(question), ...combinedNearMisses(question)];
  const proposals: Proposal[] = [];
  for (const { score, ...proposal } of all.toSorted((a, b) => b.score - a.score)) {
    const key = changesKey(proposal.changes);
    const isStale =
      score <= 0 ||
      seen.has(key) ||
      proposal.changes.every((change) => isNothingNew(question.context, change));
    if (isStale || !question.isFeasible(proposal.changes)) continue;
    seen.add(key);
    proposals.push(proposal);
  }
  return proposals;
}
