import { PreconditionError } from '../core/errors.ts';
import type { SessionState, TrialState } from '../core/ledger/state.ts';
import type { Purpose } from '../core/ledger/vocabulary.ts';
import { withoutProfiler } from '../core/service/profiler.ts';
import type { App } from './app.ts';
import { askForHelp } from './image-help.ts';

/**
 * The service text that a deployment of a trial applies: its configuration file as it stands, which is also what a confirmation
 * measures and a promotion hands over; without the profiler's wrapper where that is the question.
 * Throws: PreconditionError `E_NO_FILE`; InvalidInputError `E_LAUNCH` where there is no wrapper to leave out.
 */
export async function serviceTextOf(
  app: App,
  state: SessionState,
  { trial, purpose }: { readonly trial: TrialState; readonly purpose: Purpose },
): Promise<string> {
  const text = await readService(app, trial);
  if (purpose === 'confirm') return text;
  if (purpose === 'no_profiler') return withoutProfiler(text);
  return askForHelp(state, trial, text);
}

async function readService(app: App, trial: TrialState): Promise<string> {
  const text = await app.files.readOutput(trial.planned.file);
  if (text !== null) return text;
  throw new PreconditionError(`The configuration file ${trial.planned.file} is gone.`, {
    code: 'E_NO_FILE',
    fix: 'Put the file back below sessions/, or plan the trial again.',
  });
}
