/** What its owner can do about a baseline that passes too few canaries to be a reference. */
export function unarmedAdvice(passedCanaries: number): string {
  const lower =
    passedCanaries === 0
      ? ''
      : `, or a new contract with quality.minCanaries of at most ${passedCanaries}`;
  return `what helps: a chat template that fits the model (chatTemplateArgs) or a stronger model; else changes that leave outputs alone${lower}`;
}
