import { PreconditionError } from '../core/errors.ts';
import { findTrial } from '../core/ledger/lookup.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import { nextStep } from '../core/next-step/next-step.ts';
import type { Answer, App, Call } from './app.ts';

export interface PromoteArgs {
  readonly session_id?: string | undefined;
}

export interface PromoteAnswer extends Answer {
  readonly trialId: string;
  /** Path of the winner's file. */
  readonly file: string;
  /** What a person runs; nothing here runs it. */
  readonly command: string;
}

/** Hands over the confirmed best: writes its file and tells the command that a person runs. Deploys nothing. */
export async function promote(app: App, args: PromoteArgs, _call: Call): Promise<PromoteAnswer> {
  const writer = await app.sessions.use(args.session_id);
  const state = writer.state();
  const best = confirmedBest(state);
  const text = await app.files.readOutput(best.planned.file);
  if (text === null) {
    throw new PreconditionError(`The configuration file ${best.planned.file} is gone.`, {
      code: 'E_NO_FILE',
      fix: 'Put the file back below the sessions folder.',
    });
  }
  const file = `promoted-${state.sessionId}.yml`;
  await app.files.writeOutput(file, text);
  const path = `${app.files.sessionsDir}/${file}`;
  const command = `dstack apply -f ${quote(path)}`;
  const after = await writer.append({
    type: 'promoted',
    data: { trialId: best.trialId, file, command },
  });
  return {
    trialId: best.trialId,
    file: path,
    command,
    summary: [
      `${best.trialId} is handed over: ${path}`,
      `A person applies it with: ${command}`,
      'Nothing was deployed. To go back, apply the file that production runs now.',
    ].join('\n'),
    warnings: warningsOf(state, best),
    next: nextStep(after, app.clock.nowMs()),
  };
}

function confirmedBest(state: SessionState): TrialState {
  const { confirmed, bestId } = state;
  if (confirmed === null || bestId === null || confirmed.trialId !== bestId || !confirmed.holds) {
    const why =
      confirmed !== null && confirmed.trialId === bestId
        ? `${bestId} did not hold on a fresh deployment`
        : `${bestId ?? 'no trial'} was not measured on a fresh deployment yet`;
    throw new PreconditionError(`Nothing can be promoted: ${why}.`, {
      code: 'E_NOT_CONFIRMED',
      fix: 'Call confirm_best; promote only what it confirms.',
    });
  }
  return findTrial(state, bestId);
}

function warningsOf(state: SessionState, best: TrialState): readonly string[] {
  return [
    ...(best.planned.parentId === null
      ? ['the best is the baseline: production gains nothing']
      : []),
    ...(state.contract.terms.backend === 'simulated'
      ? ['SIMULATED: nothing about this gain was measured on real hardware']
      : []),
  ];
}

/** A path as one shell word. */
function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
