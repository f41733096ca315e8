/** Who has to act: the calling agent, the person who operates it, the outside world, or us. */
export type Fault = 'agent' | 'operator' | 'environment' | 'bug';

export interface ErrorFacts {
  /** Stable identifier, `E_` and upper case, e.g. `E_BUDGET`. */
  readonly code: `E_${string}`;
  /** The next action, as an imperative sentence. */
  readonly fix: string;
  /** Session-relative evidence id or file that shows the failure; absent when there is none. */
  readonly evidence?: string;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * Base of every error that a person or agent may see. `message` says what and why; `fix` says what to do.
 * Remote text is never part of `message`: it is quoted as capped data or kept as evidence.
 */
export abstract class AutodebugError extends Error {
  abstract readonly fault: Fault;
  readonly code: `E_${string}`;
  readonly fix: string;
  readonly evidence: string | null;
  readonly retryable: boolean;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code;
    this.fix = facts.fix;
    this.evidence = facts.evidence ?? null;
    this.retryable = facts.retryable ?? false;
  }

  /** One text for tools and terminals: `E_BUDGET: what. Fix: …`. */
  toText(): string {
    const evidence = this.evidence === null ? '' : ` (evidence: ${this.evidence})`;
    const retry = this.retryable ? ' Retryable: yes.' : '';
    return `${this.code}: ${this.message}${evidence} Fix: ${this.fix}${retry}`;
  }
}

/** An argument, file or line that the caller wrote is wrong. Names the field, the value and the fix. */
export class InvalidInputError extends AutodebugError {
  readonly fault = 'agent';
}

/** The order of steps or the state of the session forbids the call now. */
export class PreconditionError extends AutodebugError {
  readonly fault = 'agent';
}

/** A setting, login, key or program that the operator provides is missing or wrong. */
export class ConfigError extends AutodebugError {
  readonly fault = 'operator';
}

/** A deployment could not be made, read or removed. */
export class DeployError extends AutodebugError {
  readonly fault = 'environment';
}

/** The load generator or the endpoint under load failed as a whole (single requests never throw). */
export class LoadError extends AutodebugError {
  readonly fault = 'environment';
}

/** A limit of the contract forbids the call; no tool can lift it. */
export class BudgetError extends AutodebugError {
  readonly fault = 'operator';
}

/** Something that cannot happen did: a bug of ours, or a damaged ledger. */
export class InvariantError extends AutodebugError {
  readonly fault = 'bug';
}
