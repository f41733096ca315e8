import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const PS_TIMEOUT_MS = 2000;

/** One live process, as far as the guard needs to know it. */
interface ProcessRow {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  readonly zombie: boolean;
  /** Changes when a pid is given to another process: start time in the system's own unit. */
  readonly startedAt: string;
}

/** Which processes belong to a deployment: its group and session, and whoever carries its mark after leaving both. */
export interface Membership {
  readonly pgid: number;
  /** Value of AUTODEBUG_GUARD in the environment of every child; null when unknown. */
  readonly marker: string | null;
}

/** Name of the variable that marks every process of a deployment. */
export const MARKER_VARIABLE = 'AUTODEBUG_GUARD';

const isLinux = process.platform === 'linux';

/** A process as it was noted once: its pid, and what the system said of its start; null when it did not say. */
interface NotedProcess {
  readonly pid: number;
  readonly startedAt: string | null;
}

/**
 * Start time of a process in the system's own unit, which tells a reused pid apart.
 * Null when: there is no such process (a zombie counts as none), or the system does not say.
 * Source: proc(5), field 22 of /proc/<pid>/stat; `ps -o lstart` elsewhere.
 */
export function startTimeOf(pid: number): string | null {
  const row = rowOf(pid);
  return row === null || row.zombie ? null : row.startedAt;
}

/** True while the process that was noted runs. What the system does not say is taken for the same. */
export function isSameProcess(noted: NotedProcess): boolean {
  if (!isAlive(noted.pid)) return false;
  const row = rowOf(noted.pid);
  if (row === null) return isAlive(noted.pid);
  return !row.zombie && (noted.startedAt === null || row.startedAt === noted.startedAt);
}

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
 * Pids of a deployment's live processes, this process left out. Zombies are not members: they hold nothing.
 * Throws: where the system lists no processes, since nothing is proven gone then.
 */
export function listMembers(membership: Membership): readonly number[] {
  const rows = isLinux ? readProcRows() : readPsRows(['-A']);
  return rows
    .filter((row) => !row.zombie && row.pid !== process.pid && belongs(row, membership))
    .map((row) => row.pid);
}

function belongs(row: ProcessRow, { pgid, marker }: Membership): boolean {
  if (row.group === pgid || row.session === pgid) return true;
  return marker !== null && isLinux && carriesMarker(row.pid, marker);
}

function carriesMarker(pid: number, marker: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
    return environment.split('\0').includes(`${MARKER_VARIABLE}=${marker}`);
  } catch {
    // Another user's process, or gone meanwhile: not ours.
    return false;
  }
}

function readProcRows(): readonly ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readProcRow)
    .filter((row) => row !== null);
}

function readProcRow(pid: string): ProcessRow | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name is in brackets and may hold spaces and brackets: fields are counted from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid: Number(pid),
      zombie: fields[0] === 'Z' || fields[0] === 'X',
      group: Number(fields[2]),
      session: Number(fields[3]),
      startedAt: fields[19] ?? '',
    };
  } catch {
    return null;
  }
}

/** Null when: the process is gone, or this system does not tell. */
function rowOf(pid: number): ProcessRow | null {
  if (isLinux) return readProcRow(String(pid));
  try {
    return readPsRows(['-p', String(pid)])[0] ?? null;
  } catch {
    // ps fails where it knows no such process, and is missing on Windows.
    return null;
  }
}

function readPsRows(which: readonly string[]): readonly ProcessRow[] {
  const stdout = execFileSync('ps', [...which, '-o', 'pid=,pgid=,sess=,stat=,lstart='], {
    encoding: 'utf8',
    timeout: PS_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*)$/.exec(line);
    if (match === null) return [];
    const [, pid, group, session, state, startedAt] = match;
    return [
      {
        pid: Number(pid),
        group: Number(group),
        session: Number(session),
        zombie: (state ?? '').startsWith('Z'),
        startedAt: (startedAt ?? '').trim(),
      },
    ];
  });
}
