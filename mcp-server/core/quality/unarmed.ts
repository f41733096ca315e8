/** Canaries below which a lower floor is no advice: so few would miss most damage. Source: own reasoning. */
const LEAST_CANARIES = 6;

/** What its owner can do about a baseline that passes too few canaries to be a reference. */
export function unarmedAdvice(passedCanaries: number): string {
  const lower =
    passedCanaries < LEAST_CANARIES
      ? ''
      : `, or a new contract with quality.minCanaries of at most ${passedCanaries}`;
  return `what helps: a chat template that fits the model (chatTemplateArgs), an instruct or a stronger model; else changes that leave outputs alone${lower}`;
}
