import { InvalidInputError } from '../core/errors.ts';

/** What cannot be asked for, before anything is sent. */
export function usage(why: string): InvalidInputError {
  return new InvalidInputError(`${why}.`, {
    code: 'E_USAGE',
    fix: 'Correct the options; autodebug bench --help lists them.',
  });
}
