/** A reason against a plan. `forcible`: the caller may override it with cause. */
export interface Refusal {
  readonly check: string;
  readonly message: string;
  readonly forcible: boolean;
}

/** A refusal whose message fits the ledger. */
export function refuse(check: string, message: string, forcible = true): Refusal {
  return { check, message: message.slice(0, 500), forcible };
}
