import type { RequestRecord } from '../workload/request-record.ts';
import type { GateRun } from './gate-run.ts';

/** The same request, answered by the trial and by the baseline. */
export interface Pair {
  /** Which request of the contract it is. */
  readonly key: string;
  readonly now: RequestRecord;
  readonly before: RequestRecord;
}

/** Requests of the same load point, seed, repeat and place: their prompts are the same, letter for letter. */
export function pairsOf(now: readonly GateRun[], before: readonly GateRun[]): readonly Pair[] {
  const known = new Map<string, RequestRecord>();
  for (const run of before) {
    for (const record of run.records) {
      if (record.failure === null) known.set(keyOf(run, record), record);
    }
  }
  return now.flatMap((run) =>
    run.records.flatMap((record) => {
      const key = keyOf(run, record);
      const same = known.get(key);
      return record.failure === null && same !== undefined
        ? [{ key, now: record, before: same }]
        : [];
    }),
  );
}

function keyOf(run: GateRun, record: RequestRecord): string {
  return `${run.loadPointIndex}/${run.seed}/${run.repeat}/${record.index}`;
}

/** The baseline against itself on other deployments: what answers differ by when nothing was changed. */
export function ownPairs(runs: readonly GateRun[]): readonly Pair[] {
  const [first] = runs;
  if (first === undefined) return [];
  const here = runs.filter((run) => run.deploymentId === first.deploymentId);
  const elsewhere = runs.filter((run) => run.deploymentId !== first.deploymentId);
  return pairsOf(elsewhere, here);
}

/** Part of the shorter answer's beginning that both have in common, over the longer. Units: 0..1. */
export function agreementOf({ now, before }: Pair): number {
  if (now.textHash === before.textHash && now.textHash !== '') return 1;
  const a = now.textSample;
  const b = before.textSample;
  const most = Math.max(a.length, b.length);
  if (most === 0) return 0;
  let same = 0;
  while (same < Math.min(a.length, b.length) && a[same] === b[same]) same += 1;
  return same / most;
}
