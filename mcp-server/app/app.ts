import type { BackendId } from '../core/contract/contract.ts';
import type { EventData } from '../core/ledger/events.ts';
import type { NextStep } from '../core/next-step/step.ts';
import type { Clock } from '../ports/clock.ts';
import type { Deploy } from '../ports/deploy.ts';
import type { EvidenceStore } from '../ports/evidence-store.ts';
import type { Hasher } from '../ports/hasher.ts';
import type { LedgerRead, LedgerStore, LedgerWriter } from '../ports/ledger-store.ts';
import type { LoadGenerator } from '../ports/load-generator.ts';
import type { ProjectFiles } from '../ports/project-files.ts';
import type { Random } from '../ports/random.ts';
import type { Telemetry } from '../ports/telemetry.ts';

/** What a use-case is told about the call it serves. */
export interface Call {
  /** Aborts when the caller cancels or goes away. Jobs outlive it; waits do not. */
  readonly signal: AbortSignal;
  /** Progress for a person: short text, at most one line. */
  readonly onProgress: (text: string) => void;
}

/** Common part of every tool result. */
export interface Answer {
  /** At most 15 lines; the facts a reader needs first. */
  readonly summary: string;
  readonly warnings: readonly string[];
  readonly next: NextStep | null;
}

export type JobKind = EventData<'job_started'>['kind'];

export interface JobResult {
  readonly summary: string;
  readonly result: Readonly<Record<string, unknown>>;
}

export interface JobOutcome {
  readonly jobId: string;
  readonly status: 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';
  readonly summary: string;
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** Long work. A job is in the ledger before it starts and after it ends; it outlives the call that began it. */
export interface Jobs {
  /** Starts a job and waits up to `waitS` for its end. Throws the job's own error when it fails within the wait. */
  start(
    job: {
      readonly writer: LedgerWriter;
      readonly kind: JobKind;
      readonly trialId: string | null;
      readonly args: Record<string, unknown>;
      readonly waitS: number;
    },
    call: Call,
    body: (context: Call) => Promise<JobResult>,
  ): Promise<JobOutcome>;
  wait(
    writer: LedgerWriter,
    job: { readonly jobId: string; readonly waitS: number },
    call: Call,
  ): Promise<JobOutcome>;
  cancel(writer: LedgerWriter, jobId: string): Promise<JobOutcome>;
  /** Ids of jobs that run in this process. */
  running(): readonly string[];
}

/** The session that tools work on. Takes the ledger's lock on first write and keeps it until `close`. */
export interface Sessions {
  /** Writer of the named session, or of the one that is open here, or of the newest unfinished one. */
  use(sessionId?: string): Promise<LedgerWriter>;
  /** The same without a lock. */
  read(sessionId?: string): Promise<LedgerRead>;
  create(first: EventData<'session_opened'>): Promise<LedgerWriter>;
  close(): Promise<void>;
}

/** Everything a use-case may reach: ports and the two kernels above. Built once in main.ts. */
export interface App {
  readonly toolVersion: string;
  /** Values of the environment that must reach no file and no answer. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly hash: Hasher;
  readonly files: ProjectFiles;
  readonly ledgers: LedgerStore;
  readonly evidence: EvidenceStore;
  readonly deploys: ReadonlyMap<BackendId, Deploy>;
  readonly load: LoadGenerator;
  readonly telemetry: Telemetry;
  readonly sessions: Sessions;
  readonly jobs: Jobs;
}
