import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

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

/** Start time of a process in the system's own unit; null when there is no such process (a zombie counts as none). */
export async function startTimeOf(pid: number): Promise<string | null> {
  const row = isLinux
    ? readProcRow(String(pid))
    : (await readPsRows()).find((candidate) => candidate.pid === pid);
  return row === undefined || row === null || row.zombie ? null : row.startedAt;
}

/** True when the pid is alive and is still the process that started then. */
export async function isSameProcess(pid: number, startedAt: string | null): Promise<boolean> {
  const now = await startTimeOf(pid);
  return now !== null && (startedAt === null || now === startedAt);
}

/** Pids of a deployment's live processes, this process left out. Zombies are not members: they hold nothing. */
export async function listMembers(membership: Membership): Promise<readonly number[]> {
  const rows = isLinux ? readProcRows() : await readPsRows();
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

async function readPsRows(): Promise<readonly ProcessRow[]> {
  const { stdout } = await execFileAsync('ps', ['-A', '-o', 'pid=,pgid=,sess=,stat=,lstart=']);
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
