import { DeployError } from '../../../core/errors.ts';
import type { DstackCli } from './cli.ts';
import { DEPLOYMENT_TAG, SESSION_TAG } from './names.ts';
import { parseRun, type Run, tagOf } from './run-json.ts';

/** What a run is looked up by: its id where known, which also finds the record of a deleted one. */
export interface RunLookup {
  readonly project: string;
  readonly by: { readonly id: string } | { readonly name: string };
  readonly signal: AbortSignal;
}

/** Null when: there is no such run. Throws: the classified error, or DeployError `E_DSTACK` for an answer that is no run. */
export async function readRun(cli: DstackCli, lookup: RunLookup): Promise<Run | null> {
  const { by, project, signal } = lookup;
  const which = 'id' in by ? ['--id', by.id] : [by.name];
  const value = await cli.json({
    args: ['run', '--project', project, 'get', ...which, '--json'],
    signal,
  });
  if (value === null) return null;
  const run = parseRun(value);
  if (run !== null) return run;
  throw new DeployError('dstack described a run in a form that is not known.', {
    code: 'E_DSTACK',
    fix: 'Run `dstack run get NAME --json` by hand; use a dstack version between 0.20 and 0.22.',
    retryable: true,
  });
}

/** True when name and both tags are those of one deployment of ours. Needed for ownership, never enough alone. */
export function carriesOurTags(
  run: Run,
  of: { readonly sessionId: string; readonly deploymentId: string; readonly runName: string },
): boolean {
  return (
    run.run_spec.run_name === of.runName &&
    tagOf(run, SESSION_TAG) === of.sessionId &&
    tagOf(run, DEPLOYMENT_TAG) === of.deploymentId
  );
}

/** Deployment that a run name of ours stands for: `d0007-2` of `ad-<session>-t0007-2`. Null when: the name is not of that session. */
export function deploymentIdOf(runName: string, sessionId: string): string | null {
  const prefix = `ad-${sessionId}-t`;
  const rest = runName.slice(prefix.length);
  return runName.startsWith(prefix) && /^\d{4}-\d{1,3}$/.test(rest) ? `d${rest}` : null;
}
