import { AutodebugError } from '../core/errors.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { DeploymentState, SessionState } from '../core/ledger/state.ts';
import { classifyLog, crashCause } from '../core/telemetry/logs.ts';
import { engineById } from '../engines/index.ts';
import type { ReadyOrNot } from './wait-until-ready.ts';

/** How a deployment came not to serve, start errors included. */
export type Failure =
  | Exclude<ReadyOrNot, { kind: 'ready' }>
  | { readonly kind: 'start_failed'; readonly error: unknown };

/** Phase, class and words of a failure. */
export interface FailureVerdict {
  readonly phase: string;
  readonly reason: string;
  readonly message: string;
}

/** What to write down about a failure. */
export function verdictOf(failure: Failure): FailureVerdict {
  switch (failure.kind) {
    case 'failed':
      return {
        phase: failure.phase,
        reason: failure.reason,
        message: failure.message,
      };
    case 'gone':
      return { phase: 'running', reason: 'lost', message: 'It was stopped by somebody else.' };
    case 'not_ready':
      return {
        phase: failure.phase,
        reason: 'never_ready',
        message: `Not ready within ${failure.minutes} minutes; the last phase was ${failure.phase}.`,
      };
    case 'cancelled':
      return { phase: failure.phase, reason: 'interrupted', message: 'The start was cancelled.' };
    case 'unreadable':
      return { phase: failure.phase, reason: 'unreachable', message: errorText(failure.error) };
    case 'start_failed':
      return {
        phase: 'starting',
        reason: startReason(failure.error),
        message: errorText(failure.error),
      };
  }
}

function startReason(error: unknown): string {
  if (!(error instanceof AutodebugError)) return 'start_failed';
  return error.code === 'E_PORT_IN_USE'
    ? 'port_in_use'
    : `start_failed_${error.code.slice(2).toLowerCase()}`;
}

function errorText(error: unknown): string {
  return error instanceof AutodebugError ? error.message : 'The backend failed unexpectedly.';
}

/** The log's own root cause where the engine ended by itself; else what the backend says. */
export function crashClassOf(
  state: SessionState,
  facts: {
    readonly deployment: DeploymentState;
    readonly verdict: FailureVerdict;
    readonly log: string;
  },
): string {
  const { deployment, verdict, log } = facts;
  const isEngineFault = verdict.reason === 'exited' || verdict.reason === 'never_ready';
  if (!isEngineFault) return verdict.reason.slice(0, 60);
  const engine = engineById(findTrial(state, deployment.trialId).planned.engine);
  const cause = crashCause(classifyLog(log, engine));
  return (cause?.cls ?? verdict.reason).slice(0, 60);
}
