import { compareHealth } from './health.ts';
import type { QualityRun } from './quality-run.ts';
import type { TierResult } from './tier-result.ts';
import { unarmedAdvice } from './unarmed.ts';

export interface QualityOutcome {
  /** Enough canaries are passed by the baseline to tell damage from a weak model. */
  readonly armed: boolean;
  /** Null when: nothing failed, and too little could be compared to say that it passed. */
  readonly passed: boolean | null;
  /** Canaries that the baseline passes. */
  readonly comparable: number;
  readonly reasons: readonly string[];
}

/**
 * The outcome of canaries and free answers with that of the further tiers: one failure fails, one open question leaves it
 * open, and a suite that the baseline cannot answer arms nothing.
 */
export function withTiers(outcome: QualityOutcome, tiers: readonly TierResult[]): QualityOutcome {
  if (tiers.length === 0) return outcome;
  const has = (state: TierResult['state']): boolean => tiers.some((tier) => tier.state === state);
  const armed = outcome.armed && !has('unarmed');
  const passed =
    outcome.passed === false || has('fail')
      ? false
      : armed && outcome.passed === true && !has('inconclusive')
        ? true
        : null;
  const order = ['fail', 'unarmed', 'inconclusive', 'floor', 'pass', 'unavailable'];
  const said = tiers
    .toSorted((left, right) => order.indexOf(left.state) - order.indexOf(right.state))
    .map((tier) => (tier.state === 'floor' ? tier.text : `${tier.state}: ${tier.text}`));
  const isTierFault = passed === false && outcome.passed !== false;
  const reasons = isTierFault ? [...said, ...outcome.reasons] : [...outcome.reasons, ...said];
  return { ...outcome, armed, passed, reasons };
}

/** What the baseline's own run is worth as a reference. */
export function describeReference(run: QualityRun, minCanaries: number): QualityOutcome {
  const { passedCount, total } = run;
  const armed = passedCount >= minCanaries;
  const failed = run.canaries.filter(({ passed }) => !passed).map(({ id }) => id);
  const unarmed = [
    `E_QUALITY_UNARMED: the baseline passes ${passedCount} of ${total} canaries, fewer than ${minCanaries}: a change that can alter outputs cannot be kept`,
    `it fails ${failed.join(', ')}`,
    unarmedAdvice(passedCount),
  ];
  const reference = `the baseline passes ${passedCount} of ${total} canaries; they are the reference`;
  return {
    armed,
    passed: null,
    comparable: passedCount,
    reasons: armed ? [reference] : unarmed,
  };
}

/** What the redeployed baseline adds: canaries that it passes no more are none. */
export function describeRedeploy(run: QualityRun, minCanaries: number): QualityOutcome {
  const { passedCount, total } = run;
  const armed = passedCount >= minCanaries;
  const said = `redeployed, the baseline passes ${passedCount} of the ${total} canaries that it passed before`;
  const short = `E_QUALITY_UNARMED: ${said}, fewer than ${minCanaries}`;
  return {
    armed,
    passed: null,
    comparable: passedCount,
    reasons: armed ? [said] : [short, unarmedAdvice(passedCount)],
  };
}

/**
 * A trial against the baseline, pair by pair: one canary that the baseline passes and the trial fails is damage. Free answers
 * are compared where they were asked.
 * Source: docs/quality.md, tier 0 ("all pass") and tier 1.
 */
export function compareQuality(
  baseline: QualityRun | null,
  trial: QualityRun,
  minCanaries: number,
): QualityOutcome {
  if (baseline === null) {
    const reason =
      'E_QUALITY_UNARMED: the baseline was not checked, so that nothing can be compared';
    return { armed: false, passed: null, comparable: 0, reasons: [reason] };
  }
  const passing = new Set(
    baseline.canaries.filter((canary) => canary.passed).map((canary) => canary.id),
  );
  const failed = trial.canaries.filter((canary) => passing.has(canary.id) && !canary.passed);
  const reasons = [
    ...(failed.length === 0
      ? []
      : [`fails ${failed.map((canary) => canary.id).join(', ')}, which the baseline passes`]),
    ...(trial.health.length === 0 ? [] : compareHealth(baseline.health, trial.health)),
    ...(trial.repeatedAnswers > baseline.repeatedAnswers + 1
      ? [`${trial.repeatedAnswers} free answers repeat another one word for word`]
      : []),
  ];
  const armed = passing.size >= minCanaries;
  const comparable = passing.size;
  const short = `E_QUALITY_UNARMED: the baseline passes only ${comparable} canaries, fewer than ${minCanaries}: too few to compare`;
  const unarmed = armed ? [] : [short, unarmedAdvice(comparable)];
  if (reasons.length > 0) {
    return { armed, passed: false, comparable, reasons: [...reasons, ...unarmed] };
  }
  const note = `passes all ${comparable} canaries that the baseline passes`;
  return { armed, passed: armed ? true : null, comparable, reasons: armed ? [note] : unarmed };
}
