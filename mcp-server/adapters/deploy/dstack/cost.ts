import { lastSubmissions, type Run } from './run-json.ts';

/** Price of the whole machine that the run landed on. Null when: none has been taken. Units: USD per hour. */
export function priceOf(run: Run): number | null {
  const prices = lastSubmissions(run).flatMap(
    (submission) => submission.job_provisioning_data?.price ?? [],
  );
  return prices.length === 0 ? null : prices.reduce((sum, price) => sum + price, 0);
}

/** Our own estimate: price times the time since submission of what was provisioned. Never a bill. Units: USD. */
export function estimateCostUsd(run: Run, nowMs: number): number {
  const all = run.jobs.flatMap(({ job_submissions: submissions }) => submissions);
  return all.reduce((sum, submission) => {
    const price = submission.job_provisioning_data?.price ?? null;
    const start = Date.parse(submission.submitted_at ?? '');
    const end = submission.finished_at === null ? nowMs : Date.parse(submission.finished_at);
    if (price === null || Number.isNaN(start) || Number.isNaN(end)) return sum;
    return sum + (price * Math.max(0, end - start)) / 3_600_000;
  }, 0);
}
