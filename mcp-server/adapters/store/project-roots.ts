import { isAbsolute, resolve } from 'node:path';

export interface ProjectRoots {
  readonly projectDir: string;
  readonly sessionsDir: string;
}

/** A value that a client left unexpanded (`${CLAUDE_PROJECT_DIR}`) or empty counts as not set. */
function setValue(value: string | undefined): string | null {
  return value === undefined || value.trim() === '' || value.startsWith('${') ? null : value;
}

/** Where the user's project and its sessions lie: AUTODEBUG_PROJECT_DIR, else CLAUDE_PROJECT_DIR, else `cwd`. */
export function findProjectRoots(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): ProjectRoots {
  const named =
    setValue(env['AUTODEBUG_PROJECT_DIR']) ?? setValue(env['CLAUDE_PROJECT_DIR']) ?? cwd;
  const projectDir = resolve(cwd, named);
  const sessions = setValue(env['AUTODEBUG_SESSIONS_DIR']);
  if (sessions === null) return { projectDir, sessionsDir: resolve(projectDir, 'sessions') };
  return {
    projectDir,
    sessionsDir: isAbsolute(sessions) ? sessions : resolve(projectDir, sessions),
  };
}
