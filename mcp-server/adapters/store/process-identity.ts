import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether a process id is in use; EPERM means that it is, by somebody else. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * When a process started, as the system says it, so that a reused pid is told apart.
 * Null when: the process is gone or the system does not say.
 * Source: proc(5), field 22 of /proc/<pid>/stat, counted behind the last parenthesis; ps -o lstart elsewhere.
 */
export function startTimeOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
    }
    if (process.platform === 'win32') return null;
    const said = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      timeout: 2000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return said.toString('utf8').trim() || null;
  } catch {
    return null;
  }
}

/** True when the process that was noted (pid and start time) is the one that runs now. */
export function isSameProcess(noted: {
  readonly pid: number;
  readonly startTime: string | null;
}): boolean {
  if (!isAlive(noted.pid)) return false;
  const now = startTimeOf(noted.pid);
  return noted.startTime === null || now === null || now === noted.startTime;
}
