import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** A command that the guard runs by itself, e.g. the stop of a remote run. Holds no secret: those are in the environment. */
const GuardCommand = z.object({
  command: z.string(),
  args: z.array(z.string()),
  timeoutMs: z.number(),
});
export type GuardCommand = z.infer<typeof GuardCommand>;

/** What the guard is told, as a file. The environment of the child is the guard's own and is written nowhere. */
export const GuardSpec = z.object({
  version: z.literal(1),
  /** Null: nothing runs here, the guard only waits to run `atEnd` (a deployment that lives elsewhere). */
  child: z.object({ command: z.string(), args: z.array(z.string()) }).nullable(),
  cwd: z.string(),
  logFile: z.string(),
  logCapBytes: z.number(),
  port: z.number().int().nullable(),
  deadlineAtMs: z.number(),
  graceMs: z.number(),
  marker: z.string(),
  /** A file touched by whoever still cares; untouched for `idleMs`, the guard ends the group. */
  lease: z.object({ file: z.string(), idleMs: z.number() }).nullable(),
  /** Run at the end until it exits 0 (stop and verify in one program); null: none. */
  atEnd: GuardCommand.nullable(),
});
export type GuardSpec = z.infer<typeof GuardSpec>;

export const EndReason = z.enum(['exited', 'deadline', 'idle', 'stop', 'spawn_failed']);
export type EndReason = z.infer<typeof EndReason>;

/** What the guard has seen, rewritten atomically at each change. */
export const GuardState = z.object({
  version: z.literal(1),
  guardPid: z.number().int(),
  guardStartedAt: z.string().nullable(),
  pgid: z.number().int().nullable(),
  groupStartedAt: z.string().nullable(),
  startedAtMs: z.number(),
  phase: z.enum(['running', 'ending', 'ended']),
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
  endReason: EndReason.nullable(),
  endedAtMs: z.number().nullable(),
  proof: z.array(z.string()),
  error: z.string().nullable(),
});
export type GuardState = z.infer<typeof GuardState>;

export const specFileOf = (stateDir: string): string => join(stateDir, 'guard.json');
export const stateFileOf = (stateDir: string): string => join(stateDir, 'guard-state.json');

/** Reads the spec. Throws when it is missing or malformed: the guard then has nothing to hold. */
export function readSpec(file: string): GuardSpec {
  return GuardSpec.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** Null when: no guard has written yet, or the file is not ours. */
export function readGuardState(stateDir: string): GuardState | null {
  const file = stateFileOf(stateDir);
  if (!existsSync(file)) return null;
  try {
    const parsed = GuardState.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Replaces a small file in one step, so that a reader never sees half of it. */
export function writeAtomically(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

/** Where a guard keeps its books, and who it is; JSON, so that it can stand in the ledger. */
export const GuardHandle = z.object({
  stateDir: z.string(),
  guardPid: z.number().int(),
  guardStartedAt: z.string().nullable(),
  pgid: z.number().int().nullable(),
  groupStartedAt: z.string().nullable(),
  marker: z.string(),
  port: z.number().int().nullable(),
});
export type GuardHandle = z.infer<typeof GuardHandle>;

/** The guard whose books lie in a folder, after a crash between start and confirmation. Null when: none was started. */
export function findGuarded(stateDir: string): GuardHandle | null {
  const state = readGuardState(stateDir);
  if (state === null || !existsSync(specFileOf(stateDir))) return null;
  const spec = readSpec(specFileOf(stateDir));
  return {
    stateDir,
    guardPid: state.guardPid,
    guardStartedAt: state.guardStartedAt,
    pgid: state.pgid,
    groupStartedAt: state.groupStartedAt,
    marker: spec.marker,
    port: spec.port,
  };
}
