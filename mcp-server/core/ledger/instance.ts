import type { Instance } from './vocabulary.ts';

/** True where two deployments are known to have run on different hardware; what is unknown on either side tells nothing. */
export function hasMoved(before: Instance, now: Instance): boolean {
  const differs = (a: string | null, b: string | null): boolean =>
    a !== null && b !== null && a !== b;
  return differs(before.id, now.id) || differs(before.gpu, now.gpu);
}
