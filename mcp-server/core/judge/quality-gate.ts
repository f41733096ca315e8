import type { EventData } from '../ledger/events.ts';
import { unarmedAdvice } from '../quality/unarmed.ts';
import { doubtsOnAnswers } from './plausibility.ts';
import type { Ruling } from './ruling.ts';
import type { JudgeInput } from './sides.ts';

type Check = EventData<'quality_checked'>;

const fail = (reasons: readonly string[]): Ruling => ({
  verdict: 'discard',
  gate: 'quality',
  reasons,
});

/** Outputs got worse, or may have and nobody can tell. Null when: they hold, or need not be looked at. */
export function qualityGate(input: JudgeInput): Ruling | null {
  const { required, result } = input.quality;
  const doubts = doubtsOnAnswers(input);
  if (result?.passed === false) return fail(['outputs got worse', ...result.reasons.slice(0, 4)]);
  if (!required && doubts.length === 0) return null;
  if (result === null) {
    return fail([...doubts, 'outputs may have changed and they were not checked']);
  }
  if (!result.armed) {
    return fail([
      `E_QUALITY_UNARMED: the baseline (${result.comparable} canaries passed) cannot prove that this change keeps outputs intact`,
      ...result.reasons.filter((reason) => reason.includes('E_QUALITY_UNARMED')).slice(0, 2),
      unarmedAdvice(result.comparable),
    ]);
  }
  if (result.passed !== true) {
    return fail([
      'the loss of right answers could not be excluded, and this change can alter outputs',
      ...result.reasons.slice(0, 3),
    ]);
  }
  return null;
}

/** What the check says for a trial that needed and passed one: above all the loss of right answers that it excludes. */
export function qualityNotes({ quality }: JudgeInput): readonly string[] {
  if (!quality.required || quality.result?.passed !== true) return [];
  const tasks = (quality.result.tiers ?? []).filter(
    ({ tier, state }) => tier === 'tasks' && state === 'pass',
  );
  return [...(quality.note === undefined ? [] : [quality.note]), ...tasks.map(({ text }) => text)];
}

/**
 * What a confirmation goes by: the check on the fresh deployment. Where that leaves the loss open, or was not made since the
 * numbers choose another leader, the search's own check stands, and is said.
 */
export function confirmedQuality(checks: {
  readonly fresh: Check | null;
  readonly searched: Check | null;
  readonly required: boolean;
}): JudgeInput['quality'] {
  const { fresh, searched, required } = checks;
  if (!required) return { required, result: fresh ?? searched };
  const isOpen = fresh === null || (fresh.armed && fresh.passed === null);
  if (!isOpen || searched?.passed !== true) return { required, result: fresh ?? searched };
  const why =
    fresh === null
      ? 'answers were not checked again'
      : `the loss is not settled on ${fresh.deploymentId}`;
  return {
    required,
    result: searched,
    note: `${why}; the pass on ${searched.deploymentId} stands`,
  };
}
