import { join } from 'node:path';
import { startGuarded, stopGuarded, touchLease } from '../../process/guard.ts';
import {
  type EndReason,
  findGuarded,
  type GuardHandle,
  readGuardState,
  writeAtomically,
} from '../../process/guard-files.ts';
import { selfCommand } from '../../process/self-command.ts';
import type { RunIdentity } from './teardown.ts';

/** One call of the reaper may wait for a graceful stop and an abort. The guard repeats it until it succeeds. */
const REAPER_TIMEOUT_MS = 600_000;

/** What the reaper is told, as a file. The id is null until the run exists; credentials come by environment. */
export interface ReaperSpec extends Omit<RunIdentity, 'runId'> {
  readonly runId: string | null;
  readonly workDir: string;
}

/** The process that outlives server and agent and ends one run at its deadline or when nobody asks for it any more. */
export interface RunGuard {
  start(request: {
    readonly spec: ReaperSpec;
    readonly env: Readonly<Record<string, string>>;
    readonly deadlineAtMs: number;
    readonly idleMs: number;
  }): Promise<GuardHandle>;
  /** Writes the run's id into the reaper's file once it is known. */
  identify(spec: ReaperSpec): void;
  touch(workDir: string): void;
  /** Why the guard itself ended the run; null: it did not. */
  endReason(workDir: string): EndReason | null;
  find(workDir: string): GuardHandle | null;
  end(handle: GuardHandle): Promise<readonly string[]>;
}

const stateDirOf = (workDir: string): string => join(workDir, 'guard');
const reaperFileOf = (workDir: string): string => join(workDir, 'reaper.json');

/** The guard of the local backend, without a child, with the reaper as what it runs at the end. */
export function createRunGuard(): RunGuard {
  return {
    start({ spec, env, deadlineAtMs, idleMs }) {
      writeAtomically(reaperFileOf(spec.workDir), JSON.stringify(spec));
      const reaper = selfCommand('adapters/deploy/dstack/reaper-main', [
        reaperFileOf(spec.workDir),
      ]);
      return startGuarded({
        command: null,
        args: [],
        env,
        cwd: spec.workDir,
        logFile: join(spec.workDir, 'guard-child.log'),
        stateDir: stateDirOf(spec.workDir),
        deadlineAtMs,
        port: null,
        idleMs,
        atEnd: { command: reaper.command, args: [...reaper.args], timeoutMs: REAPER_TIMEOUT_MS },
      });
    },
    identify: (spec) => writeAtomically(reaperFileOf(spec.workDir), JSON.stringify(spec)),
    touch: (workDir) => touchLease(stateDirOf(workDir)),
    endReason: (workDir) => readGuardState(stateDirOf(workDir))?.endReason ?? null,
    find: (workDir) => findGuarded(stateDirOf(workDir)),
    async end(handle) {
      const { proof } = await stopGuarded(handle);
      return proof;
    },
  };
}
