import { openJobs } from '../core/ledger/lookup.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';

/**
 * Ends the jobs that a process before this one left open: whoever holds the lock is the only one that can run them.
 * What they measured stays; deployments are found again by their handles. Returns the ids that were ended.
 */
export async function closeInterrupted(
  writer: LedgerWriter,
  runningHere: readonly string[] = [],
): Promise<readonly string[]> {
  const lost = openJobs(writer.state()).filter((job) => !runningHere.includes(job.jobId));
  for (const job of lost) {
    await writer.append({
      type: 'job_ended',
      data: {
        jobId: job.jobId,
        status: 'interrupted',
        summary: `The process that ran this ${job.started.kind} (pid ${job.started.pid}) ended before it was done. What it had recorded stays; do the step again.`,
        result: null,
        errorCode: 'E_INTERRUPTED',
      },
    });
  }
  return lost.map((job) => job.jobId);
}
