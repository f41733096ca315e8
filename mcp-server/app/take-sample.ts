import { LoadError } from '../core/errors.ts';
import { trapPlaces } from '../core/plausibility/traps.ts';
import { affordableTasks, isTaskSolved, sampleTasks } from '../core/quality/sample-tasks.ts';
import type { Task } from '../core/quality/task-suite.ts';
import type { RequestRecord } from '../core/workload/request-record.ts';
import type { LoadPoint } from '../core/workload/workload.ts';
import type { LedgerWriter } from '../ports/ledger-store.ts';
import type { ExtraPrompt } from '../ports/load-generator.ts';
import type { App, Call } from './app.ts';
import type { BenchmarkPlan } from './benchmark-plan.ts';
import { loadRequest, type Measurement } from './measure.ts';
import { recordEvidence } from './record-evidence.ts';
import { SAMPLE_SOURCE, type SampleFile } from './stored-records.ts';

/** Requests of a health sample. Source: own reasoning; enough for sixteen new prompts and eight repeats. */
const LEAST = 24;
const MOST = 48;
const MAX_CONCURRENCY = 24;

/**
 * After the runs of a benchmark: a few requests like the measured ones whose answers may end by themselves, with prompts
 * that nobody can know before, some of them sent again. Stored as evidence beside the last run; never judged by its speed
 * alone. A service that fails now has its runs recorded already, so nothing is thrown.
 */
export async function takeSample(
  app: App,
  writer: LedgerWriter,
  {
    plan,
    run,
    call,
  }: { readonly plan: BenchmarkPlan; readonly run: Measurement | undefined; readonly call: Call },
): Promise<void> {
  if (run === undefined || plan.purpose === 'probe' || call.signal.aborted) return;
  const loadPoint = sampleLoad(run);
  const wish = {
    ...plan,
    loadPoint,
    loadPointIndex: null,
    seed: seedOf(app, writer, run),
    repeat: 0,
    label: 'health sample',
    call,
  };
  const request = await loadRequest(app, writer, wish);
  const workload = { ...plan.workload, exactOutput: false };
  const { inputTokens, completed, ttltMs } = run.summary;
  const tasks = affordableTasks(sampleTasks(wish.seed, inputTokens / Math.max(1, completed)), {
    ttltMs: ttltMs.mean,
    concurrency: loadPoint.concurrency,
  });
  call.onProgress(`${plan.trialId}: health sample of ${loadPoint.requests} requests`);
  try {
    const sample = await app.load.run(
      { ...request, workload, traps: true, extra: tasks.map(promptOf), warmup: false },
      { signal: call.signal },
    );
    const records = sample.records.filter((record) => record.phase === 'measure');
    await store(app, writer, {
      run,
      clientLagMs: sample.client.loopLagP99Ms,
      traps: [...trapPlaces(loadPoint.requests, wish.seed)],
      records: records.filter(({ index }) => index < loadPoint.requests),
      tasks: graded(tasks, { records, from: loadPoint.requests }),
    });
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    call.onProgress(`health sample: ${error.code}`);
  }
}

/** Characters a token in a table of numbers. Source: own count over four tokenizers, 2.2 to 3. */
const CHARS_PER_TOKEN = 2.5;

function promptOf({ prompt, body }: Task): ExtraPrompt {
  const outputTokens = Number(body['max_tokens']);
  return { prompt, inputTokens: Math.ceil(prompt.length / CHARS_PER_TOKEN), outputTokens };
}

/** Tasks follow the other requests in order. One that was not sent, since the run ended early, is left out. */
function graded(
  tasks: readonly Task[],
  { records, from }: { readonly records: readonly RequestRecord[]; readonly from: number },
): SampleFile['tasks'] {
  const byIndex = new Map(records.map((record) => [record.index, record]));
  return tasks.flatMap((task, at) => {
    const record = byIndex.get(from + at);
    if (record === undefined || record.failure === 'cancelled') return [];
    return [{ id: task.id, isRight: isTaskSolved(task, record), answer: record.textSample }];
  });
}

/** As many in flight as were measured, up to what so few requests keep busy. */
function sampleLoad({ loadPoint, summary }: Measurement): LoadPoint & { readonly kind: 'closed' } {
  const wanted =
    loadPoint.kind === 'closed' ? loadPoint.concurrency : Math.ceil(summary.concurrencyMean ?? 1);
  const concurrency = Math.max(1, Math.min(MAX_CONCURRENCY, wanted));
  return {
    kind: 'closed',
    concurrency,
    requests: Math.max(LEAST, Math.min(MOST, 2 * concurrency)),
  };
}

/** Follows from the session's own name, which nobody knows before it is opened. */
function seedOf(app: App, writer: LedgerWriter, run: Measurement): number {
  return Number.parseInt(app.hash(`${writer.sessionId} ${run.measurementId}`).slice(0, 7), 16);
}

async function store(
  app: App,
  writer: LedgerWriter,
  { run, ...sample }: SampleFile & { readonly run: Measurement },
): Promise<void> {
  await recordEvidence(app, writer, {
    kind: 'quality',
    trialId: run.trialId,
    deploymentId: run.deploymentId,
    measurementId: run.measurementId,
    name: `${run.measurementId}-health-sample.json`,
    text: JSON.stringify(sample),
    source: SAMPLE_SOURCE,
    windowStartMs: run.windowStartMs,
    windowEndMs: app.clock.nowMs(),
  });
}
