import type { Hint } from '../report.ts';
import { type FlagNames, flagsNamedIn } from './named-flags.ts';
import { namesOf, type Remedy } from './remedy.ts';

/** What a remedy's first, second and later knobs say for its class when the words name them. Source: own reasoning. */
const SHARES = [0.35, 0.2, 0.1, 0.1];

/** A setting that was turned in vain. */
const IN_VAIN =
  /nothing|no (?:change|effect|difference|gain|help|improvement)|(?:does|did|do)(?: not|n.t) (?:help|change|matter)|same (?:error|result)|in vain|useless|to no avail/i;

/** A setting of the environment, as people write those. */
const VARIABLE = /\b[A-Z][A-Z\d]+(?:_[A-Z\d]+)+\b/g;

/**
 * What people turn shows what they found: settings named in the words speak for the classes that they address, unless
 * the sentence says that they changed nothing.
 */
export function cureHints(
  words: string,
  names: FlagNames,
  remedies: Readonly<Record<string, Remedy>>,
): readonly Hint[] {
  const told = words.split(/(?<=[.;!?])\s|\n/).filter((sentence) => !IN_VAIN.test(sentence));
  const flags = new Set(flagsNamedIn(told.join('\n'), names));
  for (const [variable] of told.join('\n').matchAll(VARIABLE)) flags.add(variable);
  if (flags.size === 0) return [];
  return Object.entries(remedies).flatMap(([cls, remedy]) => {
    const own = namesOf(remedy.knobs[names.id]).findIndex((knob) => flags.has(knob));
    const other = namesOf(remedy.others).findIndex((knob) => flags.has(knob));
    const weight = SHARES[own] ?? SHARES[other];
    if (weight === undefined) return [];
    return [{ cls, weight, evidence: `the report turns ${[...flags].join(', ')}` }];
  });
}
