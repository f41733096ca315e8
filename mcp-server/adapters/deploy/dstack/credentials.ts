import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../../../core/errors.ts';
import type { Environment } from '../child-env.ts';

/** Where the dstack server is and who we are there. The token goes into headers and child environments, nowhere else. */
export interface Credentials {
  readonly url: string;
  readonly token: string;
  readonly project: string;
  readonly source: 'environment' | 'config';
}

const Config = z.looseObject({
  projects: z
    .array(
      z.looseObject({
        name: z.string(),
        url: z.string(),
        token: z.string(),
        default: z.boolean().nullish(),
      }),
    )
    .default([]),
});
type ProjectEntry = z.infer<typeof Config>['projects'][number];

const FIX =
  'Log in with `dstack login` or `dstack project add --name P --url U --token T -y`, or set DSTACK_SERVER_URL, DSTACK_TOKEN and DSTACK_PROJECT.';

/**
 * The login that dstack itself would use: the environment triple, else `~/.dstack/config.yml`.
 * Throws: ConfigError `E_DSTACK_LOGIN` when there is none, `E_DSTACK_PROJECT` when no project is chosen.
 */
export function readCredentials(environment: Environment, homeDir: string): Credentials {
  const { DSTACK_SERVER_URL: url, DSTACK_TOKEN: token, DSTACK_PROJECT: project } = environment;
  if (isSet(url) && isSet(token)) {
    if (!isSet(project)) {
      throw new ConfigError('DSTACK_SERVER_URL and DSTACK_TOKEN are set, DSTACK_PROJECT is not.', {
        code: 'E_DSTACK_PROJECT',
        fix: 'Set DSTACK_PROJECT, or unset the other two to use ~/.dstack/config.yml.',
      });
    }
    return { url: trimUrl(url), token, project, source: 'environment' };
  }
  const entry = chooseEntry(readEntries(homeDir), isSet(project) ? project : null);
  // As dstack does it: a token alone replaces that of the entry.
  return {
    url: trimUrl(entry.url),
    token: isSet(token) ? token : entry.token,
    project: entry.name,
    source: 'config',
  };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function trimUrl(url: string): string {
  return url.replace(/\/+$/, '');
}

/** An unreadable or malformed file counts as empty, as it does for dstack. */
function readEntries(homeDir: string): readonly ProjectEntry[] {
  try {
    const parsed = Config.safeParse(
      parse(readFileSync(join(homeDir, '.dstack', 'config.yml'), 'utf8')),
    );
    return parsed.success ? parsed.data.projects : [];
  } catch {
    return [];
  }
}

function chooseEntry(entries: readonly ProjectEntry[], project: string | null): ProjectEntry {
  if (entries.length === 0) {
    throw new ConfigError('There is no dstack login on this machine.', {
      code: 'E_DSTACK_LOGIN',
      fix: FIX,
    });
  }
  const found = entries.find((entry) =>
    project === null ? entry.default === true : entry.name === project,
  );
  if (found !== undefined) return found;
  throw new ConfigError(
    project === null
      ? 'No dstack project is the default one.'
      : 'The project named in DSTACK_PROJECT is not in ~/.dstack/config.yml.',
    {
      code: 'E_DSTACK_PROJECT',
      fix: 'Run `dstack project list`, then `dstack project set-default NAME` or set DSTACK_PROJECT.',
    },
  );
}
