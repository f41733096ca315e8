import { InvalidInputError } from '../../../core/errors.ts';

/** Source: dstack 0.22.5, core/models/configurations.py. */
const NAME = /^[a-z][a-z0-9-]{1,40}$/;

/** Keys of the tags by which a run tells whose it is; the proof of ownership is the run id in the ledger. */
export const SESSION_TAG = 'autodebug-session';
export const DEPLOYMENT_TAG = 'autodebug-deployment';
/** Seconds since the epoch, since some clouds take digits and lower case only. */
export const DEADLINE_TAG = 'autodebug-deadline';

/** The fleet that a session creates and deletes. */
export function fleetNameOf(sessionId: string): string {
  return checkName(`ad-${sessionId}`);
}

/** The name as it is. Throws: InvalidInputError `E_RUN_NAME` when dstack would refuse it. */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new InvalidInputError(
    'The name is not one that dstack takes: 2 to 41 of a-z, 0-9 and -, beginning with a letter.',
    { code: 'E_RUN_NAME', fix: 'Use a session id in the form s260322-k3f9qa.' },
  );
}
