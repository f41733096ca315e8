import type { MechanismCheck } from '../ledger/vocabulary.ts';
import { short } from '../playbook/fact.ts';
import { cleanText } from '../redact.ts';

const OUTCOMES: Readonly<Record<MechanismCheck['outcome'], string>> = {
  moved: 'yes',
  did_not_move: 'no',
  not_measurable: 'not measurable',
};

/** `Mechanism moved: yes (x0003 queueing of t0000); queue time (ms) 64.8 → 12.1, …`: whether a trial did what its diagnosis said. */
export function mechanismLine(check: MechanismCheck): string {
  const { outcome, reference, trial } = check;
  const from = `${check.diagnosisId} ${cleanText(check.cause, 60)} of ${check.referenceId}`;
  const values =
    reference === null || trial === null
      ? ''
      : ` ${cleanText(check.metric, 80)} ${short(reference)} → ${short(trial)}, expected that it ${check.expected};`;
  return `Mechanism moved: ${OUTCOMES[outcome]} (${from});${values} ${cleanText(check.reason, 300)}`;
}

/** `mechanism moved`, for a line with little room. */
export function mechanismWord(check: MechanismCheck): string {
  return outcomeWords[check.outcome];
}

const outcomeWords: Readonly<Record<MechanismCheck['outcome'], string>> = {
  moved: 'mechanism moved',
  did_not_move: 'mechanism did not move',
  not_measurable: 'mechanism not measurable',
};
