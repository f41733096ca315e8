import type { SessionState } from '../ledger/state.ts';
import type { NextStep } from '../next-step/step.ts';
import type { HookInput } from './hook-input.ts';
import type { LoopFile } from './loop-file.ts';

export type StopDecision =
  | { readonly kind: 'let-go'; readonly message: string | null; readonly loop: LoopFile }
  | { readonly kind: 'block'; readonly reason: string; readonly loop: LoopFile };

/** Own blocks without a new ledger line before the agent is let go. Below the client's cap of 8 (Claude Code 2.1). */
const MAX_BLOCKS_WITHOUT_PROGRESS = 5;

/**
 * Whether an agent that wants to end its turn is sent on. Lets go when nothing is left to do, when a person asked to
 * stop, when a background task will wake the agent anyway, for sub-agents, and when it is stuck.
 */
export function decideStop(facts: {
  readonly input: HookInput;
  readonly loop: LoopFile;
  readonly state: SessionState;
  readonly next: NextStep;
  readonly stopRequested: boolean;
}): StopDecision {
  const { input, loop, state, next } = facts;
  const letGo = (message: string | null): StopDecision => ({ kind: 'let-go', message, loop });
  if (typeof input.agent_id === 'string' || (input.background_tasks ?? []).length > 0)
    return letGo(null);
  if (facts.stopRequested || state.stopped !== null || next.tool === null) return letGo(null);
  const progressed = state.lastSeq > loop.blocksAtSeq;
  const blocks = progressed ? 1 : loop.blocks + 1;
  if (blocks > MAX_BLOCKS_WITHOUT_PROGRESS) {
    return letGo(
      `autodebug lets the turn end: ${MAX_BLOCKS_WITHOUT_PROGRESS} reminders brought no new ledger line. Next would be ${next.tool}.`,
    );
  }
  return {
    kind: 'block',
    reason: `The autodebug loop of session ${state.sessionId} goes on. Next step: call ${next.tool} with ${JSON.stringify(next.args)}. Why: ${next.why} Do it now and do not ask whether to continue.`,
    loop: { ...loop, blocks, blocksAtSeq: state.lastSeq },
  };
}
