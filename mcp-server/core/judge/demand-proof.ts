import { MAX_RETESTS } from './gain.ts';
import { type Proof, proofsOf } from './proof.ts';
import type { Ruling } from './ruling.ts';
import type { JudgeInput } from './sides.ts';

/** A trial is kept only where the upper bound of every quantile holds too; too few requests for a bound are said. */
export function demandProof(input: JudgeInput, ruling: Ruling): Ruling {
  if (ruling.verdict !== 'keep') return ruling;
  const proofs = proofsOf(input.trial, input.ruler.slo, input.ruler.loadPointCount);
  const said = (state: Proof['state']): readonly string[] =>
    proofs.filter((proof) => proof.state === state).map((proof) => proof.said);
  const unproven = said('unproven');
  if (unproven.length === 0) {
    return { ...ruling, reasons: [...ruling.reasons, ...said('too_few')] };
  }
  if (input.retests < MAX_RETESTS) {
    const more = 'measure it once more for the bound to be proven';
    return { verdict: 'retest', gate: null, reasons: [...unproven, more, ...ruling.reasons] };
  }
  return { verdict: 'discard', gate: 'slo', reasons: [...unproven, ...ruling.reasons] };
}
