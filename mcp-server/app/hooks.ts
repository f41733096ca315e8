import { decideStop } from '../core/loop/decide-stop.ts';
import { denyToolUse } from '../core/loop/decide-tool-use.ts';
import { HookInput } from '../core/loop/hook-input.ts';
import { LoopFile, loopFileName } from '../core/loop/loop-file.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import { parseJson } from '../core/parse.ts';
import { fiveLines } from '../core/report/five-lines.ts';
import type { Clock } from '../ports/clock.ts';
import type { LedgerRead, LedgerStore } from '../ports/ledger-store.ts';
import type { ProjectFiles } from '../ports/project-files.ts';

export type HookEvent = 'stop' | 'session-start' | 'pre-tool-use';

/** The few ports that a hook needs; it must start fast and never hold the ledger's lock. */
export interface HookDeps {
  readonly files: ProjectFiles;
  readonly ledgers: LedgerStore;
  readonly clock: Clock;
}

/** Marks the client's conversation as driven by a loop over this session, until the session stops. */
export async function activateLoop(
  deps: Pick<HookDeps, 'files'>,
  loop: { clientSession: string; sessionId: string; startedAt: string },
): Promise<boolean> {
  const name = loopFileName(loop.clientSession);
  if (name === null) return false;
  const file: LoopFile = {
    sessionId: loop.sessionId,
    startedAt: loop.startedAt,
    blocks: 0,
    blocksAtSeq: -1,
  };
  await deps.files.writeOutput(name, `${JSON.stringify(file)}\n`);
  return true;
}

async function readLoop(deps: HookDeps, clientSession: string): Promise<LoopFile | null> {
  const name = loopFileName(clientSession);
  const text = name === null ? null : await deps.files.readOutput(name);
  if (text === null) return null;
  const parsed = LoopFile.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

/**
 * Answers one hook call: the JSON to print, or null to print nothing (the agent goes on as it likes).
 * Null when: the input is not a hook's, or no loop is active for this client.
 */
export async function answerHook(
  deps: HookDeps,
  event: HookEvent,
  rawInput: unknown,
): Promise<Record<string, unknown> | null> {
  const parsed = HookInput.safeParse(rawInput);
  if (!parsed.success) return null;
  switch (event) {
    case 'stop':
      return answerStop(deps, parsed.data);
    case 'session-start':
      return answerSessionStart(deps);
    case 'pre-tool-use':
      return answerPreToolUse(deps, parsed.data);
  }
}

async function answerStop(
  deps: HookDeps,
  input: HookInput,
): Promise<Record<string, unknown> | null> {
  const loop = await readLoop(deps, input.session_id);
  if (loop === null) return null;
  const { state } = await deps.ledgers.read(loop.sessionId);
  const requests = await deps.files.listOutputs(`${loop.sessionId}/control`);
  const decision = decideStop({
    input,
    loop,
    state,
    next: nextStep(state, deps.clock.nowMs()),
    stopRequested: requests.some((name) => name.startsWith('stop')),
  });
  if (decision.kind === 'let-go')
    return decision.message === null ? null : { systemMessage: decision.message };
  const name = loopFileName(input.session_id);
  if (name !== null) await deps.files.writeOutput(name, `${JSON.stringify(decision.loop)}\n`);
  return { decision: 'block', reason: decision.reason };
}

/** The newest session that has not stopped. Null when: there is none. */
async function newestUnfinished(deps: HookDeps): Promise<LedgerRead | null> {
  for (const sessionId of (await deps.ledgers.list()).toReversed().slice(0, 5)) {
    const read = await deps.ledgers.read(sessionId);
    if (read.state.stopped === null) return read;
  }
  return null;
}

async function answerSessionStart(deps: HookDeps): Promise<Record<string, unknown> | null> {
  const read = await newestUnfinished(deps);
  if (read === null) return null;
  const nowMs = deps.clock.nowMs();
  return {
    hookSpecificOutput: {
      hookEventName: 'SessionStart',
      additionalContext: fiveLines(read.state, nextStep(read.state, nowMs), nowMs),
    },
  };
}

async function answerPreToolUse(
  deps: HookDeps,
  input: HookInput,
): Promise<Record<string, unknown> | null> {
  if ((await readLoop(deps, input.session_id)) === null) return null;
  const reason = denyToolUse(input);
  if (reason === null) return null;
  return {
    hookSpecificOutput: {
      hookEventName: 'PreToolUse',
      permissionDecision: 'deny',
      permissionDecisionReason: reason,
    },
  };
}
